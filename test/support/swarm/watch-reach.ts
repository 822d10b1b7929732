import type { SwarmMeet } from './swarm-meet.ts';
import type { SwarmNode } from './swarm.ts';
import { waitUntil } from '../wait-until.ts';

/** Since when a node reaches which backends. */
interface WatchedReach {
  /** Waits until connections from the node to all of these addresses (`10.0.1.5:8000`) succeed. Returns since when they do. */
  reached(addresses: readonly string[]): Promise<number>;
  stop(): Promise<void>;
}

const pauseMs = 300;
const reachLimitMs = 120_000;
/** Prints the addresses that accept a connection. */
const connectAll = `
  const { connect } = require('node:net');
  for (const address of process.argv.slice(1)) {
    const [host, port] = address.split(':');
    const socket = connect({ host, port, timeout: 800 });
    socket.on('connect', () => { console.log(address); socket.destroy(); });
    socket.on('timeout', () => socket.destroy());
    socket.on('error', () => undefined);
  }
`;

/**
 * Connects to the running backends from meet-gen's container on a node. After a fault, an overlay network can lead from
 * one node to a task half a minute later than from others.
 */
export function watchReach(meet: SwarmMeet, node: SwarmNode): WatchedReach {
  const states: { readonly atMs: number; readonly reached: ReadonlySet<string> }[] = [];
  const end = new AbortController();
  const look = async (): Promise<void> => {
    const atMs = Date.now();
    const container = await node.container(`${meet.name}_meet-gen`);
    const reached = await node.docker('exec', container, 'node', '-e', connectAll, ...(await meet.upstreams()));
    states.push({ atMs, reached: new Set(reached.split('\n')) });
  };
  const run = async (): Promise<void> => {
    while (!end.signal.aborted) {
      // The manager or the container can be away.
      await look().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const all = run();
  return {
    reached(addresses) {
      const reachesAll = ({ reached }: { readonly reached: ReadonlySet<string> }): boolean => addresses.every((one) => reached.has(one));
      return waitUntil(
        `${node.name} reaches all backends`,
        () => states[states.findLastIndex((state) => !reachesAll(state)) + 1]?.atMs,
        reachLimitMs,
      );
    },
    async stop() {
      end.abort();
      await all;
    },
  };
}
