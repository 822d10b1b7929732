import type { FakeApi } from './answer.ts';
import type { FakeEvent, FakeFilters } from './event.ts';
import { passesFilters } from './event.ts';

/** The engines that a fake engine can behave as. All traits are measured on real engines. */
export type FakeKind = 'docker' | 'docker 20.10' | 'podman 4' | 'podman 5';

export const kinds: Readonly<
  Record<FakeKind, { readonly api: FakeApi; readonly pingHeaders: Readonly<Record<string, string>>; readonly isPodman: boolean }>
> = {
  docker: { api: { min: '1.24', max: '1.45' }, pingHeaders: { server: 'Docker/26.1.5 (linux)' }, isPodman: false },
  'docker 20.10': { api: { min: '1.12', max: '1.41' }, pingHeaders: { server: 'Docker/20.10.24 (linux)' }, isPodman: false },
  'podman 4': { api: { min: '1.24', max: '1.41' }, pingHeaders: libpod('4.3.1'), isPodman: true },
  'podman 5': { api: { min: '1.24', max: '1.41' }, pingHeaders: libpod('5.4.2'), isPodman: true },
};

function libpod(version: string): Readonly<Record<string, string>> {
  return { server: `Libpod/${version} (linux)`, 'libpod-api-version': version };
}

/** Podman's names of Docker's events. An event without an entry has the same name. */
const podmanNames: Readonly<Record<string, string | undefined>> = { die: 'died', destroy: 'remove', stop: undefined };

/**
 * Podman's form of a Docker event, with Podman's own name; undefined if Podman sends no such event. A kill shows no signal. An event
 * about a network has the container as its actor. Podman 4.3 sends no health events.
 */
export function podmanEvent(kind: FakeKind, event: FakeEvent): FakeEvent | undefined {
  const { Type: type, Action: action, Actor: actor } = event;
  const { signal: _signal, oldName: _oldName, container, ...attributes } = actor.Attributes;
  if (type === 'network') return { ...event, Actor: { ID: container ?? '', Attributes: { network: attributes['name'] ?? '' } } };
  if (action.startsWith('exec_')) return undefined;
  const [name = '', health] = action.split(': ');
  if (name === 'health_status')
    return kind === 'podman 4' ? undefined : { ...event, Action: name, Actor: { ...actor, Attributes: attributes }, HealthStatus: health };
  const ownName = Object.hasOwn(podmanNames, name) ? podmanNames[name] : name;
  if (ownName === undefined) return undefined;
  const exitCode = kind === 'podman 4' ? '0' : undefined;
  const codes = attributes['exitCode'] === undefined ? exitCode : attributes['exitCode'];
  return {
    ...event,
    Action: ownName,
    Actor: { ID: actor.ID, Attributes: { ...attributes, ...(codes === undefined ? {} : { containerExitCode: codes }) } },
  };
}

/**
 * Whether an event passes the filters of this engine. Podman compares whole names (containers/podman,
 * libpod/events/filters.go). The filter of 4.3 knows `died` alone, that of 5.x also `die`.
 */
export function passesFiltersOf(kind: FakeKind, event: FakeEvent, filters: FakeFilters): boolean {
  if (!kinds[kind].isPodman) return passesFilters(event, filters);
  const { Type: type, Action: action } = event;
  const names = kind === 'podman 5' ? [action, toldAs(event).Action] : [action];
  const hasType = filters.get('type')?.includes(type) ?? true;
  return hasType && names.some((name) => filters.get('event')?.includes(name) ?? true);
}

/** The event as the stream of Docker's API prints it: `die`, also on Podman. */
export function toldAs(event: FakeEvent): FakeEvent {
  return event.Action === 'died' ? { ...event, Action: 'die' } : event;
}

interface ListEntry {
  readonly State: string;
  readonly Status: string;
  readonly Ports: readonly unknown[];
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, object>> };
}

/**
 * Podman's entry of `GET /containers/json`: no `HostConfig`, no health, no ids of endpoints. On 4.3 also no ports, and no
 * networks in host mode.
 */
export function podmanEntry(kind: FakeKind, entry: Readonly<Record<string, unknown>> & ListEntry): Readonly<Record<string, unknown>> {
  const { HostConfig: _, Health: _health, NetworkSettings: settings, ...rest } = entry;
  const networks = Object.entries(settings.Networks).map(([name, network]) => [name, { ...network, EndpointID: '' }]);
  const isHost = Object.hasOwn(settings.Networks, 'host');
  return {
    ...rest,
    Ports: kind === 'podman 4' ? [] : entry.Ports,
    Status: entry.Status.replace(/ \((healthy|unhealthy|health: starting)\)$/, ''),
    NetworkSettings: { Networks: kind === 'podman 4' && isHost ? null : Object.fromEntries(networks) },
  };
}
