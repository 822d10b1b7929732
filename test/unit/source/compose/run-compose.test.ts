import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ComposeError } from '../../../../src/source/compose/compose-error.ts';
import { pasteLine } from '../../../../src/source/compose/paste-line.ts';
import { runCompose } from '../../../../src/source/compose/run-compose.ts';

// A docker that misbehaves; the real one is in e2e/compose.

let folder: string;
const longMs = 60_000;
const { signal } = new AbortController();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meet-gen-docker-'));
  vi.stubEnv('PATH', `${folder}:${process.env['PATH'] ?? ''}`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function dockerThat(...lines: readonly string[]): void {
  writeFileSync(join(folder, 'docker'), ['#!/bin/sh', ...lines].join('\n'));
  chmodSync(join(folder, 'docker'), 0o755);
}

const failure = async (limitMs = longMs, stop = signal): Promise<string> => {
  const error: unknown = await runCompose(undefined, limitMs, stop).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ComposeError);
  return (error as Error).message;
};

describe('docker compose config', () => {
  it.each([
    [undefined, 'compose config --format json'],
    ['/a b.yml', 'compose -f /a b.yml config --format json'],
    ['-x', `compose -f ${process.cwd()}/-x config --format json`],
    ['https://example.org/x.git', `compose -f ${process.cwd()}/https:/example.org/x.git config --format json`],
  ])('of %s is asked for as %s', async (file, words) => {
    dockerThat('echo "$*"', 'echo beware >&2');
    const { project, warnings } = await runCompose(file, longMs, signal);
    expect([project.toString(), warnings]).toEqual([`${words}\n`, 'beware\n']);
  });

  it('reads nothing of our standard input', async () => {
    dockerThat('cat');
    expect((await runCompose(undefined, longMs, signal)).project).toHaveLength(0);
  });

  it('that fails is told in its words, without its warnings', async () => {
    dockerThat('[ "$2" = version ] && exit 0', 'echo "level=warning msg=x" >&2', 'printf "first\\n\\nsecond\\n" >&2', 'exit 15');
    expect(await failure()).toBe('docker compose config: first; second');
  });

  it('that fails without a word is told with its code', async () => {
    dockerThat('[ "$2" = version ] && exit 0', 'exit 15');
    expect(await failure()).toBe('docker compose config: it ended with 15');
  });

  it('that takes too long is ended, with what it started', async () => {
    dockerThat(`sh -c 'echo $$ > ${folder}/pid; exec sleep 600'`);
    // Long enough for the pid to be there on any machine that isn't standing still.
    expect(await failure(3000)).toBe('docker compose took longer than 3 s, and was ended');
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), longMs);
  });

  it('that is aborted is ended', async () => {
    const abort = new AbortController();
    dockerThat('sleep 600');
    const failed = failure(longMs, abort.signal);
    abort.abort();
    expect(await failed).toBe('docker compose was interrupted');
  });

  it.each(['1', '2'])('that writes on and on to %s is ended', async (stream) => {
    dockerThat(`yes >&${stream}`);
    expect(await failure()).toBe("what docker compose writes can't be read: it is longer than 16777216 bytes");
  });
});

describe('where there is no Compose', () => {
  it.each([
    ['no docker', () => vi.stubEnv('PATH', join(folder, 'none')), 'there is no docker on the PATH here'],
    [
      'a docker that can not be started',
      () => {
        vi.stubEnv('PATH', folder);
        writeFileSync(join(folder, 'docker'), '', { mode: 0o644 });
      },
      "docker can't be started here",
    ],
    ['a docker without the plugin', () => dockerThat('echo "unknown flag: --format" >&2', 'exit 125'), 'docker has no compose here'],
  ])('%s: the line to paste', async (_, prepare, reason) => {
    prepare();
    const message = await failure();
    expect(message).toContain(reason);
    expect(message).toContain(`: ${pasteLine()}`);
  });
});

describe('the line to paste', () => {
  it.each([
    [undefined, 'docker compose config'],
    ['compose.prod.yml', 'docker compose -f compose.prod.yml config'],
    ['-x.yml', 'docker compose -f ./-x.yml config'],
    ["it's mine; rm -r /", `docker compose -f 'it'\\''s mine; rm -r /' config`],
  ])('of %s', (file, words) => {
    expect(pasteLine(file)).toBe(
      `${words} --format json | meet-gen render --compose - (with the image: ${words} --format json | docker run --rm -i meet-gen render --compose -)`,
    );
  });
});
