import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { fleetingBackend, lastingBackends, startLastingMeet, type LastingMeet } from '../../support/lasting-meet.ts';
import { httpGet } from '../../support/http-get.ts';
import { waitUntil } from '../../support/wait-until.ts';

// This test's own engine is killed or restarted. meet-gen runs outside of it and misses all events meanwhile: some
// containers return at other addresses, others don't. No event comes after the engine's return, and the resync is an
// hour away.
const allBackends = [...lastingBackends, fleetingBackend];

let stack: LastingMeet;

beforeAll(async () => {
  stack = await startLastingMeet('restart');
});
afterAll(() => stack?.down());
stopAtFirstFailure();

/** The status that a visitor gets. While the engine is down it can't be asked for the port. */
async function visit(place: { readonly host: string; readonly port: number }): Promise<number> {
  return (await httpGet(place, '/api/v1.0/config/')).status;
}

describe.sequential('the engine ends and comes back', () => {
  let addresses: readonly string[];

  test('routes to every backend before the kill', async () => {
    await stack.waitForBackends(allBackends);
    addresses = await stack.addresses();
  });

  test('keeps serving while the engine is down, and reports that it is unreachable', async () => {
    const { meet, status } = stack.hosted;
    const frontend = { host: stack.engine.publishAddress, port: (await meet.port('frontend-1', 8083)) ?? NaN };
    await stack.engine.end('SIGKILL');
    expect(await visit(frontend)).toBe(200);
    await waitUntil('meet-gen reports the unreachable engine', async () =>
      (await status()).problems.some(({ code }) => code === 'engine-unreachable'),
    );
    expect(await visit(frontend)).toBe(200);
  });

  test('routes to the new addresses after the return, and reports no problem', async () => {
    await stack.engine.start();
    await stack.waitForBackends(lastingBackends);
    expect(await stack.addresses()).not.toEqual(addresses);
    await waitUntil('no problem is left', async () => (await stack.hosted.status()).problems.length === 0);
  });

  test('puts a backend back in rotation if the engine is killed during its stop', async () => {
    const { meet, sidecar, status } = stack.hosted;
    const stopping = meet.docker('stop', '--time', '60', meet.container('stubborn-1')).catch(() => undefined);
    await waitUntil('the stopping backend is out of rotation', async () => {
      const replicas = (await status()).instances.flatMap(({ services }) => services.flatMap((service) => service.replicas));
      return replicas.some(({ state, reason }) => state === 'running' && reason.includes('stop signal'));
    });
    // Without this wait, meet-gen could find the backend by the retry of a failed call.
    await stack.hosted.converged();
    sidecar().signal('SIGSTOP');
    await stack.engine.end('SIGKILL');
    await stopping;
    await stack.engine.start();
    sidecar().signal('SIGCONT');
    await stack.waitForBackends(lastingBackends);
  });

  test('a separate render equals the published file', async () => {
    expect(await stack.hosted.render()).toBe(await stack.hosted.published());
  });
});
