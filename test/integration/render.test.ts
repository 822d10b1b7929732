import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { runCommand } from '../support/built-command.ts';
import type { CommandEnd, CommandOptions } from '../support/built-command.ts';
import { composeLabels, test } from './scene.ts';
import type { Scene } from './scene.ts';

function render(scene: Scene, flags: readonly string[] = [], options: CommandOptions = {}): Promise<CommandEnd> {
  return runCommand(['render', '--docker-host', scene.engine.host, ...flags], options);
}

/** A project as Compose resolves it. */
const project = {
  name: 'meet',
  networks: { default: { name: 'meet_default', ipam: {} } },
  services: {
    frontend: { command: null, labels: { 'meet.role': 'frontend', 'meet.host': 'visio.example.org' }, networks: { default: null } },
    backend: { command: null, labels: { 'meet.role': 'backend' }, networks: { default: null } },
    celery: { command: null, networks: { default: null } },
  },
};

function renderProject(services: object = {}, flags: readonly string[] = []): Promise<CommandEnd> {
  const stdin = JSON.stringify({ ...project, services: { ...project.services, ...services } });
  return runCommand(['render', '--compose', '-', ...flags], { stdin });
}

describe('render from the engine', () => {
  test.concurrent('asks the engine of the flag, not that of the environment', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('backend', 20);
    const expected = await render(scene);
    expect(expected).toMatchObject({ code: 0, stderr: '' });
    for (const env of [
      { DOCKER_HOST: 'tcp://127.0.0.1:1' },
      { DOCKER_HOST: '::bad' },
      { DOCKER_HOST: 'tcp://127.0.0.1:1', DOCKER_CERT_PATH: '/nope' },
    ]) {
      expect(await render(scene, [], { env })).toEqual(expected);
    }
  });

  test.concurrent("prints the sidecar's file, writes nothing and sends no signal", async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('backend', 20);
    const end = await render(scene);
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(scene.engine.killCalls()).toEqual([]);
    expect(await readdir(scene.out)).toEqual([]);
    scene.run();
    await scene.converged();
    expect(end.stdout).toBe(await scene.content());
    expect(await render(scene)).toEqual(end);
  });

  test.concurrent('prints a heading for each of several instances; --instance chooses one', async ({ scene }) => {
    await scene.frontend('one-frontend', { instance: 'one' });
    await scene.frontend('two-frontend', { instance: 'two', host: 11 });
    for (const [index, name] of ['one', 'two'].entries()) {
      const labels = composeLabels(name, 'backend', { 'meet.role': 'backend' });
      scene.backend(`${name}-backend`, 20 + index, { labels, networks: { [`${name}_default`]: scene.address(20 + index) } });
    }
    const all = await render(scene);
    expect(all.code).toBe(0);
    expect(all.stdout).toMatch(/^# one\/routing\.conf\n[^]*^# two\/routing\.conf\n/m);
    const one = await render(scene, ['--instance', 'one']);
    expect(one.code).toBe(0);
    expect(one.stdout).toMatch(/^# routing\.conf of one,/);
    expect(one.stdout).not.toContain('of two');
  });

  test.concurrent('prints the file on standard output, problems on standard error, and exits with 7', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('backend', 20, {
      labels: composeLabels('meet', 'backend', { 'meet.role': 'backend', 'meet.prot': '8001', 'meet.read-timeout': 'long' }),
    });
    const { code, stdout, stderr } = await render(scene);
    expect(code).toBe(7);
    expect(stdout).toContain(`${scene.address(20)}:8000`);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
    expect(stderr).toContain('meet.prot=8001');
    expect(stderr).toContain('did you mean meet.port?');
    expect(stderr).toContain('(bad-label-value)');
  });

  test.concurrent('prints nothing on standard output and exits with 7 if no container is labelled', async ({ scene }) => {
    const { code, stdout, stderr } = await render(scene);
    expect({ code, stdout }).toEqual({ code: 7, stdout: '' });
    expect(stderr).toBe('meet-gen: nothing to render: no container with meet.role=frontend was found\n');
  });

  for (const fault of [
    { name: 'answers 500', do: 'status', status: 500 },
    { name: 'is cut', do: 'cut' },
    { name: 'is no list', do: 'body', body: '{}' },
  ] as const) {
    test.concurrent(`exits with 3 if the list ${fault.name}, and prints no empty file`, async ({ scene }) => {
      await scene.frontend('frontend');
      scene.engine.faults.add({ method: 'GET', path: /^\/containers\/json$/, ...fault });
      const { code, stdout, stderr } = await render(scene);
      expect({ code, stdout }, stderr).toEqual({ code: 3, stdout: '' });
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    });
  }

  for (const { name, files } of [
    { name: 'missing', files: undefined },
    { name: 'empty', files: {} },
    { name: 'broken', files: { 'routing.conf.eta': '# one\n<% if ( { %>\n' } },
    { name: 'failing', files: { 'routing.conf.eta': '# one\n<%= it.nothing.more %> <%= it.generation %>\n' } },
  ]) {
    test.concurrent(`exits with 4 if the template directory is ${name}, with file and reason`, async ({ scene }) => {
      await scene.frontend('frontend');
      const directory = join(scene.folder, 'templates');
      if (files !== undefined) await mkdir(directory);
      for (const [file, text] of Object.entries(files ?? {})) await writeFile(join(directory, file), text);
      const { code, stdout, stderr } = await render(scene, ['--templates', directory]);
      expect({ code, stdout }, stderr).toEqual({ code: 4, stdout: '' });
      expect(stderr).toContain(name === 'missing' ? directory : 'routing.conf.eta');
      if (files !== undefined && name !== 'empty') expect(stderr).toContain('line 2');
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(stderr).not.toMatch(/^\s+at /m);
    });
  }
});

