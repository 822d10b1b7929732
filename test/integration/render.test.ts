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

const compose = `
name: meet
services:
  frontend:
    image: lasuite/meet-frontend:v1.27.0
    labels:
      meet.role: frontend
      meet.host: \${HOST:-meet.example.com}
  backend:
    image: lasuite/meet-backend:v1.27.0
    labels: ["meet.role=backend"]
  celery:
    image: lasuite/meet-backend:v1.27.0
`;

describe('from the engine', () => {
  test.concurrent('asks the engine that the flag names, whatever the environment says', async ({ scene }) => {
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

  test.concurrent('prints what the sidecar publishes, writes nothing and signals nobody', async ({ scene }) => {
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

  test.concurrent('several instances: each has its heading; --instance picks one', async ({ scene }) => {
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

  test.concurrent('problems: the file on standard output, they on standard error, exit 7', async ({ scene }) => {
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

  test.concurrent('nothing labelled: nothing on standard output, exit 7', async ({ scene }) => {
    const { code, stdout, stderr } = await render(scene);
    expect({ code, stdout }).toEqual({ code: 7, stdout: '' });
    expect(stderr).toBe('meet-gen: nothing to render: no container with meet.role=frontend was found\n');
  });

  for (const fault of [
    { name: 'answers 500', do: 'status', status: 500 },
    { name: 'is cut', do: 'cut' },
    { name: 'answers no list', do: 'body', body: '{}' },
  ] as const) {
    test.concurrent(`a list that ${fault.name}: exit 3, never an empty file`, async ({ scene }) => {
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
    test.concurrent(`a template directory that is ${name}: exit 4, file and reason`, async ({ scene }) => {
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

describe('from a compose file, with no engine', () => {
  test.concurrent('a placeholder address stands for each service, named in a comment', async ({ scene }) => {
    const file = join(scene.folder, 'compose.yml');
    await writeFile(file, compose);
    await writeFile(join(scene.folder, '.env'), 'HOST=visio.example.org\n');
    const { code, stdout, stderr } = await runCommand(['render', '--compose', file]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('# 192.0.2.1 stands for the service backend\n# 192.0.2.2 stands for the service frontend\n');
    expect(stdout).toContain('server 192.0.2.1:8000 max_fails=0 fail_timeout=0;');
    expect(stdout).toContain('server_name visio.example.org;');
    expect(stdout).not.toContain('celery');
    expect(scene.engine.calls).toEqual([]);
  });

  test.concurrent('standard input, YAML and the JSON of docker compose config, say the same', async () => {
    const yaml = await runCommand(['render', '--compose', '-'], { stdin: compose });
    expect(yaml).toMatchObject({ code: 0, stderr: '' });
    const json = JSON.stringify({
      name: 'meet',
      networks: { default: { name: 'meet_default', ipam: {} } },
      services: {
        frontend: { labels: { 'meet.role': 'frontend', 'meet.host': 'meet.example.com' }, networks: { default: null } },
        backend: { labels: { 'meet.role': 'backend' }, networks: { default: null } },
        celery: { networks: { default: null } },
      },
    });
    expect(await runCommand(['render', '--compose', '-'], { stdin: json })).toEqual(yaml);
  });

  test.concurrent('problems in it: exit 7', async () => {
    const { code, stdout, stderr } = await runCommand(['render', '--compose', '-'], {
      stdin: compose.replace('meet.role=backend', 'meet.role=bakend'),
    });
    expect(code).toBe(7);
    expect(stdout).toContain('# routing.conf of meet,');
    expect(stderr).toContain('did you mean backend?');
  });

  for (const { name, stdin, reason } of [
    { name: 'no YAML', stdin: 'services:\n  a: [1, 2\n', reason: /no YAML or JSON/ },
    { name: 'no JSON', stdin: '{"services": {', reason: /no YAML or JSON/ },
    { name: 'no mapping', stdin: 'hello\n', reason: /must be a mapping/ },
    { name: 'without services', stdin: 'name: meet\n', reason: /services must be a mapping/ },
    { name: 'empty', stdin: '', reason: /must be a mapping/ },
    { name: 'with include', stdin: 'include: [other.yml]\nservices: {}\n', reason: /docker compose config --format json/ },
    { name: 'missing a variable', stdin: compose.replace(':-meet.example.com', ':?give a host'), reason: /HOST is not set: give a host/ },
  ]) {
    test.concurrent(`${name}: exit 2, a line with the reason`, async () => {
      const end = await runCommand(['render', '--compose', '-'], { stdin });
      expect({ code: end.code, stdout: end.stdout }, end.stderr).toEqual({ code: 2, stdout: '' });
      expect(end.stderr).toMatch(reason);
      expect(end.stderr.trimEnd().split('\n')).toHaveLength(1);
    });
  }

  test.concurrent('a file that is missing, or a directory: exit 2', async ({ scene }) => {
    for (const file of [join(scene.folder, 'none.yml'), scene.folder]) {
      const end = await runCommand(['render', '--compose', file]);
      expect({ code: end.code, stdout: end.stdout }, end.stderr).toEqual({ code: 2, stdout: '' });
      expect(end.stderr).toContain(`${file} can't be read`);
    }
  });

  test.concurrent('a template that is broken: exit 4', async ({ scene }) => {
    await writeFile(join(scene.folder, 'routing.conf.eta'), '<%= it.generation %>\n<%= it. %>\n');
    const end = await runCommand(['render', '--compose', '-', '--templates', scene.folder], { stdin: compose });
    expect({ code: end.code, stdout: end.stdout }, end.stderr).toEqual({ code: 4, stdout: '' });
    expect(end.stderr).toContain('routing.conf.eta, line 2');
  });
});

test.concurrent('a compose file cannot write escape sequences or lines of its own to the terminal', async ({ scene }) => {
  const file = join(scene.folder, 'compose.yaml');
  await writeFile(file, 'services:\n  frontend:\n    labels:\n      meet.role: "${X:?\\e]0;evil\\a\\nmeet-gen: all is well}"\n');
  const { code, stderr } = await runCommand(['render', '--compose', file]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^meet-gen: the variable X is not set: [\x20-\x7e]+\n$/);
});
