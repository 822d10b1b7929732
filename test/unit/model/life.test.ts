import { describe, expect, it } from 'vitest';
import type { Note } from '../../../src/model/container.ts';
import type { EngineEvent } from '../../../src/model/engine-event.ts';
import { isForgettable, lifeAfter, nextChangeAtMs, noteOfLife } from '../../../src/model/life.ts';
import type { Life } from '../../../src/model/life.ts';

type Happening = readonly [atMs: number, action: string, signal?: number];

const minuteMs = 60_000;

function event(action: string, signal?: number): EngineEvent {
  return { type: 'container', action, containerId: 'c', hasRole: true, ...(signal === undefined ? {} : { signal }) };
}

/** The record after these events, each received at once. */
function live(...happenings: readonly Happening[]): Life | undefined {
  let life: Life | undefined;
  for (const [atMs, action, signal] of happenings)
    life = lifeAfter(life, event(action, signal), { happenedAtMs: atMs, receivedAtMs: atMs });
  return life;
}

/** The note for a list that begins now. */
function note(nowMs: number, ...happenings: readonly Happening[]): Note {
  const life = live(...happenings);
  return life === undefined ? {} : noteOfLife(life, nowMs, nowMs);
}

/** Crashes at these moments, each followed by a start. */
function crashes(...timesMs: readonly number[]): readonly Happening[] {
  return timesMs.flatMap((atMs): readonly Happening[] => [
    [atMs, 'die'],
    [atMs + 100, 'start'],
  ]);
}

const after = (...rounds: readonly (readonly Happening[])[]): Note => note(4000, ...rounds.flat());

describe('an end', () => {
  it('is a crash without a stop signal', () => {
    expect(after(crashes(1000, 2000, 3000))).toMatchObject({ crashes: 3, isOnCrashHold: true });
  });

  it.each([
    [
      'before it',
      (atMs: number): readonly Happening[] => [
        [atMs, 'kill', 9],
        [atMs + 10, 'die'],
        [atMs + 100, 'start'],
      ],
    ],
    [
      'after it',
      (atMs: number): readonly Happening[] => [
        [atMs, 'die'],
        [atMs + 10, 'kill', 9],
        [atMs + 100, 'start'],
      ],
    ],
    [
      'before it, and the end twice',
      (atMs: number): readonly Happening[] => [
        [atMs, 'kill', 9],
        [atMs + 10, 'die'],
        [atMs + 10, 'die'],
        [atMs + 100, 'start'],
      ],
    ],
  ])('is not a crash with a stop signal %s', (_, round) => {
    expect(after(...[1000, 2000, 3000].map(round)).crashes).toBeUndefined();
  });

  it('counts once when reported twice', () => {
    expect(
      after(
        ...[1000, 2000].map((atMs): readonly Happening[] => [
          [atMs, 'die'],
          [atMs, 'die'],
          [atMs + 100, 'start'],
        ]),
      ).crashes,
    ).toBeUndefined();
  });
});

describe('a stop', () => {
  it.each([2, 3, 9, 15])('is in progress from signal %i on', (signal) => {
    expect(note(5000, [1000, 'kill', signal]).stop).toBe('in-progress');
  });

  it.each([1, 10, 28])('does not begin with signal %i', (signal) => {
    expect(live([1000, 'kill', signal])).toBeUndefined();
  });

  it.each(['die', 'start', 'destroy'])('is over with %s', (action) => {
    expect(note(9000, [1000, 'kill', 15], [2000, action]).stop).toBeUndefined();
  });

  it.each(['health_status', 'pause', 'unpause', 'rename'])('goes on through %s', (action) => {
    expect(note(9000, [1000, 'kill', 15], [2000, action]).stop).toBe('in-progress');
  });

  it('no longer counts after 15 minutes, unless it is sent again', () => {
    expect(note(1000 + 15 * minuteMs - 1, [1000, 'kill', 15]).stop).toBe('in-progress');
    expect(note(1000 + 15 * minuteMs, [1000, 'kill', 15]).stop).toBe('overdue');
    expect(note(1000 + 15 * minuteMs, [1000, 'kill', 15], [2000, 'kill', 15]).stop).toBe('in-progress');
  });

  it('has a time after which it no longer counts', () => {
    const life = live([1000, 'kill', 15]);
    expect(life && nextChangeAtMs(life, 2000)).toBe(1000 + 15 * minuteMs);
    expect(life && nextChangeAtMs(life, 1000 + 15 * minuteMs)).toBeUndefined();
  });
});

