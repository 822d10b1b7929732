import pLimit from 'p-limit';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from '../../model/container.ts';
import type { EngineEvent } from '../../model/engine-event.ts';
import { createBackoff } from '../../util/backoff.ts';
import { nowMs } from '../../util/clock.ts';
import { createPause } from '../../util/interruptible-pause.ts';
import type { Pause } from '../../util/interruptible-pause.ts';
import type { Source } from '../source.ts';
import { watchDns } from './dns-watch.ts';
import type { ManagerClient } from './manager-client.ts';
import { followManager } from './manager-events.ts';
import type { Managers } from './managers.ts';
import { readSwarm } from './read-swarm.ts';
import { afterDns, afterRead, changesBetween, emptyView, isChanging } from './swarm-view.ts';
import type { SwarmView } from './swarm-view.ts';
import type { ResolveName } from './task-dns.ts';

// In: the managers of a swarm, and Docker's DNS. Out: containers, and events for each change of a task.

export interface SwarmPorts {
  readonly managers: Managers;
  readonly client: ManagerClient;
  readonly resolve: ResolveName;
  readonly secret: Buffer | undefined;
  /** The id of this node. */
  readonly node: string | undefined;
  /** DNS is asked only for names of this instance. */
  readonly instance: string | undefined;
}

/** The state of the source. Times in milliseconds since 1970. */
interface Swarm {
  readonly ports: SwarmPorts;
  readonly oneAtATime: <Result>(work: () => Promise<Result>) => Promise<Result>;
  view: SwarmView;
  /** When the last successful read began. */
  readAtMs: number;
  /** When a read last began with the services. */
  servicesAtMs: number;
  /** The place of the manager that the last read asked. */
  place: string | undefined;
  /** The containers that the events reported so far lead to; undefined before the first subscription. */
  reported: ReadonlyMap<string, Container> | undefined;
}

const pollMs = 1000;
const quickPollMs = 250;
/** The quick polls end this long after the last change: a task on a dead node can leave for a day. */
const quickForMs = 120_000;
/** The tasks of an event follow within this time. */
const quickAfterEventMs = 2000;
/** A burst of events costs a read in this time. */
const leastGapMs = 50;
/** A stream of events can be cut without an end, so the services are read at least this often. */
const servicesEveryMs = 5000;
/** A view of this age answers a look. */
const freshForMs = 3000;
const eventsReconnectCapMs = 5000;
/** A shorter subscription counts as refused (event-stream.ts). */
const steadyMs = 2000;

/** The containers and events of a swarm, read from its managers. */
export function pollSwarm(ports: SwarmPorts): Pick<Source, 'list' | 'listsAll' | 'subscribe'> {
  const swarm: Swarm = {
    ports,
    oneAtATime: pLimit(1),
    view: emptyView(ports.node),
    readAtMs: 0,
    servicesAtMs: 0,
    place: undefined,
    reported: undefined,
  };
  return {
    listsAll: true,
    async list(signal, ids) {
      if (ids === undefined || nowMs() - swarm.readAtMs >= freshForMs) await read(swarm, true, signal);
      return [...swarm.view.containers.values()];
    },
    async subscribe(_, signal) {
      await read(swarm, true, signal);
      swarm.reported ??= swarm.view.containers;
      return follow(swarm, signal);
    },
  };
}

/** @throws EngineError with the reason of each manager; the view stays as before */
function read(swarm: Swarm, areServicesDue: boolean, signal: AbortSignal): Promise<void> {
  return swarm.oneAtATime(async () => {
    signal.throwIfAborted();
    const { client, managers } = swarm.ports;
    const beganAtMs = nowMs();
    const { manager, reading, hasServices } = await managers.first(async (asked, abort) => {
      // Services and tasks of one read come from one manager.
      const withServices = areServicesDue || asked.place !== swarm.place || beganAtMs - swarm.servicesAtMs >= servicesEveryMs;
      const found = await readSwarm(client, asked, swarm.view, withServices, abort);
      return { manager: asked, reading: found, hasServices: withServices };
    }, signal);
    if (hasServices) swarm.servicesAtMs = beganAtMs;
    client.keepOnly(manager);
    swarm.view = afterRead(swarm.view, reading);
    swarm.readAtMs = beganAtMs;
    swarm.place = manager.place;
  });
}

/** The state of one subscription. Times in milliseconds since 1970. */
interface Subscription {
  readonly pause: Pause;
  /** Ends the stream of events to the manager at this place. */
  stream: { readonly place: string; readonly end: () => void } | undefined;
  /** An event came, or may have been missed. */
  areServicesDue: boolean;
  /** The stream of events is open. Without it, each poll reads the services. */
  hasEvents: boolean;
  lastEventAtMs: number;
  lastChangeAtMs: number;
  /** The failure of a part that runs beside the polls. */
  failure: unknown;
}

