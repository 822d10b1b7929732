import { describe, expect, it } from 'vitest';
import { createImageVersions, keepImageVersions } from '../../../src/reload/image-versions.ts';
import type { ImageVersions } from '../../../src/reload/image-versions.ts';
import { recordLog } from '../../support/recorded-log.ts';

const nothing = (): void => undefined;
const { log, lines } = recordLog();
const keptIn = (text: Promise<string | undefined>): Promise<ImageVersions> => keepImageVersions(text, nothing, log);

describe('the nginx versions of images', () => {
  it('are stored for the next process, once for each change', async () => {
    const saved: string[] = [];
    const versions = createImageVersions([], (text) => void saved.push(text));
    versions.note('sha256:a', '1.30.3');
    versions.note('sha256:a', '1.30.3');
    versions.note('sha256:b', '1.22.1');
    expect(saved).toHaveLength(2);
    const next = await keptIn(Promise.resolve(saved[1]));
    expect([next.of('sha256:a'), next.of('sha256:b'), next.of('sha256:c')]).toEqual(['1.30.3', '1.22.1', undefined]);
  });

  it('are kept for the last hundred images', () => {
    const versions = createImageVersions([], nothing);
    for (let index = 0; index <= 100; index += 1) versions.note(`sha256:${index}`, '1.30.3');
    expect([versions.of('sha256:0'), versions.of('sha256:1'), versions.of('sha256:100')]).toEqual([undefined, '1.30.3', '1.30.3']);
  });

  it.each([
    ['invalid JSON', () => Promise.resolve('{'), true],
    ['a list', () => Promise.resolve('["1.30.3"]'), true],
    ['an unreadable file', () => Promise.reject(new Error('EACCES')), true],
    ['no file', () => Promise.resolve(undefined), false],
    ['a version with other text', () => Promise.resolve('{"sha256:a":"1.30.3; include /etc/passwd"}'), false],
    ['a number', () => Promise.resolve('{"sha256:a":1.3}'), false],
  ])('are unknown after reading %s', async (_what, text, isReported) => {
    lines.length = 0;
    expect((await keptIn(text())).of('sha256:a')).toBeUndefined();
    expect(lines.map(({ name }) => name)).toEqual(isReported ? ['versionsUnreadable'] : []);
  });
});