describe('an end event', () => {
  it('makes a list stale that began before it', () => {
    const life = live([1000, 'kill', 15], [2000, 'die']);
    expect(life && noteOfLife(life, 1999, 2001).stop).toBe('in-progress');
    expect(life && noteOfLife(life, 2001, 2001).stop).toBeUndefined();
  });

  it('no longer counts after a start', () => {
    const life = live([1000, 'die'], [1100, 'start']);
    expect(life && noteOfLife(life, 900, 1200).stop).toBeUndefined();
  });
});

describe('a start', () => {
  it('marks a container that has just started, for a while', () => {
    expect(note(1000, [0, 'start']).justStarted).toBe(true);
    expect(note(10_000, [0, 'start']).justStarted).toBeUndefined();
  });
});

describe('a crash loop', () => {
  it('is three unrequested ends within a minute', () => {
    expect(note(3000, ...crashes(1000, 2000)).crashes).toBeUndefined();
    expect(note(3200, ...crashes(1000, 2000, 3000)).crashes).toBe(3);
  });

  it('needs ends without a stop signal', () => {
    const stops = [1000, 2000, 3000].flatMap((atMs): readonly Happening[] => [
      [atMs, 'kill', 15],
      [atMs + 50, 'die'],
      [atMs + 99, 'start'],
    ]);
    expect(note(3500, ...stops).crashes).toBeUndefined();
  });

  it('needs ends within a minute', () => {
    expect(note(70_000, ...crashes(1000, 31_000, 61_000)).crashes).toBeUndefined();
  });

  it.each([
    ['three', [1000, 2000, 3000], 5000],
    ['four', [1000, 2000, 3000, 4000], 10_000],
    ['five', [1000, 2000, 3000, 4000, 5000], 20_000],
    ['six', [1000, 2000, 3000, 4000, 5000, 6000], 30_000],
    ['seven', [1000, 2000, 3000, 4000, 5000, 6000, 7000], 30_000],
  ])('after %s crashes it has to run for a while, counted from its start', (_, timesMs, holdMs) => {
    const startedAtMs = (timesMs.at(-1) ?? 0) + 100;
    expect(note(startedAtMs + holdMs - 1, ...crashes(...timesMs)).isOnCrashHold).toBe(true);
    expect(note(startedAtMs + holdMs, ...crashes(...timesMs)).isOnCrashHold).toBeUndefined();
    const life = live(...crashes(...timesMs));
    expect(life && nextChangeAtMs(life, startedAtMs)).toBe(startedAtMs + holdMs);
  });

  it('ends with time, and has times at which to look again', () => {
    const life = live(...crashes(1000, 2000, 3000));
    expect(life && nextChangeAtMs(life, 9000)).toBe(61_000);
    expect(life && nextChangeAtMs(life, 61_000)).toBeUndefined();
    expect(note(61_000, ...crashes(1000, 2000, 3000)).crashes).toBeUndefined();
    expect(life && isForgettable(life, 62_999)).toBe(false);
    expect(life && isForgettable(life, 63_000)).toBe(true);
  });

  it('ends with the removal of the container', () => {
    expect(live(...crashes(1000, 2000, 3000), [4000, 'destroy'])).toBeUndefined();
  });
});

it('a network event changes nothing', () => {
  const life = live([1000, 'kill', 15]);
  expect(lifeAfter(life, { ...event('disconnect'), type: 'network' }, { happenedAtMs: 2000, receivedAtMs: 2000 })).toBe(life);
});
