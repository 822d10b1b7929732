import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedEngine } from '../providers/engine/provided.ts';
import { gthread, impatient, uvicorn } from '../support/rolling/backend-servers.ts';
import { replaceBackends } from '../support/rolling/replace.ts';
import { startRollingMeet, type RollingMeet } from '../support/rolling/rolling-meet.ts';
import { measureLoad, underLoad } from '../support/rolling/under-load.ts';
import { cutBy } from '../support/rolling/verdict.ts';
import { waitUntil } from '../support/wait-until.ts';

// Backends that close nginx's kept connections, as often as possible at the moment of the next request.

const requestsOfEach = 20_000;
const clients = 64;

let rolling: RollingMeet;

/** Changes the template to send every request over kept connections, and waits until the frontends serve it. */
async function keepConnectionsForAll(): Promise<void> {
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

  test('no request fails, and nginx repeats some GETs', async () => {
    const { summary, sentAgain } = await underLoad(rolling, { name: part, requestsOfEach, act: async () => [] });
    expect(summary.failed).toEqual({ GET: 0, POST: 0 });
    expect(sentAgain).toBeGreaterThan(0);
  });

  test('a template that sends POST over kept connections loses some POSTs', async () => {
    await keepConnectionsForAll();
    const { summary } = await measureLoad(rolling, { name: `${part}-all`, requestsOfEach, act: async () => [] });
    expect(summary.failed.GET).toBe(0);
    expect(summary.failed.POST).toBeGreaterThan(0);
  });
});

// The pause is as long as the server's keep-alive time. nginx's own time is shorter, so it never meets the server's.
describe.sequential.each([
  { server: 'gunicorn with threads, 1 s', backend: gthread(1), pauseMs: [800, 1200] as const, part: 'gthread-1s' },
  { server: 'gunicorn with threads, 5 s', backend: gthread(5), pauseMs: [0, 200] as const, part: 'gthread-5s' },
  { server: 'uvicorn, 1 s', backend: uvicorn(1), pauseMs: [800, 1200] as const, part: 'uvicorn-1s' },
])('$server', ({ backend, pauseMs, part }) => {
  beforeAll(async () => {
    rolling = await startRollingMeet(providedEngine(), part, { backends: 2, backend, load: { clients: 256, pauseMs } });
  });
  afterAll(() => rolling?.meet.down());

  test('without a drain no GET fails, and only a POST that the stop cuts off', async () => {
    const act = async () => replaceBackends(rolling);
    await underLoad(rolling, { name: part, requestsOfEach: 5000, act, excuse: cutBy });
  });
});
