import { setTimeout as sleep } from 'node:timers/promises';
import { parseDockerHost } from '../../../src/source/docker-host.ts';
import { createManagerClient } from '../../../src/source/swarm/manager-client.ts';
import { createManagers } from '../../../src/source/swarm/managers.ts';
import { pollSwarm } from '../../../src/source/swarm/poll.ts';
import { reconnectCapMs } from '../../../src/source/swarm/swarm-source.ts';
import { nodes } from './large-swarm.ts';

/** 50 nodes that read one manager. */
export interface SwarmNodes {
  /** The questions that they have asked. */
  questions(): number;
  /** The subscriptions that ended or failed, for example because the machine was too busy for an answer in time. */
  failures(): number;
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
  let [questions, failures] = [0, 0];
  const follow = async (node: string): Promise<void> => {
    const source = pollSwarm({
      managers: createManagers([manager], (name) => Promise.resolve([name])),
      client: createManagerClient(secret, () => void (questions += 1)),
      resolve: () => Promise.resolve([]),
      secret,
      node,
      instance: undefined,
    });
    while (!abort.signal.aborted) {
      try {
        for await (const _ of await source.subscribe(0, abort.signal));
      } catch {
        // Counted below, like an end.
      }
      if (abort.signal.aborted) return;
      failures += 1;
      await sleep(reconnectCapMs);
    }
  };
  const running: Promise<void>[] = [];
  for (let number = 1; number <= nodes; number += 1) {
    running.push(follow(`node-${number}`));
    await sleep(startWithinMs / nodes);
  }
  return {
    questions: () => questions,
    failures: () => failures,
    async stop() {
      abort.abort();
      await Promise.all(running);
    },
  };
}
