import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedEngine } from '../providers/engine/provided.ts';
import type { Load } from '../support/load/start-load.ts';
import { gthread, uvicorn } from '../support/rolling/backend-servers.ts';
import { byDrain, byFailingHealth, identify, remove, replaceBackends, type Removed, type TakeOut } from '../support/rolling/replace.ts';
import { startRollingMeet, type RollingMeet } from '../support/rolling/rolling-meet.ts';
import { underLoad } from '../support/rolling/under-load.ts';
import { cutBy, killedWith, resetBy } from '../support/rolling/verdict.ts';

// 16 strict clients at full speed while everything is replaced. Strict: nothing is sent again by them, and whatever isn't the
// API's whole answer with status 200 is a failure. The figures are printed, to be kept in docs/.

/** Between two changes, so that each meets a load that runs undisturbed. */
const requestsBetween = 2000;
const longestMs = 10_000;
const reloadsInARow = 36;
/** A busy machine answers more than 250 a second, and so sees more than 36 reloads a minute. */
const requestsBetweenReloads = 400;

let rolling: RollingMeet;

/** All replicas replaced, several times. */
const replaceAll =
  (replacements: number, takeOut?: TakeOut) =>
  async (load: Load): Promise<readonly Removed[]> => {
    const removed: Removed[] = [];
    for (let round = 0; round < replacements; round++) {
      await load.more(requestsBetween);
      removed.push(...(await replaceBackends(rolling, takeOut)));
    }
    return removed;
  };

/** One replica, five, and one again. */
const scaleUpAndDown =
  (takeOut?: TakeOut) =>
  async (load: Load): Promise<readonly Removed[]> => {
    const removed = [...(await remove(rolling, (await rolling.backends()).slice(1), takeOut))];
    await load.more(requestsBetween);
    await rolling.meet.scale({ backend: 5 });
    await rolling.healthy(await rolling.backends());
    // Ready replicas may have to wait a moment when there were many reloads.
    await rolling.meet.converged();
    await load.more(requestsBetween);
    removed.push(...(await remove(rolling, (await rolling.backends()).slice(1), takeOut)));
    await load.more(requestsBetween);
    return removed;
  };

/** SIGKILL to one of two, and the start of it again; three times. */
async function killOneOfTwo(load: Load): Promise<readonly Removed[]> {
  const killed: Removed[] = [];
  for (const name of [...(await rolling.backends()), ...(await rolling.backends()).slice(0, 1)]) {
    await load.more(requestsBetween);
    killed.push(await identify(rolling, name));
    await rolling.meet.docker('kill', rolling.meet.container(name));
    await load.more(requestsBetween);
    await rolling.meet.docker('start', rolling.meet.container(name));
    await rolling.healthy([name]);
  }
  return killed;
}

/** Faster than meet-gen would: it waits for the proof of each. */
async function reloadInARow(load: Load): Promise<readonly Removed[]> {
  for (let count = 0; count < reloadsInARow; count++) {
    await rolling.meet.docker('kill', '--signal', 'HUP', ...['frontend-1', 'second-frontend-1'].map(rolling.meet.container));
    await load.more(requestsBetweenReloads);
  }
  return [];
}

async function twoBackends(): Promise<void> {
  await rolling.meet.scale({ backend: 2 });
  await rolling.healthy(await rolling.backends());
  await rolling.meet.converged();
}

const straight = 'straight at the frontend';
const outer = 'through an outer nginx that keeps its connections';

/** Other servers than Meet's own: fewer of everything, or the file would take hours. */
const other = { requestsOfEach: 10_000, replacements: 3, excuse: cutBy };
const meets = { backend: {}, requestsOfEach: 20_000, replacements: 6, excuse: resetBy };

