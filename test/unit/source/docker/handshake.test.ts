import { describe, expect, it } from 'vitest';
import { readHandshake } from '../../../../src/source/docker/handshake.ts';

const at = Date.parse('2026-01-01T00:00:00Z');
const httpDate = (offsetMs: number): string => new Date(at + offsetMs).toUTCString();

describe("the engine's answer to a ping", () => {
  it.each([
    ['1.45', 'v1.45'],
    ['1.24', 'v1.24'],
    ['1.52', 'v1.52'],
    ['1.99', 'v1.52'],
    [undefined, undefined],
    ['', undefined],
    ['2.0', undefined],
    ['1.45/../x', undefined],
    ['v1.45', undefined],
  ])('gives the version for API %j: %j', (version, expected) => {
    expect(readHandshake(version === undefined ? {} : { 'api-version': version }, at).version).toBe(expected);
  });

  it.each([
    ['of the same second', 0],
    ['a second behind, as a date in whole seconds can be', -1000],
    ['that is missing', undefined],
  ])('a date %s counts as the same clock', (_, offsetMs) => {
    expect(readHandshake(offsetMs === undefined ? {} : { date: httpDate(offsetMs) }, at).clockAheadMs).toBe(0);
  });

  it('an invalid date counts as the same clock', () => {
    expect(readHandshake({ date: 'yesterday' }, at).clockAheadMs).toBe(0);
  });

  it('a date gives the difference of the clocks', () => {
    expect(readHandshake({ date: httpDate(3_600_000) }, at).clockAheadMs).toBe(3_600_500);
    expect(readHandshake({ date: httpDate(-3_600_000) }, at).clockAheadMs).toBe(-3_599_500);
  });
});
