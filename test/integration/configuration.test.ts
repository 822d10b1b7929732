import { chmod, chown, mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { runCommand } from '../support/built-command.ts';
import type { CommandEnd, CommandOptions } from '../support/built-command.ts';
import { waitUntil } from '../support/wait-until.ts';
import { problemCodes, test } from './scene.ts';

/** A failure prints its reasons in whole lines: no stack trace, and nothing on standard output. */
function expectPlainFailure({ code, signal, stdout, stderr }: CommandEnd, expectedCode: number): void {
  expect({ code, signal, stdout }, stderr).toEqual({ code: expectedCode, signal: null, stdout: '' });
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr).not.toContain('is a bug');
  expect(stderr.trim()).not.toBe('');
  expect(stderr.endsWith('\n')).toBe(true);
}

const nobody = 65_534;
const asRoot = process.getuid?.() === 0;
/** Root passes every permission check, so a test that runs as root starts the command without rights. */
const withoutRights: CommandOptions = asRoot ? { uid: nobody, gid: nobody } : {};

describe('meet-gen', () => {
  test.concurrent('refuses to run on a swarm without the id of its node, which render does not need', async ({ scene }) => {
    const flags = ['--source', 'swarm', '--managers', 'tcp://127.0.0.1:1', '--out', scene.out];
    const end = await runCommand(['run', ...flags, '--listen', 'off']);
    expectPlainFailure(end, 2);
    expect(end.stderr).toContain("meet-gen: --node (MEET_GEN_NODE): missing with --source swarm; in a stack file set it to '{{.Node.ID}}'");
    expectPlainFailure(await runCommand(['render', ...flags]), 3);
  });

  test.concurrent('reports all wrong options at once, a line each', async ({ scene }) => {
    const end = await runCommand(
      [
        'run',
        '--wait',
        'soon',
        '--resync',
        '10ms',
        '--reload',
        'restart',
        '--listen',
        'everywhere',
        '--instance',
        'A B',
        '--log-level',
        'loud',
      ],
      {
        env: {
          DOCKER_HOST: 'ssh://engine',
          MEET_GEN_OUT: scene.out,
          MEET_GEN_VERIFY_TIMEOUT: '-1',
          MEET_GEN_RELAOD: 'none',
          MEET_GEN_CHECK: 'perhaps',
          MEET_GEN_LOG_FORMAT: 'xml',
        },
      },
    );
    expectPlainFailure(end, 2);
    const lines = end.stderr.trimEnd().split('\n');
    const sources = [
      'DOCKER_HOST',
      '--instance',
      '--wait',
      '--resync',
      'MEET_GEN_VERIFY_TIMEOUT',
      '--reload',
      'MEET_GEN_CHECK',
      '--listen',
      '--log-level',
      'MEET_GEN_LOG_FORMAT',
      'MEET_GEN_RELAOD',
    ];
    expect(lines).toHaveLength(sources.length);
    for (const source of sources)
      expect(
        lines.some((line) => line.startsWith(`meet-gen: ${source}: `)),
        source,
      ).toBe(true);
    expect(end.stderr).toContain('did you mean MEET_GEN_RELOAD?');
    expect(end.stderr).toContain('for example 50ms:500ms');
  });

  test.concurrent('shows hostile values as plain text', async ({ scene }) => {
    const end = await runCommand(['run', '--out', scene.out, '--instance', 'a\u001b[31m\nb']);
    expectPlainFailure(end, 2);
    expect(end.stderr.trimEnd()).not.toMatch(/[^\x20-\x7e…]/);
  });

  test.concurrent('prefers a flag to the variable, and the variable to the default; an empty variable counts as unset', async ({
    scene,
  }) => {
    await scene.frontend('frontend', { file: join(scene.out, 'routing.conf') });
    const run = scene.run(['--instance', 'meet'], {
      env: { MEET_GEN_INSTANCE: 'other', MEET_GEN_LOG_LEVEL: 'debug', MEET_GEN_RELOAD: '' },
    });
    await run.waitForLog('published');
    await scene.converged();
    expect(run.logged('starts')).toMatchObject([{ instance: 'meet', reload: 'signal' }]);
  });

  test.concurrent('runs `run` if no command is given, with flags and without', async ({ scene }) => {
    const bare = await runCommand([], { env: { MEET_GEN_OUT: join(scene.folder, 'none') } });
    expectPlainFailure(bare, 2);
    expect(bare.stderr).toContain('--out: ');
    expectPlainFailure(await runCommand(['--out', join(scene.folder, 'none')]), 2);
  });

  for (const { name, args } of [
    { name: 'command', args: ['rnu'] },
    { name: 'flag', args: ['run', '--ouch', 'x'] },
    { name: 'flag of another command', args: ['healthcheck', '--wait', '1s:2s'] },
    { name: 'flag without a command', args: ['--ouch'] },
    { name: 'argument', args: ['run', 'fast'] },
  ]) {
    test.concurrent(`refuses an unknown ${name} with exit code 2`, async () => {
      const end = await runCommand(args);
      expectPlainFailure(end, 2);
      expect(end.stderr).toContain('--help');
    });
  }

  test.concurrent('refuses a flag without its value with exit code 2', async () => {
    expectPlainFailure(await runCommand(['run', '--out']), 2);
  });

  for (const args of [[], ['run'], ['render'], ['healthcheck']]) {
    const name = ['meet-gen', ...args].join(' ');
    test.concurrent(`prints ${name} --help and --version on standard output with exit code 0`, async () => {
      const help = await runCommand([...args, '--help']);
      expect(help).toMatchObject({ code: 0, stderr: '' });
      expect(help.stdout).toContain('Usage: meet-gen');
      if (args.length > 0) expect(help.stdout).toContain('Exit code: 0');
      const versionEnd = await runCommand([...args, '--version']);
      expect(versionEnd).toMatchObject({ code: 0, stderr: '' });
      expect(versionEnd.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    });
  }
});

describe('the out directory', () => {
  test.concurrent('is refused with the fix if it is not writable', async ({ scene }) => {
    await chmod(scene.folder, 0o755);
    await chmod(scene.out, 0o555);
    const end = await runCommand(['run', '--out', scene.out], withoutRights);
    expectPlainFailure(end, 2);
    expect(end.stderr).toContain(`--out: ${scene.out} is not writable for user ${asRoot ? nobody : process.getuid?.()}`);
    expect(end.stderr).toContain('chown');
  });

  test.concurrent('with a too long path has its socket in a private folder, where healthcheck finds it', async ({ scene }) => {
    const long = join(scene.folder, 'x'.repeat(100));
    await mkdir(long);
    const env = { TMPDIR: scene.folder };
    const run = scene.run(['--out', long], { env });
    await run.waitForLog('engineConnected');
    await waitUntil('healthcheck succeeds', async () => (await runCommand(['healthcheck', '--out', long], { env })).code === 0);
    expect((await scene.run(['--out', long], { env }).ended).stderr).toContain(
      'another meet-gen is publishing into this directory already',
    );
  });

  test.concurrent('is reported together with the template directory if both are missing', async ({ scene }) => {
    const end = await runCommand(['run', '--out', join(scene.folder, 'none'), '--templates', join(scene.folder, 'none either')]);
    expectPlainFailure(end, 2);
    expect(end.stderr).toMatch(/^meet-gen: --out: .*\nmeet-gen: --templates: .*the template directory can't be read.*\n$/);
  });
});

describe('the templates', () => {
  test.concurrent('are refused without the main template', async ({ scene }) => {
    const directory = join(scene.folder, 'templates');
    await mkdir(directory);
    const end = await runCommand(['run', '--out', scene.out, '--templates', directory]);
    expectPlainFailure(end, 2);
    expect(end.stderr).toContain(`${directory}/routing.conf.eta: there is no such file; copy the shipped template there`);
  });
});

describe('the engine', () => {
  test.concurrent('is reported with the group and the line to paste if its socket may not be opened', async ({ scene }) => {
    await chmod(scene.folder, 0o755);
    await chmod(scene.out, 0o777);
    if (asRoot) await chown(scene.engine.socketPath, 0, 4711);
    await chmod(scene.engine.socketPath, asRoot ? 0o660 : 0o000);
    const cure = asRoot
      ? 'the socket belongs to group 4711: add --group-add 4711 to docker run, or group_add: ["4711"] to the service in compose'
      : "the socket's mode 0000 gives its owner no access";

    const once = await runCommand(['render', '--docker-host', scene.engine.host], withoutRights);
    expectPlainFailure(once, 3);
    expect(once.stderr).toContain(cure);

    const run = scene.run([], withoutRights);
    await waitUntil('the problem is reported', () => problemCodes(run).includes('engine-unreachable'));
    expect(JSON.stringify(run.logged('problem')[0])).toContain(asRoot ? 'group_add' : 'gives its owner no access');
    await chmod(scene.engine.socketPath, 0o666);
    await run.waitForLog('engineConnected');
  });

  test.concurrent('is tried again while it is unreachable', async ({ scene }) => {
    await scene.engine.goAway();
    const run = scene.run();
    await waitUntil('the problem is reported', () => problemCodes(run).includes('engine-unreachable'));
    expect(JSON.stringify(run.logged('problem')[0])).toContain(`there is no engine at ${scene.engine.host}`);
    expect(run.hasEnded()).toBe(false);
    run.signal('SIGTERM');
    expect(await run.ended).toMatchObject({ code: 0, stdout: '' });
  });

  test.concurrent('is reported if it redirects, and the redirect is not followed', async ({ scene, onTestFinished }) => {
    let asked = 0;
    const elsewhere = createServer((_, answer) => {
      asked += 1;
      answer.end('[]');
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void elsewhere.close());
    const { port } = elsewhere.address() as AddressInfo;
    for (const location of [`http://127.0.0.1:${port}/`, `https://127.0.0.1:${port}/`, '/_ping', 'foo://x', 'http://[', '']) {
      const fault = scene.engine.faults.add({ method: 'GET', path: /./, do: 'status', status: 301, location });
      const end = await runCommand(['render', '--docker-host', scene.engine.host]);
      fault.lift();
      expectPlainFailure(end, 3);
      expect(end.stderr).toContain('(301) instead of answering');
    }
    expect(asked).toBe(0);
    const fault = scene.engine.faults.add({ method: 'GET', path: /./, do: 'status', status: 307, location: 'foo://x' });
    await scene.frontend('frontend');
    scene.backend('backend', 20);
    const run = scene.run();
    await waitUntil('the problem is reported', () => problemCodes(run).includes('engine-unreachable'));
    fault.lift();
    await scene.converged();
    expect(run.hasEnded()).toBe(false);
  });

  test.concurrent('behind a socket proxy that refuses is reported with the call that meet-gen needs', async ({ scene }) => {
    scene.engine.faults.add({ method: 'GET', path: /./, do: 'status', status: 403, message: 'Forbidden' });
    const end = await runCommand(['render', '--docker-host', scene.engine.host]);
    expectPlainFailure(end, 3);
    expect(end.stderr).toContain('GET /containers/json');
    expect(end.stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
