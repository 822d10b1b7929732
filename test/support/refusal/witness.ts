import type { MeetStack } from '../meet-stack.ts';

/** Somebody who uses the routes all the while. */
export interface Witness {
  /** Ends, and tells every answer that was none of the expected ones. */
  stop(): Promise<{ readonly asked: number; readonly wrong: readonly string[] }>;
}

/** Asks these paths again and again; who may answer is named as in `routed`. */
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
