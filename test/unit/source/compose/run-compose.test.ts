import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ComposeError } from '../../../../src/source/compose/compose-error.ts';
import { pasteLine } from '../../../../src/source/compose/paste-line.ts';
import { runCompose } from '../../../../src/source/compose/run-compose.ts';

// A fake docker that misbehaves; e2e/compose has the tests with the real docker.

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
  ])('runs for %s with %s', async (file, words) => {
    dockerThat('echo "$*"', 'echo beware >&2');
    const { project, warnings } = await runCompose(file, longMs, signal);
    expect([project.toString(), warnings]).toEqual([`${words}\n`, 'beware\n']);
  });

  it('reads nothing from standard input', async () => {
    dockerThat('cat');
    expect((await runCompose(undefined, longMs, signal)).project).toHaveLength(0);
  });

  it('fails with the words of Compose, without its warnings', async () => {
    dockerThat('[ "$2" = version ] && exit 0', 'echo "level=warning msg=x" >&2', 'printf "first\\n\\nsecond\\n" >&2', 'exit 15');
    expect(await failure()).toBe('docker compose config: first; second');
  });

  it('fails with the exit code if Compose writes nothing', async () => {
    dockerThat('[ "$2" = version ] && exit 0', 'exit 15');
    expect(await failure()).toBe('docker compose config: it exited with 15');
  });

  it('is killed with its children when it takes too long', async () => {
    dockerThat(`sh -c 'echo $$ > ${folder}/pid; exec sleep 600'`);
    // Long enough for the pid file on any machine.
    expect(await failure(3000)).toBe('docker compose took longer than 3 s and was killed');
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), longMs);
  });

  it('is killed when the signal aborts', async () => {
    const abort = new AbortController();
    dockerThat('sleep 600');
    const failed = failure(longMs, abort.signal);
    abort.abort();
    expect(await failed).toBe('docker compose was interrupted');
  });

  it.each(['1', '2'])('is killed when it writes without end to %s', async (stream) => {
    dockerThat(`yes >&${stream}`);
    expect(await failure()).toBe("the output of docker compose can't be read: it is longer than 16777216 bytes");
  });
});

describe('without Compose', () => {
  it.each([
    ['no docker', () => vi.stubEnv('PATH', join(folder, 'none')), 'there is no docker command on the PATH'],
    [
      'a docker that can not be started',
      () => {
        vi.stubEnv('PATH', folder);
        writeFileSync(join(folder, 'docker'), '', { mode: 0o644 });
      },
      "the docker command can't be started",
    ],
    ['a docker without the plugin', () => dockerThat('echo "unknown flag: --format" >&2', 'exit 125'), 'docker has no compose plugin here'],
  ])('%s: gives the line to paste', async (_, prepare, reason) => {
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
  ])('names %s', (file, words) => {
    expect(pasteLine(file)).toBe(
      `${words} --format json | meet-gen render --compose - (with the image: ${words} --format json | docker run --rm -i meet-gen render --compose -)`,
    );
  });
});
