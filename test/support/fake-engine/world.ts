import { randomBytes } from 'node:crypto';
import { attachmentOf, attachmentsOf, digestOf, inspectionText, listEntryTextOf } from './container.ts';
import type { FakeAttachment, FakeContainerSpec, FakeHealth, FakeIdentity, FakeLook } from './container.ts';
import { hasHealth, hasId, hasLabels } from './event.ts';
import type { FakeEvent, FakeFilters } from './event.ts';
import { kinds, podmanEvent } from './kind.ts';
import type { FakeKind } from './kind.ts';

/** The signals that tests send, by name, with the numbers that events show. */
export const signalNumbers = { HUP: 1, INT: 2, QUIT: 3, KILL: 9, USR1: 10, TERM: 15 } as const;
export type FakeSignal = keyof typeof signalNumbers;

/**
 * The containers of a fake engine. Each change sends the real engine's events. `kill` has the signal's number,
 * `health_status` has the result in its action, network events have only the container's id. A disconnect is sent
 * twice.
 */
export interface World {
  /** Which engine's events and lists it has. */
  kind: FakeKind;
  /**
   * Adds a container. It runs unless its state differs; a running container sends the events of `docker run`.
   * @returns the container's id
   */
  add(spec: FakeContainerSpec): string;
  start(name: string): void;
  /**
   * Sends the stop signal only. Docker shows `running` until `stop` or `die`. Podman sends no event, and shows
   * `stopping`.
   */
  beginStop(name: string, signal?: FakeSignal): void;
  /** `docker stop`: sends the signal, then ends the container. */
  stop(name: string): void;
  /** The first process ends on its own. The exit code is 1 by default. */
  die(name: string, exitCode?: number): void;
  /** Docker 20.10 alone: the list shows the end, which the event `die` has announced. */
  showEnd(name: string): void;
  /** `docker restart`. Podman sends `restart` first. */
  restart(name: string, exitCode?: number): void;
  /** Podman alone: the event with which a restart begins. */
  announceRestart(name: string): void;
  /** The restart policy starts an ended container. Podman sends `restart` before `start`. */
  restartByPolicy(name: string): void;
  /** `POST /containers/<name>/kill`. HUP and USR1 reach the signal handlers, other signals end the container. */
  kill(nameOrId: string, signal: FakeSignal): 'done' | 'unknown' | 'not running';
  remove(name: string): void;
  rename(name: string, newName: string): void;
  pause(name: string): void;
  unpause(name: string): void;
  connect(name: string, network: string, place: string | FakeAttachment): void;
  disconnect(name: string, network: string): void;
  health(name: string, health: Exclude<FakeHealth, 'none'>): void;
  /** A health check or `docker exec`: sends three events that change nothing. */
  exec(name: string): void;
  /** Changes the world without events, as if the events were lost. */
  silently(change: (world: World) => void): void;
  /** Adds a handler for signals that don't end the container. */
  onSignal(nameOrId: string, handler: (signal: FakeSignal) => void): void;
  idOf(nameOrId: string): string;
  /** Adds a line to the container's log. */
  writeLog(nameOrId: string, line: string): void;
  /**
   * The log lines since a time (seconds since 1970), out of the last `tail` lines; undefined for an unknown container.
   * Like the real engine, it counts the lines first.
   */
  logSince(nameOrId: string, sinceSeconds: number, tail: number): string | undefined;
  /** How long the list shows the old state after a change was announced. Default: 0. */
  listLagMs: number;
  /** The current list as JSON. Without `all`, only running and paused containers. */
  list(filters: FakeFilters, options: { readonly all: boolean; readonly hasHealthField: boolean }): string;
  /** `GET /containers/<name>/json` as JSON; undefined for an unknown container. */
  inspect(nameOrId: string): string | undefined;
  /** The events since a time (seconds since 1970), out of the last 256 events. */
  eventsSince(sinceSeconds: number): readonly FakeEvent[];
  subscribe(listener: (event: FakeEvent) => void): () => void;
}

interface Entry {
  readonly identity: FakeIdentity;
  /** Oldest first. The list shows the newest visible look. Undefined means removed. */
  looks: readonly { readonly visibleFromMs: number; readonly look: FakeLook | undefined }[];
  readonly handlers: ((signal: FakeSignal) => void)[];
  readonly log: { readonly atMs: number; readonly line: string }[];
}

const rememberedEvents = 256;

