import { join } from 'node:path';

/** All paths and names outside the cache of one engine of ours, and where in the cache its images are. */
export interface EnginePlaces {
  readonly state: string;
  /** Alone in its folder, so that a container can mount that folder and still reach the engine after a restart. */
  readonly socket: string;
  readonly host: string;
  readonly execRoot: string;
  readonly pidFile: string;
  readonly log: string;
  /** The machine as it was before the engine's first start. */
  readonly before: string;
  readonly lock: string;
  readonly cgroup: string;
  readonly dataFolder: string;
  readonly network: MachineNetwork | OwnNetwork;
  /** The host's user that root in its containers is, where it remaps users; the others follow. */
  readonly rootInContainers?: number;
}

/** On the machine's own network, with a default bridge that is no other daemon's. */
interface MachineNetwork {
  readonly kind: 'machine';
  readonly bridge: string;
  readonly bridgeAddress: string;
}

/**
 * In a network namespace: bridges and firewall are all its own, since two daemons on one network empty each other's
 * firewall chains. A pair of linked interfaces leads there.
 */
export interface OwnNetwork {
  readonly kind: 'own';
  /** The file that holds the namespace. */
  readonly namespace: string;
  readonly interface: string;
  readonly outside: string;
  /** Where the machine reaches ports that containers publish. */
  readonly inside: string;
}

/** The engine that all runs share, where the machine has none. */
export const sharedPlaces: EnginePlaces = placesOf('meet-gen-engine', 'data', {
  kind: 'machine',
  bridge: 'meetgen0',
  bridgeAddress: '172.31.255.1/24',
});

/** An engine beside whichever there is, for one test at a time, which may kill it. */
export const breakablePlaces = placesOf('meet-gen-breakable', 'data-of-breakable', {
  kind: 'own',
  namespace: '/run/meet-gen-breakable/network',
  interface: 'meetgen1',
  outside: '198.18.255.1',
  inside: '198.18.255.2',
});

/** An engine that remaps users (`dockerd --userns-remap`), for one test at a time. */
export const remappedPlaces = {
  ...placesOf('meet-gen-remapped', 'data-of-remapped', {
    kind: 'own',
    namespace: '/run/meet-gen-remapped/network',
    interface: 'meetgen2',
    outside: '198.18.254.1',
    inside: '198.18.254.2',
  }),
  rootInContainers: 231_072,
};

export const usersFolder = join(sharedPlaces.state, 'users');

// Short names, because a unix socket's path has at most 107 bytes.
function placesOf<Network extends EnginePlaces['network']>(
  name: string,
  dataFolder: string,
  network: Network,
): EnginePlaces & { readonly network: Network } {
  const state = `/run/${name}`;
  const socket = join(state, 'socket', 'docker.sock');
  return {
    state,
    socket,
    host: `unix://${socket}`,
    execRoot: join(state, 'exec'),
    pidFile: join(state, 'dockerd.pid'),
    log: join(state, 'dockerd.log'),
    before: join(state, 'before.json'),
    lock: `/run/${name}.lock`,
    cgroup: name,
    dataFolder,
    network,
  };
}
