import { stackNamespaceLabel } from '../model/member.ts';
import { boundLabels, maxMeetLabels, maxNetworks } from '../model/label-limits.ts';
import { recordOf, textOf, textsOf } from '../source/docker/json-fields.ts';

// In: Docker's JSON about services, tasks and events. Out: only the fields that routing needs, in Docker's shape.
// Docker's own answers have the environment, arguments and configs of every service (Docker Engine API: ServiceList,
// TaskList). Each field that passes is named here, so a new field of Docker's never passes.

/** A swarm with more of either is refused: without some of them, the rest would look like all of them. */
const maxEntries = 10_000;
const maxTextLength = 256;
const maxImageLength = 1024;
const maxAddresses = 16;
const roleLabel = 'meet.role';
/** A word: the actions of other events have command lines behind a colon. */
const actionPattern = /^[a-z_]{1,32}$/;

type Json = Readonly<Record<string, unknown>>;

/** The services that the reader shows, and the ids of the services with `meet.role` among their own labels. */
export interface ReducedServices {
  readonly services: readonly Json[];
  readonly withRole: ReadonlySet<string>;
}

/**
 * The services with `meet.role`, on the service or on its tasks. During an update the old tasks have the labels of the
 * spec before (`PreviousSpec`).
 * @param answer the JSON of `GET /services`
 * @throws Error when the answer isn't a list, or too long
 */
export function reduceServices(answer: unknown): ReducedServices {
  const services: Json[] = [];
  const withRole = new Set<string>();
  for (const entry of entriesOf(answer)) {
    const { ID: id, Version: version, UpdateStatus: status } = entry;
    const spec = recordOf(entry['Spec']);
    const isOwn = hasRole(spec['Labels']);
    if (isOwn) withRole.add(textOf(id));
    if (!isOwn && !hasRole(taskLabels(spec)) && !hasRole(taskLabels(recordOf(entry['PreviousSpec'])))) continue;
    services.push({
      ID: short(id),
      Version: versionOf(version),
      Spec: { Name: short(spec['Name']), Labels: labelsOf(spec['Labels']) },
      ...(status === undefined ? {} : { UpdateStatus: { State: short(recordOf(status)['State']) } }),
    });
  }
  return { services: bounded(services, 'services'), withRole };
}

/**
 * The tasks with `meet.role`, on the task or on its service. `Status.Err` and `Status.Message` are left out, since they
 * quote command lines.
 * @param answer the JSON of `GET /tasks`
 * @param withRole from `ReducedServices`
 * @throws Error when the answer isn't a list, or too long
 */
export function reduceTasks(answer: unknown, withRole: ReadonlySet<string>): readonly Json[] {
  const tasks = entriesOf(answer).filter((task) => hasRole(containerLabels(task['Spec'])) || withRole.has(textOf(task['ServiceID'])));
  return bounded(tasks, 'tasks').map(reduceTask);
}

function reduceTask(task: Json): Json {
  const { Slot: slot, Status: status, NetworksAttachments: attachments } = task;
  const container = recordOf(recordOf(task['Spec'])['ContainerSpec']);
  return {
    ID: short(task['ID']),
    Version: versionOf(task['Version']),
    CreatedAt: short(task['CreatedAt']),
    ServiceID: short(task['ServiceID']),
    ...(Number.isInteger(slot) ? { Slot: slot } : {}),
    NodeID: short(task['NodeID']),
    DesiredState: short(task['DesiredState']),
    Status: { State: short(recordOf(status)['State']) },
    NetworksAttachments: Array.isArray(attachments) ? attachments.slice(0, maxNetworks + 1).map(attachmentOf) : [],
    Spec: { ContainerSpec: { Image: cut(container['Image'], maxImageLength), Labels: labelsOf(container['Labels']) } },
  };
}

/**
 * A service or node event as one line of JSON.
 * @param line a line of `GET /events`
 * @returns undefined for any other event
 */
