import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../wait-until.ts';
import type { RollingMeet } from './rolling-meet.ts';

/** Sees to it that replicas get no new requests, before they are stopped. */
export type TakeOut = (rolling: RollingMeet, names: readonly string[]) => Promise<void>;

/** A replica that was stopped. */
export interface Removed {
  /** What it calls itself in its answers. */
  readonly hostname: string;
  /** `172.19.0.3:8000`, as nginx's log has it. */
  readonly endpoint: string;
  /** From then on (milliseconds since 1970) it must not have got new requests; nothing when it was stopped without a word. */
  readonly outAtMs?: number;
}

/** `meet-gen drain`: returns once every frontend is proven not to send new requests there. */
export const byDrain: TakeOut = async ({ meet }, names) => {
  await meet.docker('exec', meet.container('meet-gen-1'), 'meet-gen', 'drain', ...names.map(meet.container));
};

/**
 * The replicas' own health checks fail: a hook before the stop can do that from inside. What was proven then is that new
 * connections go elsewhere; a kept-alive one may have one more request go the old way until `keepalive_min_timeout` is over.
 */
export const byFailingHealth: TakeOut = async ({ meet }, names) => {
  const containers = names.map(meet.container);
  await Promise.all(containers.map((container) => meet.docker('exec', container, 'touch', '/tmp/unhealthy')));
  await waitUntil(`${names.join()} are out of rotation everywhere`, async () => {
    const { converged, instances } = await meet.status();
    const replicas = instances.flatMap(({ services }) => services.flatMap((service) => service.replicas));
    const out = replicas.filter(({ container, inRotation }) => containers.includes(container) && !inRotation);
    return converged && out.length === names.length;
  });
  await sleep(keepaliveMinTimeoutMs);
};
const keepaliveMinTimeoutMs = 2000;

/**
 * Replaces all backends the way `docker rollout` does: as many new ones beside the old, wait until they are healthy,
 * then stop all old ones at once, and remove them.
 * @param takeOut done with the old ones before they are stopped; nothing otherwise
 */
export async function replaceBackends(rolling: RollingMeet, takeOut?: TakeOut): Promise<readonly Removed[]> {
  const old = await rolling.backends();
  await rolling.meet.scale({ backend: old.length * 2 });
  await rolling.healthy((await rolling.backends()).filter((name) => !old.includes(name)));
  return remove(rolling, old, takeOut);
}

/** Stops these backends at once, taken out of rotation before if so wanted, and removes them. */
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

/** How a replica shows in answers and in nginx's log. */
export async function identify({ meet }: RollingMeet, name: string): Promise<Removed> {
  const [hostname, address] = await Promise.all([meet.inspect(name, '{{.Config.Hostname}}'), meet.address(name, meet.internalNetwork)]);
  return { hostname, endpoint: `${address}:8000` };
}
