import { heldNamespaces } from '../engines/engine-namespaces.ts';
import { serviceIn, type EngineService } from '../engines/engine-service.ts';
import type { EngineKind } from '../engines/engine-kinds.ts';

/** One engine of the swarm, as plain data: test files run in other processes than the set-up. */
export interface NodeLayout {
  /** The host name. */
  readonly name: string;
  /** The id in the swarm. */
  readonly id: string;
  /** The process that holds the node's namespaces. */
  readonly pid: number;
  /** The value for DOCKER_HOST. */
  readonly host: string;
  /** The node's address on the link between the nodes. */
  readonly address: string;
  /** The node's address on its link with this machine, on which tests reach published ports. */
  readonly publishAddress: string;
}

/** The nodes and their network. The managers come first; the first one made the swarm. */
export interface SwarmLayout {
  /** The process that holds the switch's network namespace. */
  readonly switchPid: number;
  readonly managers: number;
  readonly nodes: readonly NodeLayout[];
  /** The docker CLI, and its environment without DOCKER_HOST. */
  readonly dockerCli: string;
  readonly env: Record<string, string>;
}

/** Docker 28.5 as in the conformance tests, so the packages are downloaded once. */
export function nodeKind(name: string): EngineKind {
  return { name, family: 'docker', version: '28.', suite: 'forky', isSwarmNode: true };
}

/** The dockerd of a node. A kill leaves the containers running, the next start ends them. */
export function serviceOf({ name, pid }: Pick<NodeLayout, 'name' | 'pid'>): EngineService {
  return serviceIn(nodeKind(name), heldNamespaces(name, pid));
}
