import { describe, expect, it } from 'vitest';
import { parseNginxVersion, supportsKeepaliveMinTimeout } from '../../../src/nginx/version.ts';

describe("nginx's version", () => {
  it.each([
    ['1.30.3', [1, 30, 3]],
    ['1.22.1', [1, 22, 1]],
    ['10.0.0', [10, 0, 0]],
  ])('%s is %j', (text, expected) => {
    expect(parseNginxVersion(text)).toEqual(expected);
  });

  it.each(['', '1.30', '1.30.3.1', 'v1.30.3', '1.30.3 ', '1.30.x', '-1.0.0', '1.30.3-dev', '...', '99999.0.0'])('refuses %j', (text) => {
    expect(parseNginxVersion(text)).toBeUndefined();
  });
});

describe('keepalive_min_timeout', () => {
  it.each([
    [['1.27.4'], true],
    [['1.27.10'], true],
    [['1.28.0'], true],
    [['1.30.3'], true],
    [['2.0.0'], true],
    [['1.27.3'], false],
    [['1.26.9'], false],
    [['1.9.99'], false],
    [['0.99.99'], false],
    [['1.30.3', '1.30.2'], true],
    [['1.30.3', '1.22.1'], false],
    [['1.30.3', 'unknown'], false],
    [['unknown'], false],
    [[], false],
  ])('is for frontends with nginx %j: %s', (versions, expected) => {
    expect(supportsKeepaliveMinTimeout(versions.map(parseNginxVersion))).toBe(expected);
  });
});
