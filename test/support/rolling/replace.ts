import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../wait-until.ts';
import type { RollingMeet } from './rolling-meet.ts';

/** Takes replicas out of rotation before they are stopped. */
export type TakeOut = (rolling: RollingMeet, names: readonly string[]) => Promise<void>;

/** A stopped replica. */
export interface Removed {
  /** The host name in its answers. */
  readonly hostname: string;
  /** The address in nginx's log: `172.19.0.3:8000`. */
  readonly endpoint: string;
  /**
   * After this time (milliseconds since 1970) it must not have received new requests. Undefined if it was stopped
   * without a drain.
   */
  readonly outAtMs?: number;
}

/** `meet-gen drain`: ends once every frontend is proven to send no new requests there. */
export const byDrain: TakeOut = async ({ meet }, names) => {
  await meet.docker('exec', meet.container('meet-gen-1'), 'meet-gen', 'drain', ...names.map(meet.container));
};

/**
 * Makes the replicas' health checks fail, as a hook before the stop can do from inside. Proven at that point: new
 * connections go elsewhere. A kept-alive connection may still send one request the old way, until
 * `keepalive_min_timeout` ends.
 */
export const byFailingHealth: TakeOut = async ({ meet }, names) => {
  const containers = names.map(meet.container);
  await Promise.all(containers.map((container) => meet.docker('exec', container, 'touch', '/tmp/unhealthy')));
  await waitUntil(`${names.join()} are out of rotation in every frontend`, async () => {
    const { converged, instances } = await meet.status();
    const replicas = instances.flatMap(({ services }) => services.flatMap((service) => service.replicas));
    const out = replicas.filter(({ container, inRotation }) => containers.includes(container) && !inRotation);
    return converged && out.length === names.length;
  });
  await sleep(keepaliveMinTimeoutMs);
};
const keepaliveMinTimeoutMs = 2000;

/**
 * Replaces all backends as `docker rollout` does: starts as many new replicas, waits until they are healthy, then stops
 * and removes all old replicas at once.
 * @param takeOut how the old replicas leave the rotation before the stop. By default they don't
 */
export async function replaceBackends(rolling: RollingMeet, takeOut?: TakeOut): Promise<readonly Removed[]> {
  const old = await rolling.backends();
  await rolling.meet.scale({ backend: old.length * 2 });
  await rolling.healthy((await rolling.backends()).filter((name) => !old.includes(name)));
  return remove(rolling, old, takeOut);
}

/** Stops these backends at once, after `takeOut` if given, and removes them. */
export async function remove(rolling: RollingMeet, names: readonly string[], takeOut?: TakeOut): Promise<readonly Removed[]> {
  const { meet } = rolling;
  await takeOut?.(rolling, names);
  const out = takeOut === undefined ? {} : { outAtMs: Date.now() };
  const removed = await Promise.all(names.map(async (name) => ({ ...(await identify(rolling, name)), ...out })));
  const containers = names.map(meet.container);
  await meet.docker('stop', ...containers);
  await meet.docker('rm', ...containers);
  return removed;
}

/** A replica's names in answers and in nginx's log. */
export async function identify({ meet }: RollingMeet, name: string): Promise<Removed> {
  const [hostname, address] = await Promise.all([meet.inspect(name, '{{.Config.Hostname}}'), meet.address(name, meet.internalNetwork)]);
  return { hostname, endpoint: `${address}:8000` };
}
