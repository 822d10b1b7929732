import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { fleetingBackend, lastingBackends, startLastingMeet, type LastingMeet } from '../../support/lasting-meet.ts';
import { httpGet } from '../../support/http-get.ts';
import { waitUntil } from '../../support/wait-until.ts';

// The engine itself is killed or restarted, an engine of this test's own. meet-gen, a process outside of it, hears of
// nothing meanwhile: containers that come back do so at other addresses, others don't come back. Its resync comes after
// an hour, and once the engine answers again nothing happens any more.

const everybody = [...lastingBackends, fleetingBackend];

let stack: LastingMeet;

beforeAll(async () => {
  stack = await startLastingMeet('restart');
});
afterAll(() => stack?.down());
stopAtFirstFailure();

/** What a visitor gets while there is no engine to ask for the port. */
async function visit(place: { readonly host: string; readonly port: number }): Promise<number> {
  return (await httpGet(place, '/api/v1.0/config/')).status;
}

describe.sequential('the engine goes and comes back', () => {
  let addresses: readonly string[];

  test('before: everybody is routed', async () => {
    await stack.backendsAre(everybody);
    addresses = await stack.addresses();
  });

  test('it is killed: what was served goes on being served, and meet-gen says that the engine is away', async () => {
    const { meet, status } = stack.hosted;
    const frontend = { host: stack.engine.publishAddress, port: (await meet.port('frontend-1', 8083)) ?? NaN };
    await stack.engine.end('SIGKILL');
    expect(await visit(frontend)).toBe(200);
    await waitUntil('the engine is missed', async () => (await status()).problems.some(({ code }) => code === 'engine-unreachable'));
    expect(await visit(frontend)).toBe(200);
  });

  test('it is back, the addresses are others: the routes are right, and nothing is left to complain about', async () => {
    await stack.engine.start();
    await stack.backendsAre(lastingBackends);
    expect(await stack.addresses()).not.toEqual(addresses);
    await waitUntil('nothing is wrong', async () => (await stack.hosted.status()).problems.length === 0);
  });

  test('it is killed while a backend is being stopped, and back before meet-gen looks up: that backend is in rotation, too', async () => {
    const { meet, sidecar, status } = stack.hosted;
    const stopping = meet.docker('stop', '--time', '60', meet.container('stubborn-1')).catch(() => undefined);
    await waitUntil('it is out of rotation, and runs', async () => {
      const replicas = (await status()).instances.flatMap(({ services }) => services.flatMap((service) => service.replicas));
      return replicas.some(({ state, reason }) => state === 'running' && reason.includes('stop signal'));
    });
    // A call that failed would be tried again by itself.
    await stack.hosted.converged();
    sidecar().signal('SIGSTOP');
    await stack.engine.end('SIGKILL');
    await stopping;
    await stack.engine.start();
    sidecar().signal('SIGCONT');
    await stack.backendsAre(lastingBackends);
  });

  test('a render of its own says what is published', async () => {
    expect(await stack.hosted.render()).toBe(await stack.hosted.published());
  });
});
