import type { Drains } from './drains.ts';
import { showUntrustedText } from '../../model/untrusted-text.ts';
import type { Instance, Replica, Service } from '../../model/instance.ts';
import { nearest } from '../../model/nearest.ts';
import { OperatorError } from '../../model/operator-error.ts';
import type { Rank } from '../../model/rotation.ts';

// In: containers that an operator drains. Out: notes for the rotation, and the progress of each drain.

/**
 * The progress of a drain: `needed` while no other replica is ready to take over. `leaving` until every
 * frontend is proven to send the container nothing new, then `out`. `gone` when the container no longer runs.
 */
export interface DrainState {
  readonly container: string;
  readonly id: string;
  readonly state: 'leaving' | 'needed' | 'out' | 'gone';
  readonly reason: string;
}

/** The operator's calls about drains: `meet-gen drain` and `--cancel`. */
export interface DrainControl {
  /**
   * Takes containers out of rotation, given by name or by at least four first letters of their ids, and returns the
   * progress of each. A needed container stays in until the next call: two drained containers must not wait for each other.
   * @throws OperatorError when a name is unknown or ambiguous, or the source's advice; then nothing changes
   */
  drain(names: readonly string[]): readonly DrainState[];
  /** Puts containers back into rotation. @throws OperatorError for an unknown container */
  cancel(names: readonly string[]): readonly DrainState[];
}

export interface DrainPorts {
  readonly instances: () => readonly Instance[];
  /** Undefined once all frontends of the instance are proven to serve the last pass's routes, else the missing part in words. */
  readonly missingProof: (instance: string) => string | undefined;
  /** How long an old nginx worker may still take requests on a connection that it keeps open, in milliseconds. */
  readonly lingerMs: (instance: string) => number;
  readonly look: () => void;
  readonly nowMs: () => number;
  /** How to drain another way, where containers can't be drained by this meet-gen alone. */
  readonly advice?: string;
}

interface Found {
  readonly instance: Instance;
  readonly service: Pick<Service, 'replicas'>;
  readonly replica: Replica;
}

const shortestIdPart = 4;
const ranksThatGetRequests: readonly string[] = ['ready', 'starting', 'unhealthy'] satisfies Rank[];
const wholeId = /^[0-9a-f]{64}$/;

export function createDrainControl(drains: Drains, ports: DrainPorts): DrainControl {
  const all = (): readonly Found[] =>
    ports
      .instances()
      .flatMap((instance) => drainable(instance).flatMap((service) => service.replicas.map((replica) => ({ instance, service, replica }))));

  const find = (name: string): Found => {
    const named = all().filter(({ replica: { container } }) => container.name === name);
    const byId = name.length < shortestIdPart ? [] : all().filter(({ replica: { container } }) => container.id.startsWith(name));
    const [only, ...others] = named.length > 0 ? named : byId;
    if (only === undefined) throw new OperatorError(explainUnknown(name, ports.instances(), all()));
    if (others.length > 0)
      throw new OperatorError(`several containers have an id that starts with ${showUntrustedText(name)}: give more letters`);
    return only;
  };

  /** A whole id comes from an earlier answer: if the id is unknown now, the container was removed. */
  const resolve = (names: readonly string[]): { readonly found: readonly Found[]; readonly gone: readonly string[] } => {
    const gone = names.filter((name) => wholeId.test(name) && all().every(({ replica }) => replica.container.id !== name));
    return { gone, found: names.filter((name) => !gone.includes(name)).map(find) };
  };

  const stateOf = ({ instance, replica }: Found): Omit<DrainState, 'container' | 'id'> => {
    const { container, standing, inRotation } = replica;
    if (container.state !== 'running') return { state: 'gone', reason: `it does not run (${standing.reason})` };
    const unproven = ports.missingProof(instance.name);
    // A pass before the drain may have published the container as a standby.
    const isOut = !inRotation && !ranksThatGetRequests.includes(standing.rank);
    const outSinceMs = drains.noteOut(container.id, isOut, unproven === undefined, ports.nowMs());
    if (inRotation) return standing.rank === 'draining' ? needed : { state: 'leaving', reason: 'the routes are about to change' };
    if (outSinceMs === undefined) return { state: 'leaving', reason: unproven ?? 'the routes are about to change' };
    if (ports.nowMs() - outSinceMs < ports.lingerMs(instance.name))
      return { state: 'leaving', reason: 'nginx still finishes with clients whose connections were open' };
    return { state: 'out', reason: 'no frontend sends it new requests' };
  };

  return {
    drain(names) {
      if (ports.advice !== undefined) throw new OperatorError(ports.advice);
      const { found, gone } = resolve(names);
      const staying = (one: Replica): boolean =>
        one.standing.rank === 'ready' &&
        one.inRotation &&
        !drains.has(one.container.id) &&
        !found.some(({ replica }) => replica.container.id === one.container.id);
      const mayGo = found.filter(({ service, replica }) => !replica.inRotation || service.replicas.some(staying));
      const marked = drains.mark(
        mayGo.map(({ replica }) => replica.container.id),
        ports.nowMs(),
      );
      if (marked) ports.look();
      return [
        ...gone.map((id) => ({ container: id.slice(0, 12), id, state: 'gone', reason: 'the container no longer runs' }) as const),
        ...found.map((one) => describe(one, drains.has(one.replica.container.id) ? stateOf(one) : needed)),
      ];
    },
    cancel(names) {
      const { found } = resolve(names);
      drains.cancel(found.map(({ replica }) => replica.container.id));
      ports.look();
      return found.map((one) => describe(one, { state: 'gone', reason: 'it takes requests again' }));
    },
  };
}

/** Replicas in the routes: services, and behind a router the frontends. */
function drainable({ spa, services }: Instance): readonly Pick<Service, 'replicas'>[] {
  return [...(spa === undefined ? [] : [{ replicas: spa }]), ...services];
}

function describe({ replica: { container } }: Found, state: Omit<DrainState, 'container' | 'id'>): DrainState {
  return { container: showUntrustedText(container.name), id: container.id, ...state };
}

const needed = { state: 'needed', reason: 'no other replica is ready to take its requests' } as const;

function explainUnknown(name: string, instances: readonly Instance[], services: readonly Found[]): string {
  const shown = showUntrustedText(name);
  if (instances.some(({ frontends }) => frontends.some(({ container }) => container.name === name)))
    return `${shown} is a frontend or router: the outer proxy sends its requests, so meet-gen can't drain it`;
  const names = services.map(({ replica }) => replica.container.name);
  // Another number means another replica, not a typo.
  const meant = nearest(
    name,
    names.filter((one) => digitsOf(one) === digitsOf(name)),
  );
  const known =
    names.length === 0 ? 'meet-gen knows no backend or service yet' : `known are ${names.map((one) => showUntrustedText(one)).join(', ')}`;
  return `meet-gen knows no container ${shown}${meant === undefined ? '' : `, did you mean ${showUntrustedText(meant)}`}; ${known}`;
}

function digitsOf(text: string): string {
  return text.replace(/[^0-9]/g, '');
}
