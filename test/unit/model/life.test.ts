import { describe, expect, it } from 'vitest';
import type { Note } from '../../../src/model/container.ts';
import type { EngineEvent } from '../../../src/model/engine-event.ts';
import { isEndHeld, isForgettable, lifeAfter, lifeAfterList, nextChangeAtMs, nextLookAtMs, noteOfLife } from '../../../src/model/life.ts';
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

  it.each(['start', 'destroy'])('is over with %s', (action) => {
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
  it('counts against lists that began up to ten seconds later and show the container running', () => {
    const life = live([1000, 'kill', 15], [2000, 'die']);
    expect(life && noteOfLife(life, 1999, 2001).stop).toBe('in-progress');
    expect(life && noteOfLife(life, 11_999, 11_999).stop).toBe('in-progress');
    expect(life && noteOfLife(life, 12_000, 12_000).stop).toBeUndefined();
  });

  it('counts no longer when the list shows other endpoints: the start event was lost', () => {
    const life = lifeAfter(undefined, event('die'), { happenedAtMs: 2000, receivedAtMs: 2000, endpointIds: ['a', 'b'] });
    if (life === undefined) throw new Error('the end is remembered');
    expect(isEndHeld(lifeAfterList(life, { endpointIds: ['b', 'c'] }), 2100)).toBe(true);
    expect(isEndHeld(lifeAfterList(life, { endpointIds: [] }), 2100)).toBe(true);
    expect(lifeAfterList(life, { endpointIds: ['c'] })).toEqual({ crashesAtMs: [2000] });
  });

  it('is looked for again after pauses that double, until it no longer counts', () => {
    const life = live([2000, 'die']);
    const looks = (fromMs: number): readonly number[] => {
      const nextMs = life === undefined ? fromMs : nextLookAtMs(life.endReceivedAtMs ?? 0, fromMs);
      return life !== undefined && isEndHeld(life, nextMs) ? [nextMs, ...looks(nextMs)] : [nextMs];
    };
    expect(looks(2045)).toEqual([2100, 2200, 2400, 2800, 3600, 5200, 8400, 12_000]);
  });

  it('no longer counts after a start', () => {
    const life = live([1000, 'die'], [1100, 'start']);
    expect(life && noteOfLife(life, 900, 1200).stop).toBeUndefined();
  });
});

interface Timed {
  readonly atMs: number;
  readonly told: EngineEvent;
}

const end = (atMs: number, mayBeStop: boolean): Timed => ({ atMs, told: { ...event('die'), ...(mayBeStop ? { mayBeStop: true } : {}) } });
const other = (atMs: number, action: string): Timed => ({ atMs, told: event(action) });

describe('an end on an engine that announces no stops', () => {
  it.each([
    ['with another exit code: a crash', [end(1000, false)], 1],
    ['with the exit code of a stop', [end(1000, true)], 0],
    ['with the exit code of a stop, and a restart by the policy: a crash', [end(1000, true), other(1300, 'restarting')], 1],
    ['the same, each event twice', [end(1000, true), end(1000, true), other(1300, 'restarting'), other(1300, 'restarting')], 1],
    ['after the announcement of a restart', [other(900, 'restarting'), end(1000, true)], 0],
    ['after the announcement of a restart, with another exit code', [other(900, 'restarting'), end(1000, false)], 0],
    ['with the exit code of a stop, then a start by hand', [end(1000, true), other(1300, 'start')], 0],
  ])('%s', (_, events, expected) => {
    let life: Life | undefined;
    for (const { atMs, told } of events) life = lifeAfter(life, told, { happenedAtMs: atMs, receivedAtMs: atMs });
    expect(life?.crashesAtMs).toHaveLength(expected);
  });

  it('is remembered for a minute, since a restart by the policy may follow', () => {
    const life = lifeAfter(undefined, end(1000, true).told, { happenedAtMs: 1000, receivedAtMs: 1000 });
    expect([60_999, 61_000].map((nowMs) => life && isForgettable(life, nowMs))).toEqual([false, true]);
  });

  it('does not count as a crash after a list that showed the stop', () => {
    const life = lifeAfter(undefined, event('die'), { happenedAtMs: 1000, receivedAtMs: 1000, isStopListed: true });
    expect(life?.crashesAtMs).toEqual([]);
  });

  it('the announcement of a restart begins a stop', () => {
    expect(note(5000, [1000, 'restarting']).stop).toBe('in-progress');
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
