import { stat } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fleetingBackend, lastingBackends, startLastingMeet, type LastingMeet } from '../support/lasting-meet.ts';
import { waitUntil } from '../support/wait-until.ts';

// The time until the routes are right after the engine was killed or restarted. All addresses change meanwhile, and no
// event follows. The short form, without times, is test/e2e/engine-restart.

const roundsOfEach = 4;
/** For meet-gen: from the engine's first answer until the file is right. */
const publishedWithinMs = 1000;
/** For nginx too: until every frontend sends ten answers of the new generation in a row. */
const liveWithinMs = publishedWithinMs + 1000;

let stack: LastingMeet;

beforeAll(async () => {
  stack = await startLastingMeet('return');
});
afterAll(() => stack?.down());

/** True if every frontend is proven to serve the published file. */
async function isAllLive(): Promise<boolean> {
  const [instance] = (await stack.hosted.status()).instances;
  const generation = /return 200 "([0-9a-f]{16}) /.exec(await stack.hosted.published())?.[1];
  return instance?.frontends.every(({ phase, runningGeneration }) => phase === 'live' && runningGeneration === generation) === true;
}

async function measureReturn(signal: 'SIGKILL' | 'SIGTERM'): Promise<{ publishedMs: number; liveMs: number }> {
  const { engine, hosted } = stack;
  await hosted.meet.docker('start', hosted.meet.container(fleetingBackend));
  await stack.waitForBackends([...lastingBackends, fleetingBackend]);
  const [addresses, file] = [await stack.addresses(), await hosted.published()];
  await engine.end(signal);
  await waitUntil('meet-gen reports the unreachable engine', async () => !(await hosted.status()).engine.connected);
  await engine.start();
  const backAtMs = Date.now();
  await waitUntil('another file is live', async () => (await hosted.published()) !== file && (await isAllLive()));
  const liveMs = Date.now() - backAtMs;
  const { mtimeMs, ino } = await stat(hosted.file);
  // The live file was right, and stays.
  await stack.waitForBackends(lastingBackends);
  expect(await hosted.render()).toBe(await hosted.published());
  expect((await stat(hosted.file)).ino).toBe(ino);
  expect(await stack.addresses()).not.toEqual(addresses);
  return { publishedMs: mtimeMs - backAtMs, liveMs };
}

test.each(['SIGKILL', 'SIGTERM'] as const)('serves the right routes within 2 s of the engine’s return after %s', async (signal) => {
  for (let round = 1; round <= roundsOfEach; round += 1) {
    const { publishedMs, liveMs } = await measureReturn(signal);
    console.log(
      `${signal}, round ${round}: published ${Math.round(publishedMs)} ms after the engine's first answer, live after ${liveMs} ms`,
    );
    expect(publishedMs).toBeLessThan(publishedWithinMs);
    expect(liveMs).toBeLessThan(liveWithinMs);
  }
});
