import { isDeepStrictEqual } from 'node:util';
import type { Container } from '../../model/container.ts';
import { updated } from '../../model/engine-event.ts';
import type { EngineEvent } from '../../model/engine-event.ts';
import { containerFromTask, isHistory, isLeaving } from './container-from-task.ts';
import type { SwarmObject } from './read-objects.ts';
import type { Service } from './read-services.ts';
import type { Task, TaskState } from './read-tasks.ts';

/** The services and tasks of one read, from one manager: the tasks were read after the services. */
export interface SwarmReading {
  readonly services: ReadonlyMap<string, Service>;
  readonly tasks: ReadonlyMap<string, Task>;
}

/** The swarm as last read. Pure: each change makes another view. */
export interface SwarmView extends SwarmReading {
  /** The id of this node. */
  readonly node: string | undefined;
  /** The running tasks, by id, whose address Docker's DNS didn't list when it was last asked. */
  readonly unlisted: ReadonlySet<string>;
  /** The tasks with a role, by id. An unchanged container stays the same object. */
  readonly containers: ReadonlyMap<string, Container>;
}

const unlistedInDns = "Docker's DNS does not list its address";

export function emptyView(node: string | undefined): SwarmView {
  return { services: new Map(), tasks: new Map(), node, unlisted: new Set(), containers: new Map() };
}

/**
 * The view after a read. A removed service stays while it has tasks, so that these leave like others do.
 */
export function afterRead(view: SwarmView, { services, tasks }: SwarmReading): SwarmView {
  const removed = [...view.services].filter(([id]) => !services.has(id));
  const used = new Set(removed.length === 0 ? [] : [...tasks.values()].map(({ serviceId }) => serviceId));
  const kept = removed.filter(([id]) => used.has(id));
  const all = kept.length === 0 ? services : new Map([...services, ...kept]);
  if (all === view.services && tasks === view.tasks) return view;
  return withContainers(view, { ...view, services: all, tasks });
}

/** The view after Docker's DNS answered. @param unlisted all running tasks that it doesn't list */
export function afterDns(view: SwarmView, unlisted: ReadonlySet<string>): SwarmView {
  return isDeepStrictEqual(unlisted, view.unlisted) ? view : withContainers(view, { ...view, unlisted });
}

/**
 * Whether a read shows an older state than the view: the manager lags behind, or its view stands still without a quorum.
 */
export function isOlder(view: SwarmReading, { services, tasks }: SwarmReading): boolean {
  return hasOlder(view.services, services) || hasOlder(view.tasks, tasks);
}

function hasOlder(known: ReadonlyMap<string, SwarmObject>, read: ReadonlyMap<string, SwarmObject>): boolean {
  if (known === read) return false;
  for (const { id, version } of read.values()) if (version < (known.get(id)?.version ?? version)) return true;
  return false;
}

/** Whether the service of a task is unknown. */
export function hasUnknownService(view: SwarmReading, { services, tasks }: SwarmReading): boolean {
  return [...tasks.values()].some(({ serviceId }) => !services.has(serviceId) && !view.services.has(serviceId));
}

/** The tasks in rotation of each service with a role, by the service's id. */
export function runningTasks({ tasks, containers }: SwarmView): ReadonlyMap<string, readonly Task[]> {
  const running = new Map<string, Task[]>();
  for (const id of containers.keys()) {
    const task = tasks.get(id);
    if (task === undefined || task.state !== 'running' || isLeaving(task)) continue;
    const list = running.get(task.serviceId);
    if (list === undefined) running.set(task.serviceId, [task]);
    else list.push(task);
  }
  return running;
}

const startingStates: ReadonlySet<TaskState> = new Set(['assigned', 'accepted', 'preparing', 'ready', 'starting']);

/** Whether tasks are about to change: a service is updated, or a task starts or leaves. */
export function isChanging({ services, tasks, containers }: SwarmView): boolean {
  for (const { isUpdating } of services.values()) if (isUpdating) return true;
  for (const id of containers.keys()) {
    const task = tasks.get(id);
    if (task !== undefined && (isLeaving(task) || (startingStates.has(task.state) && task.desired === 'running'))) return true;
  }
  return false;
}

/**
 * The events that lead from the containers reported so far to this view. `start` and `die` are of the task's container. A
 * task that left the view without running is a `destroy`, any other change an `update`.
 */
export function changesBetween(reported: ReadonlyMap<string, Container>, { containers, tasks }: SwarmView): readonly EngineEvent[] {
  if (reported === containers) return [];
  const events: EngineEvent[] = [];
  const add = (id: string, action: string): void => void events.push(eventOf(id, action, reported.get(id), tasks.get(id)));
  for (const [id, now] of containers) {
    const before = reported.get(id);
    if (before === now) continue;
    const [ran, runs] = [before?.state === 'running', now.state === 'running'];
    if (ran !== runs) add(id, runs ? 'start' : 'die');
    else if (!isDeepStrictEqual(before, now)) add(id, updated);
  }
  for (const [id, { state }] of reported) if (!containers.has(id)) add(id, state === 'running' ? 'die' : 'destroy');
  return events;
}

/** Only a task that failed without leaving has crashed for certain. A task that is no longer listed may have left. */
function eventOf(containerId: string, action: string, before: Container | undefined, task: Task | undefined): EngineEvent {
  const isCrash = task?.state === 'failed' && before?.isStopping !== true;
  const mayBeStop = action === 'die' && !isCrash;
  return { type: 'container', action, containerId, hasRole: true, ...(mayBeStop ? { mayBeStop } : {}) };
}

function withContainers(before: SwarmView, view: Omit<SwarmView, 'containers'>): SwarmView {
  const demoted = demotedTasks(view);
  let isSame = true;
  const containers = new Map<string, Container>();
  for (const [id, task] of view.tasks) {
    const service = view.services.get(task.serviceId);
    if (service === undefined || isHistory(task)) continue;
    const known = before.containers.get(id);
    const isUnchanged =
      before.tasks.get(id) === task &&
      before.services.get(task.serviceId) === service &&
      (known === undefined || (known.demoted !== undefined) === demoted.has(id));
    const container = isUnchanged ? known : containerFromTask(task, service, view.node, demoted.has(id) ? unlistedInDns : undefined);
    if (container === undefined) continue;
    isSame &&= container === known;
    containers.set(id, container);
  }
  const isWhole = isSame && containers.size === before.containers.size;
  return { ...view, containers: isWhole ? before.containers : containers };
}

/** DNS never demotes all running tasks of a service: then the answer is wrong, or there is nothing to choose. */
function demotedTasks({ tasks, unlisted }: Pick<SwarmView, 'tasks' | 'unlisted'>): ReadonlySet<string> {
  if (unlisted.size === 0) return unlisted;
  const listedServices = new Set<string>();
  for (const task of tasks.values())
    if (task.state === 'running' && !isLeaving(task) && !unlisted.has(task.id)) listedServices.add(task.serviceId);
  return new Set([...unlisted].filter((id) => listedServices.has(tasks.get(id)?.serviceId ?? '')));
}
