import { setTimeout as sleep } from 'node:timers/promises';
import { parseDockerHost } from '../../../src/source/docker-host.ts';
import { createManagerClient } from '../../../src/source/swarm/manager-client.ts';
import { createManagers } from '../../../src/source/swarm/managers.ts';
import { pollSwarm } from '../../../src/source/swarm/poll.ts';
import { nodes } from './large-swarm.ts';

/** 50 nodes that read one manager. */
export interface SwarmNodes {
  /** The questions that they have asked. */
  questions(): number;
  /** @throws the error of a node that no longer follows the swarm */
  stop(): Promise<void>;
}

const startWithinMs = 1000;

/**
 * Starts meet-gen's own source of a swarm for each node, in this process, one after the other within a second.
 * @param host the manager's URL, with an address
 * @param secret that the reader signs with; undefined for a plain manager
 */
export async function startNodes(host: string, secret: Buffer | undefined): Promise<SwarmNodes> {
  const manager = parseDockerHost(host, {});
  const abort = new AbortController();
  let questions = 0;
  const follow = async (node: string): Promise<void> => {
    const source = pollSwarm({
      managers: createManagers([manager], (name) => Promise.resolve([name])),
      client: createManagerClient(secret, () => void (questions += 1)),
      resolve: () => Promise.resolve([]),
      secret,
      node,
      instance: undefined,
    });
    for await (const _ of await source.subscribe(0, abort.signal));
    if (!abort.signal.aborted) throw new Error(`the source of ${node} ended`);
  };
  const running: Promise<unknown>[] = [];
  for (let number = 1; number <= nodes; number += 1) {
    // A failure is thrown by `stop`.
    running.push(follow(`node-${number}`).catch((error: unknown) => (abort.signal.aborted ? undefined : error)));
    await sleep(startWithinMs / nodes);
  }
  return {
    questions: () => questions,
    async stop() {
      abort.abort();
      const failure = (await Promise.all(running)).find((error) => error !== undefined);
      if (failure !== undefined) throw failure;
    },
  };
}
