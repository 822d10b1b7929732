import { describe, expect, it } from 'vitest';
import { OptionsError, optionTable, readOptions } from '../../src/options.ts';
import type { CommandName, OptionName, Options } from '../../src/options.ts';
import { execWay } from '../../src/reload/ways/exec.ts';
import { hookWay } from '../../src/reload/ways/hook.ts';
import { noneWay } from '../../src/reload/ways/none.ts';
import { dockerSource } from '../../src/source/docker/docker-source.ts';
import { signalWay } from '../../src/reload/ways/signal.ts';

const read = (flags: Record<string, string> = {}, env: Record<string, string> = {}, command: CommandName = 'run'): Options =>
  readOptions(command, flags, env);

function linesOf(flags: Record<string, string>, env: Record<string, string> = {}, command: CommandName = 'run'): readonly string[] {
  try {
    readOptions(command, flags, env);
  } catch (error) {
    if (error instanceof OptionsError) return error.lines;
    throw error;
  }
  return [];
}

const accepted: Partial<Record<OptionName, readonly (readonly [string, unknown])[]>> = {
  out: [['/x', '/x']],
  instance: [['meet', 'meet']],
  templates: [['/t', '/t']],
  wait: [
    ['50ms:500ms', { quietMs: 50, maxMs: 500 }],
    ['1s:1s', { quietMs: 1000, maxMs: 1000 }],
    ['1ms:24h', { quietMs: 1, maxMs: 86_400_000 }],
  ],
  resyncMs: [
    ['1s', 1000],
    ['5m', 300_000],
  ],
  verifyTimeoutMs: [['500ms', 500]],
  reload: [
    ['signal', signalWay],
    ['exec', execWay],
    ['hook', hookWay],
    ['none', noneWay],
  ],
  check: [
    ['auto', 'auto'],
    ['exec', 'exec'],
    ['off', 'off'],
  ],
  listen: [
    ['off', 'off'],
    ['127.0.0.1:9180', { host: '127.0.0.1', port: 9180 }],
    [':9180', { host: '0.0.0.0', port: 9180 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
  ],
  allowHost: [
    ['meet-gen', ['meet-gen']],
    ['Meet_Gen, status.example.com', ['meet_gen', 'status.example.com']],
  ],
  logLevel: [
    ['debug', 'debug'],
    ['silent', 'silent'],
  ],
  logFormat: [
    ['json', 'json'],
    ['pretty', 'pretty'],
  ],
};

const refused: Partial<Record<OptionName, readonly string[]>> = {
  dockerHost: ['ssh://host', 'tcp://', '/var/run/docker.sock'],
  instance: ['Meet', '../x', 'a/b', 'x'.repeat(64)],
  wait: ['50ms', '50ms:', ':500ms', '500ms:50ms', '50:500', '1s:2s:3s', '0ms:1s', '1s:25h', '-1s:1s'],
  resyncMs: ['0s', '999ms', '30', '30 s', '1.5s', '25h', 'never', '1d'],
  verifyTimeoutMs: ['0s', '5', 's', '5S'],
  reload: ['EXEC', 'Hook', 'SIGNAL', 'sighup'],
  check: ['on', 'true', 'Auto', 'signal'],
  listen: ['9180', 'host', 'host:', 'host:x', 'host:65536', '::1:80', 'on'],
  allowHost: ['*', 'a,', '.example.com', 'a b', 'host:9180', 'http://host', 'x'.repeat(254)],
  logLevel: ['loud', 'INFO'],
  logFormat: ['text', 'JSON'],
};

describe('options', () => {
  it('have the documented defaults', () => {
    expect(read()).toEqual({
      dockerHost: { url: 'unix:///var/run/docker.sock', socketPath: '/var/run/docker.sock' },
      source: dockerSource,
      managers: [{ url: 'tcp://tasks.reader:9190', host: 'tasks.reader', port: 9190 }],
      serve: { host: '0.0.0.0', port: 9190 },
      out: '/routing',
      strictInstance: false,
      wait: { quietMs: 50, maxMs: 500 },
      resyncMs: 30_000,
      verifyTimeoutMs: 5000,
      reload: signalWay,
      check: 'auto',
      listen: { host: '127.0.0.1', port: 9180 },
      logLevel: 'info',
    });
  });

  for (const [name, cases] of Object.entries(accepted) as [OptionName, readonly (readonly [string, unknown])[]][]) {
    const { flag, variable } = optionTable[name];
    it.each(cases.map(([text, expected]) => ({ text, expected })))(
      `${flag} takes $text, as flag and as ${variable}`,
      ({ text, expected }) => {
        expect(read({ [name]: text })[name]).toEqual(expected);
        expect(read({}, { [variable]: text })[name]).toEqual(expected);
      },
    );
  }

  for (const [name, texts] of Object.entries(refused) as [OptionName, readonly string[]][]) {
    const { flag, variable } = optionTable[name];
    it.each(texts)(`${flag} refuses %s, and names the flag or variable`, (text) => {
      expect(linesOf({ [name]: text })).toEqual([expect.stringMatching(`^${flag}: ".*can't be used: `)]);
      expect(linesOf({}, { [variable]: text })).toEqual([expect.stringMatching(`^${variable}: ".*can't be used: `)]);
    });
  }

  it.each([
    [':9190', { host: '0.0.0.0', port: 9190 }],
    ['[::]:9190', { host: '::', port: 9190 }],
    ['127.0.0.1:80', { host: '127.0.0.1', port: 80 }],
  ])('--serve of the reader takes %s, as flag and as MEET_GEN_SERVE', (text, expected) => {
    expect(read({ serve: text }, {}, 'reader').serve).toEqual(expected);
    expect(read({}, { MEET_GEN_SERVE: text }, 'reader').serve).toEqual(expected);
  });

  it.each(['off', '9190', 'host', 'host:65536', '::1:80'])('--serve of the reader refuses %s', (text) => {
    expect(linesOf({ serve: text }, {}, 'reader')).toEqual([expect.stringMatching(/^--serve: ".*can't be used: .*0\.0\.0\.0:9190/)]);
  });

  it('take the flag over the variable, and the variable over the default', () => {
    expect(read({ out: '/flag' }, { MEET_GEN_OUT: '/variable' }).out).toBe('/flag');
    expect(read({}, { MEET_GEN_OUT: '/variable' }).out).toBe('/variable');
  });

  it('take an empty variable for an unset one, as Compose passes it', () => {
    expect(read({}, { MEET_GEN_OUT: '', MEET_GEN_INSTANCE: '', MEET_GEN_NONSENSE: '' })).toEqual(read());
  });

  it('are all reported at once if wrong, a line each', () => {
    expect(linesOf({ wait: 'x', listen: 'y' }, { MEET_GEN_RELOAD: 'z', MEET_GEN_OUTT: '/x' })).toEqual([
      expect.stringMatching(/^--wait: /),
      expect.stringMatching(/^MEET_GEN_RELOAD: /),
      expect.stringMatching(/^--listen: /),
      expect.stringMatching(/^MEET_GEN_OUTT: /),
    ]);
  });

  it.each([
    ['MEET_GEN_RELAOD', '; did you mean MEET_GEN_RELOAD?'],
    ['MEET_GEN_LOGLEVEL', '; did you mean MEET_GEN_LOG_LEVEL?'],
    ['MEET_GEN_SOMETHING_ELSE_ENTIRELY', ': there is no such variable'],
    ['MEET_GEN_CHECK', 'the value must be auto, exec or off'],
    ['MEET_GEN_STRICT_INSTANCE', 'the value must be true or false'],
  ])('refuse the variable %s, which would silently do nothing', (variable, expected) => {
    expect(linesOf({}, { [variable]: 'x' })).toEqual([expect.stringContaining(expected)]);
  });

  it('leave the variables of others alone', () => {
    expect(linesOf({}, { MEETGEN_TEST: 'x', MEET_HOST: 'x', PATH: 'x' })).toEqual([]);
  });

  it('are not read by a command that does not use them', () => {
    expect(linesOf({}, { MEET_GEN_WAIT: 'nonsense' }, 'healthcheck')).toEqual([]);
    expect(linesOf({}, { MEET_GEN_LISTEN: 'nonsense' }, 'render')).toEqual([]);
  });

  it('are shown without control characters when they are refused', () => {
    expect(linesOf({ reload: '\u001b[2J' })[0]).toContain('\\u{1b}[2J');
  });
});
