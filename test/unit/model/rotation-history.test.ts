import { describe, expect, it } from 'vitest';
import type { Container, Health } from '../../../src/model/container.ts';
import type { EngineEvent } from '../../../src/model/engine-event.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import type { Instance } from '../../../src/model/instance.ts';
import { lifeAfter, noteOfLife } from '../../../src/model/life.ts';
import type { Life } from '../../../src/model/life.ts';
import { createReadings } from '../../../src/model/readings.ts';
import { mergeNotes } from '../../../src/model/notes.ts';
import { historyAfter, historyChangesAtMs, noHistory, notesOfHistory } from '../../../src/model/rotation-history.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import { filesService, frontend } from '../../support/containers.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const minuteMs = 60_000;

/** What is seen of the newer replica at a moment, if anything happened to it. */
interface Moment {
  readonly atMs: number;
  readonly health?: Health;
  /** It ended by itself, or was started. */
  readonly action?: 'die' | 'start';
}

interface Played {
  /** When the structure changed. */
  readonly changesAtMs: readonly number[];
  /** The path that is routed, at each moment. */
  readonly paths: readonly (readonly [atMs: number, path: string])[];
}

const older = filesService({ name: 's1', created: 1, labels: { 'meet.paths': '=/s' }, health: 'healthy' });
const newer = filesService({ name: 's2', created: 2, labels: { 'meet.paths': '=/t' }, networks: { meet_default: '172.18.0.12/16' } });

/** Plays these moments as passes, with those that the history itself asks for in between. */
function play(moments: readonly Moment[], untilMs: number, newest = newer): Played {
  let [history, life, changesAtMs, paths, before]: [typeof noHistory, Life | undefined, number[], [number, string][], string?] = [
    noHistory,
    undefined,
    [],
    [],
  ];
  const readings = createReadings<Instance>();
  let one: Container = newest;
  const pass = (nowMs: number): void => {
    const containers = [frontend(), older, one];
    const ofLife = life === undefined ? {} : noteOfLife(life, nowMs, nowMs);
    const notes = mergeNotes(new Map([[newest.id, ofLife]]), notesOfHistory(history, nowMs));
    const { instances } = readInstances({ containers, notes }, {}, readings);
    history = historyAfter(history, instances, nowMs);
    const structure = JSON.stringify(instances.map((instance) => planRouting(instance, []).structure));
    if (before !== undefined && structure !== before) changesAtMs.push(nowMs);
    before = structure;
    paths.push([nowMs, structure.includes('/t"') ? '/t' : '/s']);
  };
  const passTimed = (fromMs: number, toMs: number): void => {
    const nextMs = historyChangesAtMs(history, fromMs);
    if (nextMs === undefined || nextMs >= toMs) return;
    pass(nextMs);
    passTimed(nextMs, toMs);
  };
  let lastMs = 0;
  for (const { atMs, health, action } of moments) {
    passTimed(lastMs, atMs);
    if (action !== undefined) {
      const event: EngineEvent = { type: 'container', action, containerId: newest.id, hasRole: true };
      life = lifeAfter(life, event, { happenedAtMs: atMs, heardAtMs: atMs });
      one = { ...newest, state: action === 'die' ? 'exited' : 'running' };
    }
    if (health !== undefined) one = { ...newest, health };
    pass(atMs);
    lastMs = atMs;
  }
  passTimed(lastMs, untilMs);
  return { changesAtMs, paths };
}

/** The most changes in any minute. */
function mostInAMinute(changesAtMs: readonly number[]): number {
  return Math.max(0, ...changesAtMs.map((fromMs) => changesAtMs.filter((atMs) => atMs >= fromMs && atMs < fromMs + minuteMs).length));
}

function toggles(everyMs: number, count: number): readonly Moment[] {
  return Array.from({ length: count }, (_, index) => ({ atMs: index * everyMs, health: index % 2 === 0 ? 'unhealthy' : 'healthy' }));
}

