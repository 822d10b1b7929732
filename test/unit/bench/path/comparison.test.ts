import { describe, expect, it } from 'vitest';
import { compare, figuresOf, ofSeed, type Sample } from '../../../bench/path/comparison.ts';

const sample = (values: Partial<Sample>): Sample => ({
  requestsPerSecond: 1000,
  p50Ms: 1,
  p99Ms: 2,
  answers: 2000,
  refused: 0,
  broken: 0,
  processorMicros: 20,
  timeWaits: 0,
  ...values,
});

const whats = (samples: readonly Sample[]): readonly string[] => figuresOf('seed', 'here', samples).map(({ what }) => what);

describe('contenders of the routed path', () => {
  it('are compared round by round: a slow round is slow for both', () => {
    const own = [sample({ requestsPerSecond: 900, p99Ms: 3, timeWaits: 5 }), sample({ requestsPerSecond: 90 })];
    const others = [sample({ timeWaits: 382 }), sample({ requestsPerSecond: 100 })];
    const samples = Object.fromEntries(compare('meet-gen', 'here', ofSeed, own, others).map(({ what, samples: all }) => [what, all]));
    expect(samples).toEqual({
      "requests, of seed's": [0.9, 0.9],
      "p99, of seed's": [1.5, 1],
      "CPU of nginx per request, of seed's": [1, 1],
      "TIME_WAIT, above seed's": [-377, 0],
    });
  });

  it('have refused and broken requests if any occurred', () => {
    expect(whats([sample({}), sample({})]).filter((what) => what.endsWith('requests'))).toEqual(['requests']);
    expect(whats([sample({}), sample({ refused: 1 })])).toContain('refused requests');
    expect(whats([sample({ broken: 1 }), sample({})])).toContain('broken requests');
  });
});
