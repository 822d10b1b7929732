import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { newestDocker, profileFor } from '../../../../src/source/docker/engine-profile.ts';

const podman = (announcesHealth: boolean, signalEndsRestarts: boolean): object => ({
  networkEventActor: 'container',
  announcesHealth,
  signalEndsRestarts,
});

describe('the profile of an engine', () => {
  it.each([
    [{ server: 'Docker/26.1.5 (linux)', 'api-version': '1.45' }, newestDocker],
    [{ server: 'Docker/20.10.24 (linux)', 'api-version': '1.41' }, newestDocker],
    [{ server: 'nginx', 'api-version': '1.45' }, newestDocker],
    [{ server: 'Docker/\u001b[31m', 'libpod-api-version': 'x' }, newestDocker],
    [{}, newestDocker],
    [{ server: 'Libpod/4.3.1 (linux)', 'api-version': '1.41', 'libpod-api-version': '4.3.1' }, podman(false, false)],
    [{ 'libpod-api-version': '4.6.2' }, podman(false, false)],
    [{ 'libpod-api-version': '4.9.3' }, podman(false, true)],
    [{ server: 'Libpod/5.4.2 (linux)', 'api-version': '1.41', 'libpod-api-version': '5.4.2' }, podman(true, true)],
    [{ server: 'Libpod/6.0.0-rc1 (linux)' }, podman(true, true)],
    [{ server: 'nginx', 'libpod-api-version': '5.4.2' }, podman(true, true)],
  ])('with the headers %j is %j', (headers, expected) => {
    expect(profileFor(headers)).toMatchObject(expected);
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
