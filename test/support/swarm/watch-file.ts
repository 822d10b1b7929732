import type { SwarmMeet } from './swarm-meet.ts';
import type { SwarmNode } from './swarm.ts';

/** Since when a node's published file has which addresses of backends. */
interface WatchedFile {
  /** Since when the file has had exactly these addresses (`10.0.1.5:8000`) in rotation; undefined if it hasn't. */
  rightSince(addresses: readonly string[]): number | undefined;
  /** Since when the file has had no address but these in rotation; undefined if it has others. */
  noOtherSince(addresses: readonly string[]): number | undefined;
  /** The changes so far, as lines. */
  history(): readonly string[];
  stop(): void;
}

const pollMs = 20;

interface State {
  readonly atMs: number;
  readonly rotation: readonly string[];
  readonly backups: readonly string[];
}

/** Reads the file of a node many times a second. */
export function watchFile(meet: SwarmMeet, node: SwarmNode): WatchedFile {
  const states: State[] = [];
  const timer = setInterval(() => {
    const read = readServers(meet.published(node) ?? '');
    const last = states.at(-1);
    if (last?.rotation.join() === read.rotation.join() && last.backups.join() === read.backups.join()) return;
    states.push({ ...read, atMs: Date.now() });
  }, pollMs);
  const since = (isMet: (state: State) => boolean): number | undefined => states[states.findLastIndex((state) => !isMet(state)) + 1]?.atMs;
  return {
    rightSince: (addresses) => since(({ rotation }) => rotation.join() === addresses.toSorted().join()),
    noOtherSince: (addresses) => since(({ rotation }) => rotation.every((address) => addresses.includes(address))),
    history: () =>
      states.map(({ atMs, rotation, backups }) => `${new Date(atMs).toISOString()} ${rotation.join()}; backup: ${backups.join()}`),
    stop: () => clearInterval(timer),
  };
}

/** The servers at the backends' port. */
function readServers(file: string): Omit<State, 'atMs'> {
  const servers = [...file.matchAll(/^\s*server ([\d.]+:8000)([^;]*);/gm)];
  const pick = (isBackup: boolean): readonly string[] =>
    [...new Set(servers.filter(([, , words = '']) => / backup\b/.test(words) === isBackup).map(([, address = '']) => address))].toSorted();
  return { rotation: pick(false), backups: pick(true) };
}
