import { join } from 'node:path';
import { expect } from 'vitest';
import { test } from '../integration/scene.ts';
import { insideViewEnvironment, viewFromInside, viewFromOutside } from '../support/soak/process-view.ts';
import type { InsideView, OutsideView } from '../support/soak/process-view.ts';
import { soak } from '../support/soak/soak.ts';
import { growthOf, median } from '../support/soak/trend.ts';

const events = 100_000;
const restEvery = 2500;
const mostGrowth = 0.05;

interface Sample extends OutsideView, Pick<InsideView, 'timers' | 'others'> {
  readonly events: number;
}

/**
 * 100,000 random events of a Meet. Memory is measured in two ways, always while meet-gen is idle. Resident memory is
 * measured often, for its trend over the second half. The heap is measured at the end of each quarter, after a garbage
 * collection, which shows even a leak of a few bytes an event. Each quarter starts after such a collection.
 */
test('memory, descriptors and timers stay flat over 100,000 events', async ({ scene }) => {
  const seed = Number(process.env['SOAK_SEED'] ?? Date.now() % 1_000_000);
  console.log(`soak: SOAK_SEED=${seed}`);
  const viewSocket = join(scene.folder, 'view.sock');
  const samples: Sample[] = [];
  const heaps: number[] = [];
  const soaked = await soak(scene, {
    seed,
    events,
    restEvery,
    env: insideViewEnvironment(viewSocket),
    async onRest({ pid }, sent) {
      const { timers, others } = await viewFromInside(viewSocket, false);
      samples.push({ events: sent, ...viewFromOutside(pid), timers, others });
      if (sent < ((heaps.length + 1) * events) / 4) return;
      heaps.push((await viewFromInside(viewSocket, true)).heapUsed);
    },
  });
  const quarters = [0, 1, 2, 3].map((quarter) => samples.filter((_, index) => Math.floor((index * 4) / samples.length) === quarter));
  const secondHalf = [...(quarters[2] ?? []), ...(quarters[3] ?? [])];
  const residentGrowth = growthOf(secondHalf.map(({ residentKiB }) => residentKiB));
  const heapGrowth = (heaps[3] ?? NaN) / (heaps[1] ?? NaN) - 1;
  const { command, ...counts } = soaked;
  console.log('soak:', counts);
  console.table(quarters.map(describeQuarter));
  console.log(
    'soak: heap after collection at the end of each quarter, MiB:',
    heaps.map((bytes) => (bytes / 1024 / 1024).toFixed(2)).join(' '),
  );
  console.log(`soak: over the second half resident ${percent(residentGrowth)}, heap ${percent(heapGrowth)}`);

  expect(command.hasEnded()).toBe(false);
  expect(heaps).toHaveLength(4);
  expect(residentGrowth).toBeLessThan(mostGrowth);
  expect(heapGrowth).toBeLessThan(mostGrowth);
  const [, second = [], , fourth = []] = quarters;
  for (const count of ['descriptors', 'timers', 'others'] as const) {
    const [early, late] = [second, fourth].map((quarter) => median(quarter.map((sample) => sample[count])));
    expect(late, count).toBeLessThanOrEqual((early ?? NaN) + 2);
  }
});

function describeQuarter(quarter: readonly Sample[]): Readonly<Record<string, number>> {
  return {
    'resident, KiB': median(quarter.map(({ residentKiB }) => residentKiB)),
    descriptors: median(quarter.map(({ descriptors }) => descriptors)),
    timers: median(quarter.map(({ timers }) => timers)),
    others: median(quarter.map(({ others }) => others)),
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