describe('a newest replica with other paths', () => {
  it('whose health toggles every 2 s for five minutes never gets its paths', () => {
    expect(play(toggles(2000, 150), 300_000).changesAtMs).toEqual([2000, 4000]);
  });

  it.each([500, 5000, 29_000, 31_000, 45_000, 59_000, 61_000, 90_000])(
    'whose health toggles every %i ms changes the structure twice a minute at most',
    (everyMs) => {
      const { changesAtMs } = play(toggles(everyMs, 300), 300 * everyMs);
      expect(changesAtMs.length).toBeGreaterThan(0);
      expect(mostInAMinute(changesAtMs)).toBeLessThanOrEqual(2);
    },
  );

  it('whose health toggles as it likes changes the structure twice a minute at most', () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const random = seededRandom(seed);
      let atMs = 0;
      const moments = Array.from({ length: 200 }, (_, index): Moment => {
        atMs += 100 + random() * (index % 20 === 0 ? 150_000 : 20_000);
        return { atMs, health: random() < 0.5 ? 'healthy' : 'unhealthy' };
      });
      expect(mostInAMinute(play(moments, atMs + 2 * minuteMs).changesAtMs)).toBeLessThanOrEqual(2);
    }
  });

  it.each([1000, 6000, 12_000, 20_000, 40_000])(
    'that ends by itself every %i ms changes the structure twice a minute at most',
    (everyMs) => {
      const moments = Array.from({ length: 100 }, (_, index): readonly Moment[] => [
        { atMs: 5000 + index * everyMs, action: 'die' },
        { atMs: 5100 + index * everyMs, action: 'start' },
      ]);
      const { changesAtMs } = play([{ atMs: 0, health: 'none' }, ...moments.flat()], 100 * everyMs);
      expect(changesAtMs).toEqual([5000]);
    },
  );

  it('whose guards come and go with its health closes the path once, and for as long as that lasts', () => {
    const labels = { ...newer.labels, 'meet.paths': '=/s', 'meet.allow.staff': '=/s from 10.0.0.0/8' };
    const lastLeftMs = 148 * 2000;
    expect(play(toggles(2000, 149), 600_000, { ...newer, labels }).changesAtMs).toEqual([2000, lastLeftMs + minuteMs]);
  });

  it('gets its paths at once when it comes into rotation', () => {
    const moments: readonly Moment[] = [
      { atMs: 0, health: 'starting' },
      { atMs: 3000, health: 'healthy' },
    ];
    expect(play(moments, 10_000).paths).toEqual([
      [0, '/s'],
      [3000, '/t'],
    ]);
  });

  it('loses them at once when it leaves, and has them again a minute later, with no further event', () => {
    const moments: readonly Moment[] = [
      { atMs: 0, health: 'healthy' },
      { atMs: 1000, health: 'unhealthy' },
      { atMs: 2000, health: 'healthy' },
    ];
    expect(play(moments, 100_000).paths).toEqual([
      [0, '/t'],
      [1000, '/s'],
      [2000, '/s'],
      [61_000, '/t'],
    ]);
  });
});

const read = (containers: readonly Container[]): ReturnType<typeof readInstances>['instances'] =>
  readInstances({ containers, notes: new Map() }).instances;

it('a replica that leaves the rotation with nobody left decides on, whatever else is there', () => {
  const readings = createReadings<Instance>();
  const pathAfter = (...containers: readonly Container[]): string => {
    const { instances } = readInstances({ containers: [frontend(), ...containers], notes: new Map() }, {}, readings);
    return JSON.stringify(instances[0]?.services[0]?.labels.paths?.rules);
  };
  const gone: Container = { ...newer, state: 'exited' };
  expect(pathAfter(older, gone)).toContain('/s');
  expect(pathAfter({ ...older, state: 'exited' }, gone)).toContain('/s');
});

describe('the history', () => {
  it('forgets a container that has gone', () => {
    const both = [frontend(), older, newer];
    let history = historyAfter(noHistory, read(both), 0);
    history = historyAfter(history, read([frontend(), older, { ...newer, state: 'exited' }]), 1);
    expect([...notesOfHistory(history, 2)]).toEqual([[newer.id, { leftAtMs: 1 }]]);
    expect([...notesOfHistory(history, minuteMs)]).toHaveLength(1);
    expect([...notesOfHistory(history, minuteMs + 1)]).toEqual([]);
    expect(historyChangesAtMs(history, 2)).toBe(minuteMs + 1);
    expect(historyChangesAtMs(history, minuteMs + 1)).toBeUndefined();
    history = historyAfter(history, read([frontend(), older]), 3);
    expect(history.leftAtMs.size).toBe(0);
    expect(historyChangesAtMs(history, 4)).toBeUndefined();
  });
});