describe.sequential.each([
  { server: 'gunicorn with sync workers', part: 'rolling', front: straight, ...meets },
  { server: 'gunicorn with sync workers', part: 'rolling-outer', front: outer, ...meets },
  { server: 'gunicorn with threads', part: 'gthread', front: straight, backend: gthread(2), ...other },
  { server: 'uvicorn', part: 'uvicorn', front: straight, backend: uvicorn(5), ...other },
])('$server, $front', ({ part, front, backend, requestsOfEach, replacements, excuse }) => {
  const named = (name: string): string => `${part}-${name}`;

  beforeAll(async () => {
    rolling = await startRollingMeet(providedEngine(), part, { backends: 2, backend, outer: front === outer });
  });
  afterAll(() => rolling?.meet.down());

  test('replaced again and again, each drained before its stop: nothing failed', async () => {
    const { summary, hosts } = await underLoad(rolling, { name: named('drained'), requestsOfEach, act: replaceAll(replacements, byDrain) });
    expect(summary.failed).toEqual({ GET: 0, POST: 0 });
    expect(hosts).toBe(2 + 2 * replacements);
    expect(summary.latencyMs.max).toBeLessThan(longestMs);
  });

  test('replaced again and again, the health check of each failing before its stop: nothing failed', async () => {
    const { summary, hosts } = await underLoad(rolling, {
      name: named('ill'),
      requestsOfEach,
      act: replaceAll(replacements, byFailingHealth),
    });
    expect(summary.failed).toEqual({ GET: 0, POST: 0 });
    expect(hosts).toBe(2 + 2 * replacements);
  });

  test('replaced again and again by a bare stop: no GET failed, and no POST but those that the stop cut off', async () => {
    const { hosts } = await underLoad(rolling, { name: named('bare'), requestsOfEach, act: replaceAll(replacements), excuse });
    expect(hosts).toBe(2 + 2 * replacements);
  });

  test('scaled to five and back to one, each drained before its stop: nothing failed', async () => {
    const { summary, hosts } = await underLoad(rolling, { name: named('scaled'), requestsOfEach, act: scaleUpAndDown(byDrain) });
    expect(summary.failed).toEqual({ GET: 0, POST: 0 });
    expect(hosts).toBe(6);
  });

  test('scaled to five and back to one by a bare stop: no GET failed, and no POST but those that the stop cut off', async () => {
    await twoBackends();
    const { hosts } = await underLoad(rolling, { name: named('scaled-bare'), requestsOfEach, act: scaleUpAndDown(), excuse });
    expect(hosts).toBe(6);
  });

  test('the only replica is replaced, drained before its stop: nothing failed', async () => {
    const { summary, hosts } = await underLoad(rolling, { name: named('only'), requestsOfEach, act: replaceAll(replacements, byDrain) });
    expect(summary.failed).toEqual({ GET: 0, POST: 0 });
    expect(hosts).toBe(1 + replacements);
  });

  test('the only replica is replaced by a bare stop: no GET failed, and no POST but those that the stop cut off', async () => {
    const { hosts } = await underLoad(rolling, { name: named('only-bare'), requestsOfEach, act: replaceAll(replacements), excuse });
    expect(hosts).toBe(1 + replacements);
  });

  test('one of two is killed: no GET failed but half answers, and no POST but those that it was working on', async () => {
    await twoBackends();
    await underLoad(rolling, { name: named('killed'), requestsOfEach, act: killOneOfTwo, excuse: killedWith });
  });
});

describe.sequential.each([
  { server: 'gunicorn with sync workers', part: 'frontends', ...meets },
  { server: 'gunicorn with threads', part: 'frontends-gthread', ...other, backend: gthread(2) },
])('$server, two frontends behind an outer nginx', ({ part, backend, requestsOfEach, replacements }) => {
  beforeAll(async () => {
    rolling = await startRollingMeet(providedEngine(), part, { backends: 2, backend, outer: true });
  });
  afterAll(() => rolling?.meet.down());

  test(`both are reloaded ${reloadsInARow} times in a row: nothing failed`, async () => {
    const { summary, reloads } = await underLoad(rolling, { name: `${part}-reloaded`, requestsOfEach, act: reloadInARow });
    expect(summary.failed).toEqual({ GET: 0, POST: 0 });
    expect(reloads).toBeGreaterThanOrEqual(reloadsInARow);
  });

  test('one is restarted again and again: no GET failed, and no POST but those that the stop cut off', async () => {
    const { meet } = rolling;
    const frontend = 'second-frontend-1';
    const restart = async (load: Load): Promise<readonly Removed[]> => {
      for (let round = 0; round < replacements; round++) {
        await load.more(requestsBetween);
        await meet.docker('restart', meet.container(frontend));
        await meet.converged();
      }
      return [];
    };
    const restarted = { endpoint: `${await meet.address(frontend, meet.proxyNetwork)}:8083` };
    await underLoad(rolling, { name: `${part}-restarted`, requestsOfEach, act: restart, excuse: () => resetBy([restarted]) });
  });
});
