import { describe, expect, it } from 'vitest';
import { readArguments } from '../../bench/arguments.ts';

describe("the bench's arguments", () => {
  it.each([
    [[], { quick: false, only: ['live', 'faked', 'files', 'footprint', 'path', 'swarm'] }],
    [['--quick', '--only', 'footprint,live'], { quick: true, only: ['live', 'footprint'] }],
    [['--json', 'x.json'], { quick: false, only: ['live', 'faked', 'files', 'footprint', 'path', 'swarm'], json: 'x.json' }],
    [['--quick', '-h'], 'help'],
  ])('%j are understood', (args, wish) => {
    expect(readArguments(args)).toEqual(wish);
  });

  it.each([
    [['--only', 'life'], /unknown part "life"\. The parts are live, faked, files, footprint, path, swarm/],
    [['--fast'], /--fast/],
  ])('%j are refused', (args, reason) => {
    expect(readArguments(args)).toEqual({ refused: expect.stringMatching(reason) as string });
  });
});
