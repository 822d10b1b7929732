import { join } from 'node:path';

/** The paths and names of one of the tests' engines outside the cache, and its image folder in the cache. */
export interface EnginePlaces {
  readonly state: string;
  /** The only file in its folder, so that a container can mount the folder and reach the engine after a restart. */
  readonly socket: string;
  readonly host: string;
  readonly execRoot: string;
  readonly pidFile: string;
  readonly log: string;
  /** The machine's state before the engine's first start. */
  readonly before: string;
  readonly lock: string;
  readonly cgroup: string;
  readonly dataFolder: string;
  readonly network: MachineNetwork | OwnNetwork;
  /** With remapped users: the host's user id of root in containers. Other users have the ids that follow. */
  readonly rootInContainers?: number;
}

/** On the machine's network, with a default bridge that no other daemon uses. */
interface MachineNetwork {
  readonly kind: 'machine';
  readonly bridge: string;
  readonly bridgeAddress: string;
}

/**
 * In a network namespace with its own bridges and firewall: two daemons on one network empty each other's firewall
 * chains. A pair of linked interfaces connects the namespace with the machine.
 */
export interface OwnNetwork {
  readonly kind: 'own';
  /** The file that keeps the namespace alive. */
  readonly namespace: string;
  readonly interface: string;
  readonly outside: string;
  /** The address at which the machine reaches published ports. */
  readonly inside: string;
}

/** The engine that all runs share on a machine without one. */
export const sharedPlaces: EnginePlaces = placesOf('meet-gen-engine', 'data', {
  kind: 'machine',
  bridge: 'meetgen0',
  bridgeAddress: '172.31.255.1/24',
});

/** A second engine for one test at a time, which may kill it. */
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
