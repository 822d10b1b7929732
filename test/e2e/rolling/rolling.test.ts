import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedEngine } from '../../providers/engine/provided.ts';
import { gthread } from '../../support/rolling/backend-servers.ts';
import { byDrain, replaceBackends } from '../../support/rolling/replace.ts';
import { startRollingMeet, type RollingMeet } from '../../support/rolling/rolling-meet.ts';
import { underLoad } from '../../support/rolling/under-load.ts';
import { cutBy, resetBy } from '../../support/rolling/verdict.ts';

// The short form of test/endurance/rolling.test.ts: failures under strict clients at full speed, while both replicas
// are replaced.

const requestsOfEach = 2000;
const requestsBefore = 1000;

let rolling: RollingMeet;

describe.sequential.each([
  { title: 'gunicorn with sync workers', name: 'rolling', backend: {}, excuse: resetBy },
  { title: 'gunicorn with threads, which keep connections', name: 'rolling-gthread', backend: gthread(2), excuse: cutBy },
])('$title', ({ name, backend, excuse }) => {
  beforeAll(async () => {
    rolling = await startRollingMeet(providedEngine(), name, { backends: 2, backend });
  });
  afterAll(() => rolling?.meet.down());

  test('no request fails when each replica is drained before its stop', async () => {
    const { summary, hosts } = await underLoad(rolling, {
      name: 'drained',
      requestsOfEach,
      async act(load) {
        await load.more(requestsBefore);
        return replaceBackends(rolling, byDrain);
      },
    });
    expect(summary.failed).toEqual({ GET: 0, POST: 0 });
    expect(hosts).toBe(4);
  });

  test('without a drain no GET fails, and only a POST that the stop cuts off', async () => {
    const { hosts } = await underLoad(rolling, {
      name: 'bare',
      requestsOfEach,
      async act(load) {
        await load.more(requestsBefore);
        return replaceBackends(rolling);
      },
      excuse,
    });
    expect(hosts).toBe(4);
  });
});
