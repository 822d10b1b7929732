import { setTimeout as sleep } from 'node:timers/promises';
import { likelyInstance } from '../../model/member.ts';
import { runningTasks } from './swarm-view.ts';
import type { SwarmView } from './swarm-view.ts';
import { afterAnswer, doubtedTasks } from './dns-doubts.ts';
import type { Doubts } from './dns-doubts.ts';
import { tasksName, unlistedTasks } from './task-dns.ts';
import type { ResolveName } from './task-dns.ts';

const everyMs = 250;
/** A name without an answer is asked for less often: Docker passes unknown names on to other servers. */
const longestPauseMs = 5000;

/** The answers for one service. */
interface Asked {
  readonly isUnderWay: boolean;
  readonly failures: number;
  readonly dueAtMs: number;
  readonly doubts: Doubts;
}

const notAsked: Asked = { isUnderWay: false, failures: 0, dueAtMs: 0, doubts: new Map() };

export interface DnsPorts {
  readonly view: () => SwarmView;
  readonly resolve: ResolveName;
  /** Only names of this instance are asked for: others are on networks that meet-gen isn't on. */
  readonly instance: string | undefined;
  readonly nowMs: () => number;
  /** Takes all running tasks that DNS doesn't list, after each answer. */
  readonly onAnswer: (unlisted: ReadonlySet<string>) => void;
}

/**
 * Asks Docker's DNS for the tasks of each service with at least two running tasks, until the signal aborts. A name has
 * one question at a time, so DNS that hangs delays nothing else.
 */
export async function watchDns(ports: DnsPorts, signal: AbortSignal): Promise<void> {
  const asked = new Map<string, Asked>();
  const ask = async (serviceId: string, name: string): Promise<void> => {
    const { view, resolve, nowMs, onAnswer } = ports;
    const before = asked.get(serviceId) ?? notAsked;
    asked.set(serviceId, { ...before, isUnderWay: true });
    // An answer decides only about tasks that ran when it was asked for.
    const tasks = runningTasks(view()).get(serviceId) ?? [];
    const addresses = await resolve(name).catch(() => []);
    const failures = addresses.length === 0 ? before.failures + 1 : 0;
    const pauseMs = failures === 0 ? 0 : Math.min(everyMs * 2 ** failures, longestPauseMs);
    const running = tasks.map(({ id }) => id);
    const doubts = afterAnswer(before.doubts, running, unlistedTasks(tasks, addresses), nowMs());
    asked.set(serviceId, { isUnderWay: false, failures, dueAtMs: nowMs() + pauseMs, doubts });
    if (!signal.aborted) onAnswer(new Set([...asked.values()].flatMap((known) => doubtedTasks(known.doubts, nowMs()))));
  };
  while (!signal.aborted) {
    const names = namesToAsk(ports);
    for (const id of asked.keys()) if (!names.has(id)) asked.delete(id);
    for (const [id, name] of names) {
      const { isUnderWay, dueAtMs } = asked.get(id) ?? notAsked;
      if (!isUnderWay && ports.nowMs() >= dueAtMs) void ask(id, name);
    }
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

/** The names by the service's id. A service with one running task has nothing to choose. */
function namesToAsk({ view, instance }: DnsPorts): ReadonlyMap<string, string> {
  const { services, containers } = view();
  const names = new Map<string, string>();
  for (const [id, tasks] of runningTasks(view())) {
    const name = tasksName(services.get(id)?.name ?? '');
    const [first] = tasks;
    const container = containers.get(first?.id ?? '');
    const isChosen = instance === undefined || (container !== undefined && likelyInstance(container) === instance);
    if (name !== undefined && tasks.length > 1 && isChosen) names.set(id, name);
  }
  return names;
}