/** Polls until the signal aborts. @throws EngineError when no manager answers */
async function* follow(swarm: Swarm, signal: AbortSignal): AsyncGenerator<EngineEvent> {
  const subscription: Subscription = {
    pause: createPause(signal),
    stream: undefined,
    areServicesDue: false,
    hasEvents: false,
    lastEventAtMs: 0,
    lastChangeAtMs: nowMs(),
    failure: undefined,
  };
  const abort = new AbortController();
  const end = (): void => abort.abort();
  signal.addEventListener('abort', end, { once: true });
  const openedAtMs = nowMs();
  Promise.all([listen(swarm, subscription, abort.signal), resolveTasks(swarm, subscription, abort.signal)]).catch((error: unknown) => {
    subscription.failure = error;
    subscription.pause.wake();
  });
  try {
    while (!signal.aborted) {
      yield* report(swarm, subscription);
      await subscription.pause.wait(dueAtMs(swarm, subscription) - nowMs());
      if (subscription.failure !== undefined) throw subscription.failure;
      if (!signal.aborted && nowMs() >= dueAtMs(swarm, subscription)) await poll(swarm, subscription, signal);
    }
  } catch (error) {
    // The next subscription reports why no manager answers.
    if (!signal.aborted && (subscription.failure !== undefined || nowMs() - openedAtMs < steadyMs)) throw error;
  } finally {
    signal.removeEventListener('abort', end);
    abort.abort();
  }
}

function* report(swarm: Swarm, subscription: Subscription): Generator<EngineEvent> {
  const events = changesBetween(swarm.reported ?? new Map(), swarm.view);
  swarm.reported = swarm.view.containers;
  if (events.length > 0) subscription.lastChangeAtMs = nowMs();
  yield* events;
}

function dueAtMs({ view, readAtMs }: Swarm, { areServicesDue, lastEventAtMs, lastChangeAtMs }: Subscription): number {
  if (areServicesDue) return readAtMs + leastGapMs;
  const isQuick = nowMs() - lastEventAtMs < quickAfterEventMs || (nowMs() - lastChangeAtMs < quickForMs && isChanging(view));
  return readAtMs + (isQuick ? quickPollMs : pollMs);
}

async function poll(swarm: Swarm, subscription: Subscription, signal: AbortSignal): Promise<void> {
  const areServicesDue = subscription.areServicesDue || !subscription.hasEvents;
  subscription.areServicesDue = false;
  await read(swarm, areServicesDue, signal);
  if (subscription.stream?.place !== swarm.place) subscription.stream?.end();
}

/** Keeps a stream of events open to the manager that answers. A broken stream costs only the head start. */
async function listen({ ports: { managers, secret } }: Swarm, subscription: Subscription, signal: AbortSignal): Promise<void> {
  const backoff = createBackoff(eventsReconnectCapMs);
  const lookAgain = (): void => {
    Object.assign(subscription, { areServicesDue: true, lastEventAtMs: nowMs() });
    subscription.pause.wake();
  };
  while (!signal.aborted) {
    const manager = managers.current();
    const abort = new AbortController();
    const beganAtMs = nowMs();
    const end = (): void => abort.abort();
    signal.addEventListener('abort', end, { once: true });
    try {
      if (manager !== undefined) {
        subscription.stream = { place: manager.place, end };
        for await (const event of followManager(manager, secret, abort.signal)) {
          // Events before the stream opened may be lost.
          if (event === 'opened') subscription.hasEvents = true;
          lookAgain();
        }
      }
    } catch {
      // The polls show whether the manager is away.
    }
    signal.removeEventListener('abort', end);
    Object.assign(subscription, { hasEvents: false, stream: undefined });
    if (nowMs() - beganAtMs >= steadyMs) backoff.reset();
    await sleep(backoff.nextMs(), undefined, { signal, ref: false }).catch(() => undefined);
  }
}

/** Demotes the tasks that Docker's DNS doesn't list. */
function resolveTasks(swarm: Swarm, { pause }: Subscription, signal: AbortSignal): Promise<void> {
  const { resolve, instance } = swarm.ports;
  const onAnswer = (unlisted: ReadonlySet<string>): void => {
    const { containers } = swarm.view;
    swarm.view = afterDns(swarm.view, unlisted);
    if (swarm.view.containers !== containers) pause.wake();
  };
  return watchDns({ view: () => swarm.view, resolve, instance, nowMs, onAnswer }, signal);
}
