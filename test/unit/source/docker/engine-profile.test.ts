import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { newestDocker, profileFor } from '../../../../src/source/docker/engine-profile.ts';

describe('the profile of an engine', () => {
  it.each([
    [{ server: 'Docker/26.1.5 (linux)', 'api-version': '1.45' }, 'Docker 26.1.5', 'unless-stopped'],
    [{ server: 'Docker/26.1.5+dfsg1 (linux)', 'api-version': '1.45' }, 'Docker 26.1.5', 'unless-stopped'],
    [{ server: 'Docker/20.10.24 (linux)', 'api-version': '1.41' }, 'Docker 20.10.24', 'unless-stopped'],
    [{ server: 'Libpod/4.3.1 (linux)', 'api-version': '1.41', 'libpod-api-version': '4.3.1' }, 'Podman 4.3.1', 'never'],
    [{ 'libpod-api-version': '4.6.2' }, 'Podman 4.6.2', 'never'],
    [{ 'libpod-api-version': '4.9.3' }, 'Podman 4.9.3', 'always'],
    [{ server: 'Libpod/5.4.2 (linux)', 'api-version': '1.41', 'libpod-api-version': '5.4.2' }, 'Podman 5.4.2', 'always'],
    [{ server: 'Libpod/6.0.0-rc1 (linux)' }, 'Podman 6.0.0-rc1', 'always'],
    [{ server: 'nginx', 'libpod-api-version': '5.4.2' }, 'Podman 5.4.2', 'always'],
    [{ server: 'nginx', 'api-version': '1.45' }, 'Docker', 'unless-stopped'],
    [{ server: 'Docker/\u001b[31m', 'libpod-api-version': 'x' }, 'Docker', 'unless-stopped'],
    [{}, 'Docker', 'unless-stopped'],
  ])('with the headers %j is that of %s', (headers, product, signalEndsRestarts) => {
    expect(profileFor(headers)).toMatchObject({ product, signalEndsRestarts });
  });

  it('is the same for every version of Docker', () => {
    const { product: _, ...differences } = profileFor({ server: 'Docker/20.10.24 (linux)' });
    const { product: __, ...ofNewest } = newestDocker;
    expect(differences).toEqual(ofNewest);
  });

  it('has the filter of events that Docker had before there were profiles', () => {
    const names = 'start die kill pause unpause rename destroy health_status connect disconnect';
    expect(Object.keys(newestDocker.events)).toEqual(names.split(' '));
    expect(Object.keys(profileFor({ 'libpod-api-version': '4.3.1' }).events)).toEqual([...names.split(' '), 'died', 'remove', 'restart']);
  });
});

describe('the engines', () => {
  it('have names in source/docker alone; elsewhere only in comments, messages and paths of sockets', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' });
    const others = files.filter((file) => file.endsWith('.ts') && !file.startsWith('source/docker/'));
    expect(others.length).toBeGreaterThan(100);
    const lines = others.flatMap((file) => codeOf(readFileSync(`src/${file}`, 'utf8')).map((code) => ({ file, code })));
    expect(lines.filter(({ code }) => /podman|libpod/i.test(code))).toEqual([]);
  });
});

/** The lines of a file without comments, without texts of several words, and without names of sockets. */
function codeOf(text: string): readonly string[] {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
    .replaceAll(/'(?:[^'\n\\]|\\.)* (?:[^'\n\\]|\\.)*'|"(?:[^"\n\\]|\\.)* (?:[^"\n\\]|\\.)*"|`[^`]* [^`]*`/g, "''")
    .replaceAll(/[(\w|/]*podman\)?\\?\.sock/g, '')
    .split('\n');
}
