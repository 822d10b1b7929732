import { isIPv4 } from 'node:net';
import type { NetworkAttachment } from '../../model/container.ts';
import { maxNetworks } from '../../model/label-limits.ts';
import { isPlainIpv6, prefix } from '../docker/container-from-engine.ts';
import { recordOf, textOf, textsOf } from '../docker/json-fields.ts';
import { labelsFromEngine } from '../docker/labels-from-engine.ts';
import type { ReadLabels } from '../docker/labels-from-engine.ts';
import { readObjects } from './read-objects.ts';
import type { SwarmObject } from './read-objects.ts';

/** The states of a task in their order (Docker Engine API, TaskState). */
const taskStates = [
  'new',
  'pending',
  'assigned',
  'accepted',
  'preparing',
  'ready',
  'starting',
  'running',
  'complete',
  'shutdown',
  'failed',
  'rejected',
  'remove',
  'orphaned',
] as const;
export type TaskState = (typeof taskStates)[number];

/** A network of a task. */
interface TaskNetwork {
  readonly id: string;
  readonly attachment: NetworkAttachment;
}

/** A task: one container of a service, on one node. Every text in it is untrusted. */
export interface Task extends SwarmObject, ReadLabels {
  readonly serviceId: string;
  /** Absent for a task of a global service. */
  readonly slot?: number;
  readonly nodeId: string;
  readonly createdAtSeconds: number;
  readonly image: string;
  /** `orphaned` for a state that meet-gen doesn't know. */
  readonly state: TaskState;
  readonly desired: TaskState;
  /** Without `ingress`, which serves published ports only. */
  readonly networks: readonly TaskNetwork[];
}

/**
 * Reads `GET /tasks` (Docker Engine API, TaskList). Its labels are those of the container in the task's own version. A
 * missing field, or one of another type, counts as absent.
 * @param known the tasks of an earlier answer; an unchanged task stays the same object
 * @throws Error when the answer is unreadable: that doesn't mean that there are no tasks
 */
export function readTasks(answer: unknown, known: ReadonlyMap<string, Task> = new Map()): ReadonlyMap<string, Task> {
  return readObjects('tasks', answer, known, (entry, base) => {
    const container = recordOf(recordOf(entry['Spec'])['ContainerSpec']);
    const { Slot: slot, NetworksAttachments: attachments } = entry;
    const { labels, unreadable } = labelsFromEngine(container['Labels']);
    const networks: readonly unknown[] = Array.isArray(attachments) ? attachments : [];
    const refused = networks.length > maxNetworks ? `it has ${networks.length} networks, more than ${maxNetworks}` : undefined;
    const reason = unreadable ?? refused;
    return {
      ...base,
      serviceId: textOf(entry['ServiceID']),
      ...(typeof slot === 'number' && Number.isSafeInteger(slot) && slot > 0 ? { slot } : {}),
      nodeId: textOf(entry['NodeID']),
      createdAtSeconds: secondsOf(entry['CreatedAt']),
      image: textOf(container['Image']),
      state: stateOf(recordOf(entry['Status'])['State']),
      desired: stateOf(entry['DesiredState']),
      labels,
      ...(reason === undefined ? {} : { unreadable: reason }),
      networks: refused === undefined ? networks.flatMap(networkOf) : [],
    };
  });
}

function stateOf(value: unknown): TaskState {
  return taskStates.find((state) => state === value) ?? 'orphaned';
}

function secondsOf(value: unknown): number {
  const ms = Date.parse(textOf(value));
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1000);
}

function networkOf(entry: unknown): readonly TaskNetwork[] {
  const { Network: network, Addresses: addresses } = recordOf(entry);
  const { ID: id, Spec: spec } = recordOf(network);
  const { Name: name, Ingress: isIngress } = recordOf(spec);
  if (textOf(name) === '' || name === 'ingress' || isIngress === true) return [];
  const read = textsOf(addresses).map(addressOf);
  const ipv4 = read.find(({ address }) => isIPv4(address));
  const ipv6 = read.find(({ address }) => isPlainIpv6(address));
  const attachment = {
    name: textOf(name),
    ...(ipv4 === undefined ? {} : { ipv4: ipv4.address, ...prefix('ipv4PrefixLength', ipv4.prefix, 32) }),
    ...(ipv6 === undefined ? {} : { ipv6: ipv6.address, ...prefix('ipv6PrefixLength', ipv6.prefix, 128) }),
  };
  return [{ id: textOf(id), attachment }];
}

/** `10.0.1.2/24` */
function addressOf(text: string): { readonly address: string; readonly prefix: number } {
  const [address = '', length = ''] = text.split('/');
  return { address, prefix: /^\d{1,3}$/.test(length) ? Number(length) : 0 };
}
