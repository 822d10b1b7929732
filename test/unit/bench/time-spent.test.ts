import { describe, expect, it } from 'vitest';
import type { Call } from '../../bench/live/counting-proxy.ts';
import { explainTime } from '../../bench/live/time-spent.ts';

const place = {
  backends: [
    { id: 'a', name: 'one', address: '10.0.0.21' },
    { id: 'b', name: 'two', address: '10.0.0.22' },
  ],
} as const;
const round = { startedAtMs: 100, servedAtMs: 150 };
const call = (method: string, path: string, begunAtMs: number, endedAtMs: number): Call => ({
  method,
  path,
  begunAtMs,
  endedAtMs,
  bytes: 1,
});
const event = (action: string, id: string, atMs: number) => ({ atMs, line: JSON.stringify({ Action: action, Actor: { ID: id } }) });
const hup = call('POST', '/containers/front/kill', 113, 120);
const seen = (calls: readonly Call[], events = [event('start', 'a', 101)]) => ({ calls: () => calls, events: () => events });

describe('the time from start to served', () => {
  it('is split into parts without a gap', () => {
    const list = call('GET', '/containers/json', 102, 105);
    const parts = explainTime(seen([call('GET', '/events', 1, 2), list, hup]), [112], round, place);
    expect(parts).toEqual([
      ['start → event heard', 1],
      ['event → first question', 1],
      ['questions to the engine', 3],
      ['last answer → file', 7],
      ['file → HUP', 1],
      ['HUP', 7],
      ['HUP sent → served', 30],
    ]);
    expect(parts.reduce((sum, [, ms]) => sum + ms, 0)).toBe(round.servedAtMs - round.startedAtMs);
  });

  it('has no questions if the engine was not asked', () => {
    const parts = explainTime(seen([hup]), [112], round, place);
    expect(parts.map(([what]) => what)).toEqual(['start → event heard', 'event → file', 'file → HUP', 'HUP', 'HUP sent → served']);
    expect(parts[1]).toEqual(['event → file', 11]);
  });

  it('leaves out questions after the file was written, or before the event was received', () => {
    const calls = [call('GET', '/containers/json', 90, 95), hup, call('GET', '/containers/json', 114, 116)];
    expect(explainTime(seen(calls), [80, 112], round, place)[1]).toEqual(['event → file', 11]);
  });

  it.each([
    ['the event', seen([hup], [event('start', 'b', 101)]), [112]],
    ['the signal', seen([]), [112]],
    ['the file', seen([hup]), [90]],
  ])('is an error if %s was not seen', (_, proxy, written) => {
    expect(() => explainTime(proxy, written, round, place)).toThrow();
  });
});
