import { describe, expect, it } from 'vitest';
import { compare, figuresOf, ofSeed, type Sample } from '../../../bench/path/comparison.ts';

const sample = (values: Partial<Sample>): Sample => ({
  requestsPerSecond: 1000,
  p50Ms: 1,
  p99Ms: 2,
  answers: 2000,
  failed: 0,
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

  it('have failed requests where any failed', () => {
    expect(whats([sample({}), sample({})])).not.toContain('failed requests');
    expect(whats([sample({}), sample({ failed: 1 })])).toContain('failed requests');
  });
});