/** Creates a world without containers. It has no timers. */
export function createWorld(): World {
  const entries = new Map<string, Entry>();
  const listeners = new Set<(event: FakeEvent) => void>();
  const remembered: FakeEvent[] = [];
  let lastTimeNano = 0;
  let isSilent = false;

  const lookOf = (entry: Entry): FakeLook | undefined => entry.looks.at(-1)?.look;

  const find = (nameOrId: string): Entry | undefined => {
    const byId = entries.get(nameOrId);
    if (byId !== undefined) return byId;
    for (const entry of entries.values()) if (lookOf(entry)?.name === nameOrId) return entry;
    return undefined;
  };

  const get = (nameOrId: string): Entry => {
    const entry = find(nameOrId);
    if (entry === undefined) throw new Error(`the fake engine has no container ${nameOrId}`);
    return entry;
  };

  const announce = (type: FakeEvent['Type'], action: string, id: string, attributes: Readonly<Record<string, string>>): void => {
    if (isSilent) return;
    const { isPodman } = kinds[world.kind];
    const nowMs = Date.now();
    // Times are unique, and far enough apart to differ as seconds with a fraction.
    lastTimeNano = Math.max(nowMs * 1e6, lastTimeNano + 5000);
    const dockers: FakeEvent = {
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: 'local',
      time: Math.floor(nowMs / 1000),
      timeNano: lastTimeNano,
    };
    const event = isPodman ? podmanEvent(world.kind, dockers) : dockers;
    if (event === undefined) return;
    remembered.push(event);
    if (remembered.length > rememberedEvents) remembered.shift();
    for (const listener of listeners) listener(event);
  };

  const announceContainer = (entry: Entry, action: string, more: Readonly<Record<string, string>> = {}): void => {
    const { id, image, labels } = entry.identity;
    announce('container', action, id, { ...labels, image, name: lookOf(entry)?.name ?? '', ...more });
  };

  const announceNetworks = (entry: Entry, action: 'connect' | 'disconnect', networks: readonly string[]): void => {
    for (const network of networks)
      announce('network', action, digestOf(network), {
        container: entry.identity.id,
        name: network,
        type: 'bridge',
      });
  };

  /** The look that the list shows now. Older looks are dropped, and with the last one the container. */
  const visibleLook = (entry: Entry): FakeLook | undefined => {
    const nowMs = Date.now();
    const at = entry.looks.findLastIndex((candidate) => candidate.visibleFromMs <= nowMs);
    entry.looks = entry.looks.slice(Math.max(at, 0));
    const [visible] = entry.looks;
    const isGone = entry.looks.length === 1 && visible?.look === undefined;
    if (isGone) entries.delete(entry.identity.id);
    return at === -1 ? undefined : visible?.look;
  };

  const show = (entry: Entry, look: FakeLook | undefined): void => {
    entry.looks = [...entry.looks, { visibleFromMs: Date.now() + world.listLagMs, look }];
    visibleLook(entry);
  };

  const change = (entry: Entry, part: Partial<FakeLook>): void => {
    const before = lookOf(entry);
    if (before === undefined) throw new Error('the container has been removed');
    show(entry, { ...before, ...part });
  };

  const networksOf = (entry: Entry): readonly string[] => Object.keys(lookOf(entry)?.networks ?? {});

  const begin = (entry: Entry): void => {
    const { health, starts } = lookOf(entry) ?? { health: 'none', starts: 0 };
    change(entry, { state: 'running', health: health === 'none' ? 'none' : 'starting', starts: starts + 1 });
    announceOwnNetworks(entry, 'connect');
    announceContainer(entry, 'start');
  };

  /** A start and an end. Podman sends network events only for the commands `network connect` and `disconnect`. */
  const announceOwnNetworks = (entry: Entry, action: 'connect' | 'disconnect'): void => {
    if (!kinds[world.kind].isPodman) announceNetworks(entry, action, networksOf(entry));
  };

  const showEnd = (entry: Entry): void => {
    change(entry, { state: kinds[world.kind].isPodman ? 'stopped' : 'exited' });
  };

  const end = (entry: Entry, exitCode: number): void => {
    const isListedLater = world.kind === 'docker 20.10';
    if (!isListedLater) showEnd(entry);
    announceContainer(entry, 'die', { exitCode: String(exitCode) });
    if (isListedLater) return;
    announceOwnNetworks(entry, 'disconnect');
    announceOwnNetworks(entry, 'disconnect');
  };

  const world: World = {
    kind: 'docker',
    listLagMs: 0,
    add(spec) {
      const id = randomBytes(32).toString('hex');
      const state = spec.state ?? 'running';
      const look: FakeLook = { name: spec.name, state: 'created', health: spec.health ?? 'none', networks: attachmentsOf(spec), starts: 0 };
      const entry: Entry = {
        identity: {
          id,
          image: spec.image ?? 'example/service:1',
          labels: spec.labels ?? {},
          prefixLength: spec.prefixLength ?? 16,
          ports: spec.ports ?? [],
          networkMode: spec.networkMode ?? Object.keys(spec.networks ?? {})[0] ?? 'none',
          createdAtSeconds: spec.createdAtSeconds ?? Math.floor(Date.now() / 1000),
        },
        looks: [{ visibleFromMs: 0, look }],
        handlers: [],
        log: [],
      };
      entries.set(id, entry);
      announceContainer(entry, 'create');
      if (state === 'created') return id;
      change(entry, { state });
      announceOwnNetworks(entry, 'connect');
      announceContainer(entry, 'start');
      return id;
    },
    start: (name) => begin(get(name)),
    beginStop(name, signal = 'TERM') {
      const entry = get(name);
      if (kinds[world.kind].isPodman) change(entry, { state: 'stopping' });
      else announceContainer(entry, 'kill', { signal: String(signalNumbers[signal]) });
    },
    stop(name) {
      const entry = get(name);
      world.beginStop(name);
      end(entry, 0);
      announceContainer(entry, 'stop');
    },
    die: (name, exitCode = 1) => end(get(name), exitCode),
    showEnd(name) {
      const entry = get(name);
      showEnd(entry);
      announceOwnNetworks(entry, 'disconnect');
      announceOwnNetworks(entry, 'disconnect');
    },
    restart(name, exitCode = 0) {
      const entry = get(name);
      const { isPodman } = kinds[world.kind];
      if (isPodman) announceContainer(entry, 'restart');
      world.beginStop(name);
      end(entry, exitCode);
      begin(entry);
      if (!isPodman) announceContainer(entry, 'restart');
    },
    announceRestart: (name) => announceContainer(get(name), 'restart'),
    restartByPolicy(name) {
      const entry = get(name);
      if (kinds[world.kind].isPodman) announceContainer(entry, 'restart');
      begin(entry);
    },
    kill(nameOrId, signal) {
      const entry = find(nameOrId);
      const look = entry === undefined ? undefined : lookOf(entry);
      if (entry === undefined || look === undefined) return 'unknown';
      if (look.state !== 'running' && look.state !== 'paused') return 'not running';
      announceContainer(entry, 'kill', { signal: String(signalNumbers[signal]) });
      if (signal === 'HUP' || signal === 'USR1') for (const handler of entry.handlers) handler(signal);
      else end(entry, 128 + signalNumbers[signal]);
      return 'done';
    },
    remove(name) {
      const entry = get(name);
      if (lookOf(entry)?.state === 'running') world.kill(name, 'KILL');
      announceContainer(entry, 'destroy');
      show(entry, undefined);
    },
    rename(name, newName) {
      const entry = get(name);
      change(entry, { name: newName });
      announceContainer(entry, 'rename', { oldName: `/${name}` });
    },
    pause(name) {
      const entry = get(name);
      change(entry, { state: 'paused' });
      announceContainer(entry, 'pause');
    },
    unpause(name) {
      const entry = get(name);
      change(entry, { state: 'running' });
      announceContainer(entry, 'unpause');
    },
    connect(name, network, place) {
      const entry = get(name);
      change(entry, { networks: { ...lookOf(entry)?.networks, [network]: attachmentOf(place) } });
      announceNetworks(entry, 'connect', [network]);
    },
    disconnect(name, network) {
      const entry = get(name);
      const { [network]: _, ...rest } = lookOf(entry)?.networks ?? {};
      change(entry, { networks: rest });
      announceNetworks(entry, 'disconnect', [network, network]);
    },
    health(name, health) {
      const entry = get(name);
      change(entry, { health });
      announceContainer(entry, `health_status: ${health}`);
    },
    exec(name) {
      const entry = get(name);
      const execID = randomBytes(32).toString('hex');
      announceContainer(entry, 'exec_create: true', { execID });
      announceContainer(entry, 'exec_start: true', { execID });
      announceContainer(entry, 'exec_die', { execID, exitCode: '0' });
    },
    silently(run) {
      isSilent = true;
      try {
        run(world);
      } finally {
        isSilent = false;
      }
    },
    onSignal: (nameOrId, handler) => void get(nameOrId).handlers.push(handler),
    idOf: (nameOrId) => get(nameOrId).identity.id,
    writeLog: (nameOrId, line) => void get(nameOrId).log.push({ atMs: Date.now(), line }),
    logSince: (nameOrId, sinceSeconds, tail) =>
      find(nameOrId)
        ?.log.slice(-tail)
        .filter(({ atMs }) => atMs / 1000 >= sinceSeconds)
        .map(({ line }) => `${line}\n`)
        .join(''),
    list(filters, { all, hasHealthField }) {
      const shown = [...entries.values()].flatMap((entry) => {
        const look = visibleLook(entry);
        if (look === undefined || !hasLabels(entry.identity.labels, filters) || !hasId(entry.identity.id, filters)) return [];
        if (!hasHealth(look.health, filters) || !(all || look.state === 'running' || look.state === 'paused')) return [];
        return [listEntryTextOf(world.kind, entry.identity, look, hasHealthField)];
      });
      return `[${shown.join(',')}]`;
    },
    inspect(nameOrId) {
      const identity = find(nameOrId)?.identity;
      return identity === undefined ? undefined : inspectionText(identity);
    },
    eventsSince: (sinceSeconds) => remembered.filter((event) => event.timeNano >= sinceSeconds * 1e9),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return world;
}
