import { describe, expect, it } from 'vitest';
import { readHandshake } from '../../../../src/source/docker/handshake.ts';

const at = Date.parse('2026-01-01T00:00:00Z');
const httpDate = (offsetMs: number): string => new Date(at + offsetMs).toUTCString();

describe('what an engine tells of itself', () => {
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
  ])('its API %j is asked for as %j', (version, expected) => {
    expect(readHandshake(version === undefined ? {} : { 'api-version': version }, at).version).toBe(expected);
  });

  it.each([
    ['of the same second', 0],
    ['a second behind, as a date in whole seconds can be', -1000],
    ['that is missing', undefined],
  ])('a date %s means the same clock', (_, offsetMs) => {
    expect(readHandshake(offsetMs === undefined ? {} : { date: httpDate(offsetMs) }, at).clockAheadMs).toBe(0);
  });

  it('a date that is no date means the same clock', () => {
    expect(readHandshake({ date: 'yesterday' }, at).clockAheadMs).toBe(0);
  });

  it('another date tells how far its clock is off', () => {
    expect(readHandshake({ date: httpDate(3_600_000) }, at).clockAheadMs).toBe(3_600_500);
    expect(readHandshake({ date: httpDate(-3_600_000) }, at).clockAheadMs).toBe(-3_599_500);
  });
});
