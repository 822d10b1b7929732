import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedEngine } from '../providers/engine/provided.ts';
import type { Load } from '../support/load/start-load.ts';
import { gthread, uvicorn } from '../support/rolling/backend-servers.ts';
import { byDrain, byFailingHealth, identify, remove, replaceBackends, type Removed, type TakeOut } from '../support/rolling/replace.ts';
import { startRollingMeet, type RollingMeet } from '../support/rolling/rolling-meet.ts';
import { underLoad } from '../support/rolling/under-load.ts';
import { cutBy, killedWith, resetBy } from '../support/rolling/verdict.ts';

// 16 strict clients at full speed while everything is replaced. A strict client repeats no request, and counts each
// answer as a failure that isn't the API's whole answer with status 200. The test prints the figures for docs/.

/** Requests between two changes, so that the load is undisturbed before each change. */
const requestsBetween = 2000;
const longestMs = 10_000;
const reloadsInARow = 36;
/** A busy machine answers more than 250 requests a second, so this makes more than 36 reloads a minute. */
const requestsBetweenReloads = 400;

let rolling: RollingMeet;

/** Replaces all replicas several times. */
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

/** Scales from one replica to five, and back. */
const scaleUpAndDown =
  (takeOut?: TakeOut) =>
  async (load: Load): Promise<readonly Removed[]> => {
    const removed = [...(await remove(rolling, (await rolling.backends()).slice(1), takeOut))];
    await load.more(requestsBetween);
    await rolling.meet.scale({ backend: 5 });
    await rolling.healthy(await rolling.backends());
    // meet-gen may delay ready replicas after many reloads.
    await rolling.meet.converged();
    await load.more(requestsBetween);
    removed.push(...(await remove(rolling, (await rolling.backends()).slice(1), takeOut)));
    await load.more(requestsBetween);
    return removed;
  };

/** Kills one of two backends and starts it again, three times. */
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

/** Reloads faster than meet-gen, which waits for the proof of each reload. */
async function reloadInARow(load: Load): Promise<readonly Removed[]> {
  for (let count = 0; count < reloadsInARow; count++) {
    await rolling.meet.docker('kill', '--signal', 'HUP', ...['frontend-1', 'second-frontend-1'].map(rolling.meet.container));
    await load.more(requestsBetweenReloads);
  }
  return [];
}

async function scaleToTwo(): Promise<void> {
  await rolling.meet.scale({ backend: 2 });
  await rolling.healthy(await rolling.backends());
  await rolling.meet.converged();
}

const straight = 'straight at the frontend';
const outer = 'through an outer nginx that keeps its connections';

/** Servers other than Meet's own get fewer requests and replacements, or the file would take hours. */
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

  test('no request fails when each replica is drained before its stop', async () => {
    const { summary, hosts } = await underLoad(rolling, { name: named('drained'), requestsOfEach, act: replaceAll(replacements, byDrain) });
    expect(summary.failed).toEqual({ GET: 0, POST: 0 });
    expect(hosts).toBe(2 + 2 * replacements);
    expect(summary.latencyMs.max).toBeLessThan(longestMs);
  });

  test('no request fails when the health check of each replica fails before its stop', async () => {
    const { summary, hosts } = await underLoad(rolling, {
      name: named('ill'),
      requestsOfEach,
      act: replaceAll(replacements, byFailingHealth),
    });
    expect(summary.failed).toEqual({ GET: 0, POST: 0 });
    expect(hosts).toBe(2 + 2 * replacements);
  });

  test('without a drain no GET fails, and only a POST that the stop cuts off', async () => {
    const { hosts } = await underLoad(rolling, { name: named('bare'), requestsOfEach, act: replaceAll(replacements), excuse });
    expect(hosts).toBe(2 + 2 * replacements);
  });

  test('no request fails when it scales to five and, with drains, back to one', async () => {
    const { summary, hosts } = await underLoad(rolling, { name: named('scaled'), requestsOfEach, act: scaleUpAndDown(byDrain) });
    expect(summary.failed).toEqual({ GET: 0, POST: 0 });
    expect(hosts).toBe(6);
  });

  test('when it scales to five and, without drains, back to one, no GET fails, and only a POST that the stop cuts off', async () => {
    await scaleToTwo();
    const { hosts } = await underLoad(rolling, { name: named('scaled-bare'), requestsOfEach, act: scaleUpAndDown(), excuse });
    expect(hosts).toBe(6);
  });

  test('no request fails when the only replica is drained before its stop', async () => {
    const { summary, hosts } = await underLoad(rolling, { name: named('only'), requestsOfEach, act: replaceAll(replacements, byDrain) });
    expect(summary.failed).toEqual({ GET: 0, POST: 0 });
    expect(hosts).toBe(1 + replacements);
  });

  test('without a drain of the only replica no GET fails, and only a POST that the stop cuts off', async () => {
    const { hosts } = await underLoad(rolling, { name: named('only-bare'), requestsOfEach, act: replaceAll(replacements), excuse });
    expect(hosts).toBe(1 + replacements);
  });

  test('a kill of one of two fails only a GET with half an answer, and a POST in progress', async () => {
    await scaleToTwo();
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

  test(`no request fails during ${reloadsInARow} reloads of both in a row`, async () => {
    const { summary, reloads } = await underLoad(rolling, { name: `${part}-reloaded`, requestsOfEach, act: reloadInARow });
    expect(summary.failed).toEqual({ GET: 0, POST: 0 });
    expect(reloads).toBeGreaterThanOrEqual(reloadsInARow);
  });

  test('while one is restarted repeatedly no GET fails, and only a POST that the stop cuts off', async () => {
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
