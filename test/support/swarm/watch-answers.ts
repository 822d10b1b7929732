import type { SwarmMeet } from './swarm-meet.ts';
import type { SwarmNode } from './swarm.ts';

/** An answer through a node's frontend. */
interface SeenAnswer {
  readonly path: string;
  /** When the request was sent. */
  readonly atMs: number;
  /** Undefined without an answer. */
  readonly status: number | undefined;
  /** The backend's own name. */
  readonly name: string | undefined;
  readonly retryAfter: string | undefined;
}

const pauseMs = 10;

/** Asks these paths through the frontend of a node, one after the other, until `stop()`. */
export function watchAnswers(meet: SwarmMeet, node: SwarmNode, paths: readonly string[]): { stop(): Promise<readonly SeenAnswer[]> } {
  const seen: SeenAnswer[] = [];
  const end = new AbortController();
  const ask = async (path: string): Promise<void> => {
    while (!end.signal.aborted) {
      const atMs = Date.now();
      const answer = await node.get(meet.port, path, { host: 'meet.example.com' }).catch(() => undefined);
      seen.push({
        path,
        atMs,
        status: answer?.status,
        name: text(answer?.headers['x-backend-name']),
        retryAfter: text(answer?.headers['retry-after']),
      });
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const all = Promise.all(paths.map(ask));
  return {
    async stop() {
      end.abort();
      await all;
      return seen;
    },
  };
}

const text = (value: string | readonly string[] | undefined): string | undefined => (value === undefined ? undefined : String(value));
