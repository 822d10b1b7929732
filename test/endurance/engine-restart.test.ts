import { stat } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fleetingBackend, lastingBackends, startLastingMeet, type LastingMeet } from '../support/lasting-meet.ts';
import { waitUntil } from '../support/wait-until.ts';

// How soon the routes are right once an engine that was killed or restarted answers again, all addresses changed
// meanwhile and no event to come. The short form, without times, is test/e2e/engine-restart.

const roundsOfEach = 4;
/** Ours: from the engine's first answer until the file is right. */
const publishedWithinMs = 1000;
/** And nginx's: ten answers in a row of nothing else, from every frontend. */
const liveWithinMs = publishedWithinMs + 1000;

let stack: LastingMeet;

beforeAll(async () => {
  stack = await startLastingMeet('return');
});
afterAll(() => stack?.down());

/** Every frontend is proven to serve what is published now. */
async function allLive(): Promise<boolean> {
  const [instance] = (await stack.hosted.status()).instances;
  const generation = /return 200 "([0-9a-f]{16}) /.exec(await stack.hosted.published())?.[1];
  return instance?.frontends.every(({ phase, runningGeneration }) => phase === 'live' && runningGeneration === generation) === true;
}

async function measureReturn(signal: 'SIGKILL' | 'SIGTERM'): Promise<{ publishedMs: number; liveMs: number }> {
  const { engine, hosted } = stack;
  await hosted.meet.docker('start', hosted.meet.container(fleetingBackend));
  await stack.backendsAre([...lastingBackends, fleetingBackend]);
  const [addresses, file] = [await stack.addresses(), await hosted.published()];
  await engine.end(signal);
  await waitUntil('the engine is missed', async () => !(await hosted.status()).engine.connected);
  await engine.start();
  const backAtMs = Date.now();
  await waitUntil('another file is live', async () => (await hosted.published()) !== file && (await allLive()));
  const liveMs = Date.now() - backAtMs;
  const { mtimeMs, ino } = await stat(hosted.file);
  // What was live then was right, and stayed.
  await stack.backendsAre(lastingBackends);
  expect(await hosted.render()).toBe(await hosted.published());
  expect((await stat(hosted.file)).ino).toBe(ino);
  expect(await stack.addresses()).not.toEqual(addresses);
  return { publishedMs: mtimeMs - backAtMs, liveMs };
}

test.each(['SIGKILL', 'SIGTERM'] as const)('%s of the engine: right at once after its return', async (signal) => {
  for (let round = 1; round <= roundsOfEach; round += 1) {
    const { publishedMs, liveMs } = await measureReturn(signal);
    console.log(
      `${signal}, round ${round}: published ${Math.round(publishedMs)} ms after the engine's first answer, live after ${liveMs} ms`,
    );
    expect(publishedMs).toBeLessThan(publishedWithinMs);
    expect(liveMs).toBeLessThan(liveWithinMs);
  }
});
