import { describe, expect, it } from 'vitest';
import { parseBoundedJson } from '../../../../src/source/docker/bounded-json.ts';

const parse = (text: string, most: number): unknown => parseBoundedJson(Buffer.from(text), most);

describe('parsing JSON with a limit', () => {
  it.each([
    ['[]', 1],
    ['[1,2]', 2],
    ['{"a":[{},{}]}', 5],
    ['"a long text, with [many], {commas}, and \\"quotes\\", too"', 0],
    ['{"a, [\\\\":"\\\\","b":1}', 2],
  ])('counts the parts of %s: %i', (text, parts) => {
    expect(parse(text, parts)).toEqual(JSON.parse(text));
    if (parts > 0) expect(() => parse(text, parts - 1)).toThrow(`more than ${parts - 1} parts`);
  });

  it.each(['', '[', '{"a":', 'hello', '[1,2'])('refuses %j', (text) => {
    expect(() => parse(text, 100)).toThrow(SyntaxError);
  });

  it('stops counting at the limit, and parses nothing of a larger answer', () => {
    expect(() => parseBoundedJson(Buffer.from('[{},'.repeat(2 ** 20)))).toThrow('more than 2000000 parts');
  });
});
