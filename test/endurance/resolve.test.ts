import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { withResolve } from '../e2e/docs/resolve-block.ts';
import { providedEngine } from '../providers/engine/provided.ts';
import type { Load } from '../support/load/start-load.ts';
import { gthread } from '../support/rolling/backend-servers.ts';
import { identify, replaceBackends, type Removed } from '../support/rolling/replace.ts';
import { startRollingMeet, type RollingMeet } from '../support/rolling/rolling-meet.ts';
import { measureLoad, underLoad } from '../support/rolling/under-load.ts';
import { cutBy, killedWith } from '../support/rolling/verdict.ts';

// The simpler alternative: the hand-written file with the lines of docs/alternatives.md, with which nginx (1.27.3 and
// newer) resolves names. The test prints the figures for docs/rolling-measurements.md, and asserts only the losses with
// meet-gen.

const requestsOfEach = 20_000;
const requestsBetween = 2000;
const replacements = 3;

const seed = readFileSync(new URL('../e2e/seed/nginx-routing.conf', import.meta.url), 'utf8');
const resolving = withResolve(seed).replace('listen 8083;', 'listen 8083; access_log off;');

/** Replaces both backends several times, without a drain. */
const replaceBoth =
  (rolling: RollingMeet) =>
  async (load: Load): Promise<readonly Removed[]> => {
    const removed: Removed[] = [];
    for (let round = 0; round < replacements; round++) {
      await load.more(requestsBetween);
      removed.push(...(await replaceBackends(rolling)));
    }
    return removed;
  };

const killOne =
  (rolling: RollingMeet) =>
  async (load: Load): Promise<readonly Removed[]> => {
    const [name = ''] = await rolling.backends();
    await load.more(requestsBetween);
    const killed = await identify(rolling, name);
    await rolling.meet.docker('kill', rolling.meet.container(name));
    return [killed];
  };

describe.sequential.each([
  { part: 'resolve-sync', measure: measureLoad, options: { handWritten: resolving } },
  { part: 'meet-gen-sync', measure: underLoad, options: {} },
  { part: 'resolve-gthread', measure: measureLoad, options: { handWritten: resolving, backend: gthread(2) } },
  { part: 'meet-gen-gthread', measure: underLoad, options: { backend: gthread(2) } },
])('$part', ({ part, measure, options }) => {
  let rolling: RollingMeet;

  beforeAll(async () => {
    rolling = await startRollingMeet(providedEngine(), part, { backends: 2, ...options });
  });
  afterAll(() => rolling?.meet.down());

  test('both backends are replaced without a drain', async () => {
    await measure(rolling, { name: `${part}-stopped`, requestsOfEach, act: replaceBoth(rolling), excuse: cutBy });
  });

  test('one of two backends is killed', async () => {
    await measure(rolling, { name: `${part}-killed`, requestsOfEach, act: killOne(rolling), excuse: killedWith });
  });
});
