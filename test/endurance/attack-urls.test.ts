import { afterAll, beforeAll, describe, test } from 'vitest';
import { providedEngine, providedImages } from '../providers/engine/provided.ts';
import { attackUrls, expectOrdinaryServed } from '../support/url-attack/attack.ts';
import { renderGuarded, startUrlWorld } from '../support/url-attack/world.ts';
import type { UrlWorld } from '../support/url-attack/world.ts';

/* The long form of test/e2e/attack-urls. `URL_SEED` repeats the targets of a run, `URL_TARGETS` sets their number. */

const targets = Number(process.env['URL_TARGETS'] ?? 100_000);
const targetsAtOnce = 10_000;
const firstSeed = Number(process.env['URL_SEED'] ?? Date.now() % 1_000_000_000);

describe.each(['1.30', '1.22'] as const)('on nginx %s', (series) => {
  let world: UrlWorld;
  beforeAll(async () => {
    world = await startUrlWorld(providedEngine(), providedImages(), series, await renderGuarded());
  });
  afterAll(() => world?.remove());

  test(`${targets} hostile targets reach no guarded path, and as many ordinary targets reach their service (URL_SEED=${firstSeed})`, async () => {
    const startMs = performance.now();
    for (let sent = 0; sent < targets; sent += targetsAtOnce) {
      const count = Math.min(targetsAtOnce, targets - sent);
      await attackUrls(world, firstSeed + sent, count);
      await expectOrdinaryServed(world, firstSeed + sent, count);
    }
    console.log(`attack-urls: ${targets} of each on nginx ${series} in ${Math.round((performance.now() - startMs) / 1000)} s`);
  });
});
