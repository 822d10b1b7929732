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

/** The state of the newer replica at a moment, if it changes then. */
interface Moment {
  readonly atMs: number;
  readonly health?: Health;
  /** The container crashed, or was started. */
  readonly action?: 'die' | 'start';
}

interface Played {
  /** The times of structure changes. */
  readonly changesAtMs: readonly number[];
  /** The routed path at each moment. */
  readonly paths: readonly (readonly [atMs: number, path: string])[];
}

const older = filesService({ name: 's1', created: 1, labels: { 'meet.paths': '=/s' }, health: 'healthy' });
const newer = filesService({ name: 's2', created: 2, labels: { 'meet.paths': '=/t' }, networks: { meet_default: '172.18.0.12/16' } });

/** Runs a pass at each of these moments, and at the times that the history asks for. */
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
      life = lifeAfter(life, event, { happenedAtMs: atMs, receivedAtMs: atMs });
      one = { ...newest, state: action === 'die' ? 'exited' : 'running' };
    }
    if (health !== undefined) one = { ...newest, health };
    pass(atMs);
    lastMs = atMs;
  }
  passTimed(lastMs, untilMs);
  return { changesAtMs, paths };
}

/** The highest number of changes in any minute. */
function mostInAMinute(changesAtMs: readonly number[]): number {
  return Math.max(0, ...changesAtMs.map((fromMs) => changesAtMs.filter((atMs) => atMs >= fromMs && atMs < fromMs + minuteMs).length));
}

function toggles(everyMs: number, count: number): readonly Moment[] {
  return Array.from({ length: count }, (_, index) => ({ atMs: index * everyMs, health: index % 2 === 0 ? 'unhealthy' : 'healthy' }));
}

describe('the newest replica with other paths', () => {
  it('never gets its paths while its health toggles every 2 s for five minutes', () => {
    expect(play(toggles(2000, 150), 300_000).changesAtMs).toEqual([2000, 4000]);
  });

  it.each([500, 5000, 29_000, 31_000, 45_000, 59_000, 61_000, 90_000])(
    'changes the structure at most twice a minute while its health toggles every %i ms',
    (everyMs) => {
      const { changesAtMs } = play(toggles(everyMs, 300), 300 * everyMs);
      expect(changesAtMs.length).toBeGreaterThan(0);
      expect(mostInAMinute(changesAtMs)).toBeLessThanOrEqual(2);
    },
  );

  it('changes the structure at most twice a minute while its health toggles at random times', () => {
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

  it.each([1000, 6000, 12_000, 20_000, 40_000])('changes the structure at most twice a minute while it crashes every %i ms', (everyMs) => {
    const moments = Array.from({ length: 100 }, (_, index): readonly Moment[] => [
      { atMs: 5000 + index * everyMs, action: 'die' },
      { atMs: 5100 + index * everyMs, action: 'start' },
    ]);
    const { changesAtMs } = play([{ atMs: 0, health: 'none' }, ...moments.flat()], 100 * everyMs);
    expect(changesAtMs).toEqual([5000]);
  });

  it('closes a guarded path once, until its health stops toggling', () => {
    const labels = { ...newer.labels, 'meet.paths': '=/s', 'meet.allow.staff': '=/s from 10.0.0.0/8' };
    const lastLeftMs = 148 * 2000;
    expect(play(toggles(2000, 149), 600_000, { ...newer, labels }).changesAtMs).toEqual([2000, lastLeftMs + minuteMs]);
  });

  it('gets its paths at once when it enters the rotation', () => {
    const moments: readonly Moment[] = [
      { atMs: 0, health: 'starting' },
      { atMs: 3000, health: 'healthy' },
    ];
    expect(play(moments, 10_000).paths).toEqual([
      [0, '/s'],
      [3000, '/t'],
    ]);
  });

  it('loses its paths at once when it leaves, and has the paths again a minute later without an event', () => {
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

it('the last replica to leave the rotation still decides, with any other containers present', () => {
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
  it('forgets a removed container', () => {
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
