import { describe, expect, it } from 'vitest';
import { execWay } from '../../../../src/reload/ways/exec.ts';
import { hookWay } from '../../../../src/reload/ways/hook.ts';
import { signalWay } from '../../../../src/reload/ways/signal.ts';
import { reloadWays, wayNamed } from '../../../../src/reload/ways/way-table.ts';
import { LogRefused, Refusal, UnsafeSignal } from '../../../../src/reload/ways/way.ts';
import type { InquiryAnswer, ReloadWay, WayPorts } from '../../../../src/reload/ways/way.ts';

const frontend = { id: 'f', name: 'meet-frontend-1', statusEndpoints: ['172.18.0.2:8084'] };
const target = { sha256: 'aa', writtenAtMs: 1000 };
const words = '[emerg] host not found in upstream "x" in /etc/nginx/meet-routing/routing.conf:7';
const emerg = `2026/07/27 10:00:00 ${words.replace(' ', ' 1#1: ')}`;
const quiet: WayPorts = {
  signalHup: () => Promise.resolve(),
  signalEndsRestarts: () => false,
  exec: () => Promise.resolve({ code: 0, output: '' }),
  logs: () => Promise.resolve(''),
  askRejected: () => Promise.resolve({ kind: 'nothing' }),
};
const never = new AbortController().signal;

function reload(way: ReloadWay, ports: Partial<WayPorts>): Promise<void> | undefined {
  return way.connect({ ...quiet, ...ports }).reload?.(frontend, never);
}

function inquire(way: ReloadWay, ports: Partial<WayPorts>): Promise<InquiryAnswer> | undefined {
  return way.connect({ ...quiet, ...ports }).inquire?.(frontend, target, 2000, never);
}

const hookSays = (said: string): Partial<WayPorts> => ({
  askRejected: (_, sha256) => Promise.resolve(sha256 === target.sha256 ? { kind: 'refused', words: said } : { kind: 'nothing' }),
});
const logsAt =
  (wantedMs: number): WayPorts['logs'] =>
  (_, sinceMs) =>
    Promise.resolve(sinceMs === wantedMs ? emerg : '');

describe.each(reloadWays.map((way) => [way.name, way] as const))('the way %s', (name, way) => {
  it('is found by its name', () => expect(wayNamed(name)).toBe(way));

  it('sends a reload, and has a cure for failures, exactly if meet-gen reloads nginx', () => {
    const sends = way.reloadedBy === 'meet-gen';
    expect([way.connect(quiet).reload !== undefined, way.notSentCure !== undefined]).toEqual([sends, sends]);
  });
});

it.each([signalWay, execWay])("$name finds nginx's words in the log since the first reload", async (way) => {
  expect(await inquire(way, { logs: logsAt(2000) })).toEqual({ kind: 'refused', words });
  expect(await inquire(way, {})).toEqual({ kind: 'nothing' });
  expect(await inquire(way, { logs: undefined })).toBeUndefined();
});

it.each([
  ['permanently refused', new LogRefused('403'), { kind: 'unavailable', reason: '403' }],
  ['temporarily unavailable', new Error('ECONNRESET'), { kind: 'nothing' }],
])('reports a log that is %s', async (_, error, found) => {
  expect(await inquire(signalWay, { logs: () => Promise.reject(error) })).toEqual(found);
});

it('exec reads the words of nginx -t as a refusal, and other output as a failure', async () => {
  await expect(reload(execWay, { exec: () => Promise.resolve({ code: 1, output: emerg }) })).rejects.toEqual(new Refusal(words));
  await expect(reload(execWay, { exec: () => Promise.resolve({ code: 126, output: 'no shell\n' }) })).rejects.toEqual(
    new Error('nginx -s reload ended with 126: no shell'),
  );
});

/** The calls of one reload, on an engine on which a signal ends every restart policy or not, and its failure. */
async function calls(ends: boolean, exec: WayPorts['exec'] = quiet.exec): Promise<readonly unknown[]> {
  const made: unknown[] = [];
  const ports: WayPorts = {
    ...quiet,
    signalHup: ({ name }) => Promise.resolve(void made.push(`HUP ${name}`)),
    signalEndsRestarts: () => ends,
    exec: (...call) => {
      made.push(`exec ${call[0].name}`);
      return exec(...call);
    },
  };
  await reload(signalWay, ports)?.catch((error: unknown) => made.push(error));
  return made;
}

describe('signal', () => {
  it('sends a HUP and runs no command where the frontend is started again after a crash', async () => {
    expect(await calls(false)).toEqual(['HUP meet-frontend-1']);
  });

  it('runs a command and sends no HUP where a signal ends every restart policy', async () => {
    expect(await calls(true)).toEqual(['exec meet-frontend-1']);
  });

  it('sends no HUP there if the command is refused, with the reason', async () => {
    const [call, error] = await calls(true, () => Promise.reject(new Error('running a command was refused (403)')));
    expect(call).toBe('exec meet-frontend-1');
    expect(error).toBeInstanceOf(UnsafeSignal);
    expect(error).toMatchObject({ message: 'running a command was refused (403)' });
  });

  it("passes on nginx's refusal there as a refusal of the file", async () => {
    expect(await calls(true, () => Promise.resolve({ code: 1, output: emerg }))).toEqual(['exec meet-frontend-1', new Refusal(words)]);
  });
});

describe('the hook', () => {
  it("is enough if it has nginx's words: the log is not read", async () => {
    expect(await inquire(hookWay, { ...hookSays(emerg), logs: () => Promise.resolve(emerg.replace('"x"', '"y"')) })).toEqual({
      kind: 'refused',
      words: emerg,
    });
  });

  it('is the only source if no log can be read', async () => {
    expect(await inquire(hookWay, { ...hookSays('the reload had no effect'), logs: undefined })).toEqual({
      kind: 'refused',
      words: 'the reload had no effect',
    });
  });

  it('is completed by the log since the file was written, if it has only other words', async () => {
    expect(await inquire(hookWay, { ...hookSays('the reload had no effect'), logs: logsAt(target.writtenAtMs) })).toEqual({
      kind: 'refused',
      words,
    });
  });
});
