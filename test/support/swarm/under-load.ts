import type { LoadSummary } from '../load/load-messages.ts';
import type { SwarmMeet } from './swarm-meet.ts';
import type { SwarmNode } from './swarm.ts';

/** A change of a Meet while clients ask the frontends of some nodes. */
interface Change {
  /** The prefix of the request ids. */
  readonly name: string;
  readonly nodes: readonly SwarmNode[];
  /** The least number of requests through each node, even if the change is quick. */
  readonly requestsOfEach: number;
  /** How long a client waits for an answer, instead of the load's 10 s. */
  readonly answerWithinMs?: number;
  act(): Promise<unknown>;
}

/** The load of each node: clients on kept-alive connections, which ask again some milliseconds after an answer. */
const plan = { clients: 20, posting: 4, pauseMs: [10, 40] } as const;
const requestsBefore = 200;

/** The results of a node's clients. */
interface NodeSummary extends LoadSummary {
  readonly node: string;
}

/** Starts the load, makes the change, and goes on until each node has had its requests. Prints the figures. */
export function underLoad(meet: SwarmMeet, { nodes, ...change }: Change): Promise<readonly NodeSummary[]> {
  return measure(
    nodes.map((node) => ({ node, port: meet.port, title: node.name })),
    change,
  );
}

/** A frontend that clients of its node ask. */
interface Asked {
  readonly node: SwarmNode;
  readonly port: number;
  /** Distinguishes its figures from others. */
  readonly title: string;
}

/** Does the same with any frontends, also several on a node. */
export async function measure(
  frontends: readonly Asked[],
  { name, requestsOfEach, act, answerWithinMs }: Omit<Change, 'nodes'>,
): Promise<readonly NodeSummary[]> {
  const wanted = { ...plan, ...(answerWithinMs === undefined ? {} : { answerWithinMs }) };
  const loads = await Promise.all(frontends.map(({ node, port, title }) => node.load(port, { ...wanted, name: `${name}-${title}` })));
  await Promise.all(loads.map((load) => load.more(requestsBefore)));
  await act();
  await Promise.all(
    loads.map(async (load) => {
      const { GET, POST } = load.progress();
      await load.more(Math.max(requestsBefore, requestsOfEach - GET - POST));
    }),
  );
  const summaries = await Promise.all(loads.map((load) => load.stop()));
  return summaries.map((summary, index) => {
    const node = frontends[index]?.title ?? '';
    const result = { ...summary, node };
    console.log([`${name}, ${node}: ${figures(summary)}`, ...failuresOf([result])].join('\n  '));
    return result;
  });
}

/** The failures of all nodes, as messages. */
export function failuresOf(summaries: readonly NodeSummary[], method?: 'GET' | 'POST'): readonly string[] {
  return summaries.flatMap(({ node, failures }) =>
    failures
      .filter((failure) => method === undefined || failure.method === method)
      .map(
        ({ method: used, kind, detail, tookMs, sentAtMs }) =>
          `${node}: ${used} ${kind}, ${detail}, after ${Math.round(tookMs)} ms, sent at ${new Date(sentAtMs).toISOString()}`,
      ),
  );
}

function figures({ requests, failed, latencyMs, seconds, backends }: LoadSummary): string {
  return [
    `${requests.GET} GET, ${requests.POST} POST in ${Math.round(seconds)} s from ${Object.keys(backends).length} backends`,
    `failed: ${failed.GET} GET, ${failed.POST} POST`,
    `latency: median ${latencyMs.median} ms, 99 % ${latencyMs.p99} ms, longest ${latencyMs.max} ms`,
  ].join('; ');
}
