import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedEngine } from '../providers/engine/provided.ts';
import { gthread, impatient, uvicorn } from '../support/rolling/backend-servers.ts';
import { replaceBackends } from '../support/rolling/replace.ts';
import { startRollingMeet, type RollingMeet } from '../support/rolling/rolling-meet.ts';
import { measureLoad, underLoad } from '../support/rolling/under-load.ts';
import { cutBy } from '../support/rolling/verdict.ts';
import { waitUntil } from '../support/wait-until.ts';

// Backends that close the connections which nginx keeps to them, as often as can be in the moment in which it sends the next request.

const requestsOfEach = 20_000;
const clients = 64;

let rolling: RollingMeet;

/** Waits until the frontends serve what a template of the user's own makes of it. */
async function pooledForEverything(): Promise<void> {
  const { meet } = rolling;
  await meet.tool('sed', '-i', '/^map $request_method/,/^}/s/default "";/default 1;/', '/templates/routing.conf.eta');
  await waitUntil('the changed template is rendered', async () => (await meet.tool('cat', '/routing/routing.conf')).includes('default 1;'));
  await meet.converged();
}

describe.sequential.each([
  { closes: 'after 40 ms without a request', backend: impatient({ idleAfterMs: 40 }), pauseMs: [36, 44] as const, part: 'idle-40' },
  { closes: 'after 20 ms without a request', backend: impatient({ idleAfterMs: 20 }), pauseMs: [16, 24] as const, part: 'idle-20' },
  { closes: 'right after its third answer', backend: impatient({ afterRequests: 3 }), pauseMs: [0, 2] as const, part: 'third' },
])('a backend that closes each kept connection $closes', ({ backend, pauseMs, part }) => {
  beforeAll(async () => {
    rolling = await startRollingMeet(providedEngine(), part, { backends: 2, backend, load: { clients, pauseMs } });
  });
  afterAll(() => rolling?.meet.down());

  test('nothing failed, and many a GET was sent again', async () => {
    const { summary, sentAgain } = await underLoad(rolling, { name: part, requestsOfEach, act: async () => [] });
    expect(summary.failed).toEqual({ GET: 0, POST: 0 });
    expect(sentAgain).toBeGreaterThan(0);
  });

  test('a template that sends POST over kept connections, too, loses some of them', async () => {
    await pooledForEverything();
    const { summary } = await measureLoad(rolling, { name: `${part}-all`, requestsOfEach, act: async () => [] });
    expect(summary.failed.GET).toBe(0);
    expect(summary.failed.POST).toBeGreaterThan(0);
  });
});

// The pause is as long as the time after which the server closes: that it is never met is what a shorter time of nginx's own is for.
describe.sequential.each([
  { server: 'gunicorn with threads, 1 s', backend: gthread(1), pauseMs: [800, 1200] as const, part: 'gthread-1s' },
  { server: 'gunicorn with threads, 5 s', backend: gthread(5), pauseMs: [0, 200] as const, part: 'gthread-5s' },
  { server: 'uvicorn, 1 s', backend: uvicorn(1), pauseMs: [800, 1200] as const, part: 'uvicorn-1s' },
])('$server', ({ backend, pauseMs, part }) => {
  beforeAll(async () => {
    rolling = await startRollingMeet(providedEngine(), part, { backends: 2, backend, load: { clients: 256, pauseMs } });
  });
  afterAll(() => rolling?.meet.down());

  test('replaced by a bare stop: no GET failed, and no POST but those that the stop cut off', async () => {
    const act = async () => replaceBackends(rolling);
    await underLoad(rolling, { name: part, requestsOfEach: 5000, act, excuse: cutBy });
  });
});