export function reduceEvent(line: string): string | undefined {
  const event = parseObject(line);
  const { Type: type, Action: action, time, timeNano } = event;
  const actor = recordOf(event['Actor']);
  if ((type !== 'service' && type !== 'node') || typeof action !== 'string' || !actionPattern.test(action)) return undefined;
  return JSON.stringify({
    Type: type,
    Action: action,
    Actor: { ID: short(actor['ID']), Attributes: { name: short(recordOf(actor['Attributes'])['name']) } },
    ...(Number.isFinite(time) ? { time } : {}),
    ...(Number.isFinite(timeNano) ? { timeNano } : {}),
  });
}

export type ReducedVersion = Readonly<Record<'Version' | 'ApiVersion' | 'MinAPIVersion', string>>;

/** @param answer the JSON of `GET /version` */
export function reduceVersion(answer: unknown): ReducedVersion {
  const { Version: version, ApiVersion: api, MinAPIVersion: oldest } = recordOf(answer);
  return { Version: short(version), ApiVersion: apiVersionOf(api), MinAPIVersion: apiVersionOf(oldest) };
}

/** The version goes into a header, so any other text is dropped. */
function apiVersionOf(value: unknown): string {
  return /^\d{1,3}\.\d{1,3}$/.exec(textOf(value))?.[0] ?? '';
}

function entriesOf(answer: unknown): readonly Json[] {
  if (!Array.isArray(answer)) throw new Error('the engine answered with something else than a list');
  return answer.map(recordOf);
}

function bounded(entries: readonly Json[], what: string): readonly Json[] {
  if (entries.length > maxEntries) throw new Error(`the swarm has more than ${maxEntries} ${what} with meet.role`);
  return entries;
}

function attachmentOf(attachment: unknown): Json {
  const { Network: network, Addresses: addresses } = recordOf(attachment);
  const { ID: id, Spec: spec } = recordOf(network);
  const { Name: name, Ingress: isIngress } = recordOf(spec);
  return {
    Network: { ID: short(id), Spec: { Name: short(name), ...(isIngress === true ? { Ingress: true } : {}) } },
    Addresses: textsOf(addresses).slice(0, maxAddresses).map(short),
  };
}

function versionOf(value: unknown): Json {
  const { Index: index } = recordOf(value);
  return Number.isSafeInteger(index) ? { Index: index } : {};
}

function taskLabels(serviceSpec: Json): unknown {
  return containerLabels(serviceSpec['TaskTemplate']);
}

function containerLabels(taskSpec: unknown): unknown {
  return recordOf(recordOf(taskSpec)['ContainerSpec'])['Labels'];
}

function hasRole(labels: unknown): boolean {
  return typeof recordOf(labels)[roleLabel] === 'string';
}

/**
 * The labels that meet-gen reads, cut as meet-gen cuts them. One label more than allowed passes, so that meet-gen refuses
 * them. A value that isn't a text passes as null for the same reason: a dropped label may guard a path.
 */
function labelsOf(value: unknown): Json {
  const shown = Object.entries(recordOf(value)).filter(([key]) => isShown(key));
  const kept = [
    ...shown.filter(([key]) => key === stackNamespaceLabel),
    ...shown.filter(([key]) => key !== stackNamespaceLabel).slice(0, maxMeetLabels + 1),
  ];
  const texts = boundLabels(Object.fromEntries(kept.filter((pair): pair is [string, string] => typeof pair[1] === 'string')));
  const isOdd = kept.some(([, label]) => typeof label !== 'string');
  return isOdd ? { ...texts, 'meet.unreadable': null } : texts;
}

function isShown(key: string): boolean {
  return key.startsWith('meet.') || key === stackNamespaceLabel;
}

function short(value: unknown): string {
  return cut(value, maxTextLength);
}

function cut(value: unknown, most: number): string {
  const text = textOf(value);
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}

function parseObject(line: string): Json {
  try {
    return recordOf(JSON.parse(line));
  } catch {
    return {};
  }
}