describe('render --compose, without an engine', () => {
  test.concurrent('gives each service a placeholder address, and names it in a comment', async ({ scene }) => {
    const { code, stdout, stderr } = await renderProject();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('# 192.0.2.1 stands for the service backend\n# 192.0.2.2 stands for the service frontend\n');
    expect(stdout).toContain('server 192.0.2.1:8000 max_fails=0 fail_timeout=0;');
    expect(stdout).toContain('server_name visio.example.org;');
    expect(stdout).not.toContain('celery');
    expect(scene.engine.calls).toEqual([]);
  });

  test.concurrent('exits with 7 if the project has problems', async () => {
    const { code, stdout, stderr } = await renderProject({ backend: { labels: { 'meet.role': 'bakend' } } });
    expect(code).toBe(7);
    expect(stdout).toContain('# routing.conf of meet,');
    expect(stderr).toContain('did you mean backend?');
  });

  const backend = { labels: { 'meet.role': 'backend' }, networks: { default: null } };
  const frontend = project.services.frontend;
  const files = { labels: { 'meet.role': 'service', 'meet.paths': '/files' }, networks: { default: null } };
  const own = { networks: undefined };

  for (const { name, services, stdout, codes } of [
    {
      name: 'a backend in host mode',
      services: { backend: { ...backend, ...own, network_mode: 'host' } },
      stdout: 'server 192.0.2.1:8000 ',
      codes: ['needs-engine'],
    },
    {
      name: 'a frontend in host mode',
      services: { frontend: { ...frontend, ...own, network_mode: 'host' } },
      stdout: 'server 192.0.2.1:8000 ',
      codes: ['needs-engine'],
    },
    {
      name: 'both in host mode',
      services: { backend: { ...backend, ...own, network_mode: 'host' }, frontend: { ...frontend, ...own, network_mode: 'host' } },
      stdout: 'server 192.0.2.1:8000 ',
      codes: ['needs-engine', 'needs-engine'],
    },
    {
      name: 'a backend behind a VPN',
      services: { backend: { ...backend, ...own, network_mode: 'service:vpn' }, vpn: { networks: { default: null } } },
      stdout: 'server 192.0.2.1:8000 ',
      codes: [],
    },
    {
      name: 'both on the default bridge',
      services: { backend: { ...backend, ...own, network_mode: 'bridge' }, frontend: { ...frontend, ...own, network_mode: 'bridge' } },
      stdout: 'server 192.0.2.1:8000 ',
      codes: [],
    },
    { name: 'a service whose port stands only in its image', services: { files }, stdout: 'server 192.0.2.2:80 ', codes: ['needs-engine'] },
    {
      name: 'a service with a range of ports',
      services: { files: { ...files, expose: ['9001-9002/tcp', '53/udp'] } },
      stdout: 'server 192.0.2.2:9001 ',
      codes: [],
    },
    {
      name: 'several backends',
      services: { backend: { ...backend, deploy: { replicas: 3 } } },
      stdout: '# 192.0.2.1 stands for the service backend, 3 replicas\n',
      codes: [],
    },
    {
      name: 'no backend',
      services: { backend: { ...backend, scale: 0 } },
      stdout: '# no address stands for the service backend: it has no replicas\n',
      codes: ['nobody-in-rotation'],
    },
    { name: 'a service without replicas', services: { files: { ...files, scale: 0 } }, stdout: 'server 192.0.2.1:8000 ', codes: [] },
  ]) {
    test.concurrent(`renders ${name} as \`up\` would start it`, async () => {
      const end = await renderProject(services);
      expect([...end.stderr.matchAll(/ \(([a-z-]+)\)$/gm)].map(([, code]) => code)).toEqual(codes);
      expect(end.code).toBe(name === 'no backend' ? 7 : 0);
      expect(end.stdout).toContain(stdout);
    });
  }

  for (const { name, stdin, reason } of [
    { name: 'YAML', stdin: 'services:\n  a: {}\n', reason: 'not valid JSON' },
    { name: 'half a project', stdin: '{"name": "meet", "services": {', reason: 'JSON' },
    { name: 'empty input', stdin: '', reason: 'JSON' },
    { name: 'other JSON', stdin: '{}', reason: 'no project name' },
    { name: 'variables, as with --no-interpolate', stdin: '{"name": "${X}", "services": {}}', reason: '--no-interpolate' },
    { name: 'input beyond the limit', stdin: ' '.repeat(17 * 2 ** 20), reason: 'longer than 16777216 bytes' },
  ]) {
    test.concurrent(`exits with 2 for ${name}, with the reason and the line to paste`, async () => {
      const end = await runCommand(['render', '--compose', '-'], { stdin });
      expect({ code: end.code, stdout: end.stdout }, end.stderr).toEqual({ code: 2, stdout: '' });
      expect(end.stderr).toContain(reason);
      if (name !== 'input beyond the limit')
        expect(end.stderr).toContain('docker compose config --format json | meet-gen render --compose -');
      expect(end.stderr.trimEnd().split('\n')).toHaveLength(1);
    });
  }

  test.concurrent('exits with 2 without docker on the PATH, as in the image, and prints the line to paste', async ({ scene }) => {
    for (const { args, line } of [
      { args: [], line: 'docker compose config --format json' },
      { args: ['compose.prod.yml'], line: 'docker compose -f compose.prod.yml config --format json' },
    ]) {
      const end = await runCommand(['render', '--compose', ...args], { env: { PATH: scene.folder } });
      expect({ code: end.code, stdout: end.stdout }).toEqual({ code: 2, stdout: '' });
      expect(end.stderr).toContain(`paste this on a machine that has Compose: ${line} | meet-gen render --compose - (`);
      expect(end.stderr).toContain(`${line} | docker run --rm -i meet-gen render --compose -)\n`);
    }
  });

  test.concurrent('exits with 2 for an empty file name', async () => {
    expect(await runCommand(['render', '--compose='])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'meet-gen: --compose: the name of the file is empty\n',
    });
  });

  test.concurrent('exits with 4 for a broken template', async ({ scene }) => {
    await writeFile(join(scene.folder, 'routing.conf.eta'), '<%= it.generation %>\n<%= it. %>\n');
    const end = await renderProject({}, ['--templates', scene.folder]);
    expect({ code: end.code, stdout: end.stdout }, end.stderr).toEqual({ code: 4, stdout: '' });
    expect(end.stderr).toContain('routing.conf.eta, line 2');
  });

  test.concurrent('prints no escape sequences or lines of the project on the terminal', async () => {
    const { code, stderr } = await renderProject({ '\u001b]0;evil\u0007\nmeet-gen: all is well': [] });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^meet-gen: the input isn't the JSON [\x20-\x7e]+\n$/);
  });
});
