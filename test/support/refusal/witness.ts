import type { MeetStack } from '../meet-stack.ts';

/** Requests the routes all the time. */
export interface Witness {
  /** Ends, and returns every unexpected answer. */
  stop(): Promise<{ readonly asked: number; readonly wrong: readonly string[] }>;
}

/** Requests these paths again and again. @param routes the expected answers, as for `routed` */
export function startWitness(
  meet: MeetStack,
  routes: Readonly<Record<string, readonly string[]>>,
  frontends: readonly string[] = ['frontend-1'],
): Witness {
  const wrong: string[] = [];
  let asked = 0;
  const end = new AbortController();
  const look = async (frontend: string, path: string): Promise<void> => {
    const seen = await meet.answering(path, frontend);
    asked += 1;
    for (const answer of seen) if (routes[path]?.includes(answer) !== true) wrong.push(`${path} by ${frontend}: ${answer}`);
  };
  const watch = async (): Promise<void> => {
    while (!end.signal.aborted) {
      for (const frontend of frontends) for (const path of Object.keys(routes)) await look(frontend, path);
    }
  };
  const watching = watch();
  return {
    async stop() {
      end.abort();
      await watching;
      return { asked, wrong };
    },
  };
}
