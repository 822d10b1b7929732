import { expect } from 'vitest';
import type { Explanation, InstanceAnswer } from '../../src/explain/explanation.ts';
import { runCommand } from '../support/built-command.ts';
import type { CommandEnd } from '../support/built-command.ts';
import { waitUntil } from '../support/wait-until.ts';
import { askPort, composeLabels, freePort, network, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

function explain(scene: Scene, ...args: readonly string[]): Promise<CommandEnd> {
  return runCommand(['explain', '--out', scene.out, ...args]);
}

async function explainJson(scene: Scene, ...args: readonly string[]): Promise<Explanation> {
  return JSON.parse((await explain(scene, ...args, '--json')).stdout) as Explanation;
}

async function explainInstance(scene: Scene, ...args: readonly string[]): Promise<InstanceAnswer> {
  const { instances } = await explainJson(scene, ...args);
  expect(instances).toHaveLength(1);
  return instances[0] as InstanceAnswer;
}

function service(scene: Scene, name: string, host: number, labels: Readonly<Record<string, string>>, project = 'meet'): void {
  scene.engine.world.add({
    name,
    labels: composeLabels(project, name, { 'meet.role': 'service', 'meet.port': '3000', ...labels }),
    networks: { [`${project}_default`]: scene.address(host) },
    prefixLength: 24,
    image: 'files',
  });
}

test.concurrent('shows the answering container, and why others do not answer, also with --listen off', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20);
  scene.backend('backend-2', 21, { health: 'starting' });
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  const { code, stdout, stderr } = await explain(scene, 'https://meet.example.com/api/v1.0/config/?x=1');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.split('\n')).toEqual([
    'meet.example.com/api/v1.0/config/?x=1 (nginx reads /api/v1.0/config/)',
    '  meet: meet/backend answers',
    '    location ^~ /api/',
    `    answers    backend-1  ${scene.address(20)}:8000 on ${network}  running, without a health check`,
    `    stands by  backend-2  ${scene.address(21)}:8000 on ${network}  running: health check has not passed yet, and others are better`,
    '    frontends',
    '      frontend  running  serves the published file (live)',
    '  meet-gen does not see snippets in /etc/nginx/meet-routing.d of the frontend, which may answer first.',
    '',
  ]);
  expect(await explainInstance(scene, '/abc-defg-hij')).toMatchObject({
    answer: 'spa',
    containers: [{ container: 'frontend', place: 'answers' }],
  });
});

test.concurrent('exits with 7 for a path without a replica in rotation, and for a path that nginx refuses', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  scene.engine.world.stop('backend');
  await scene.stopsServing(`${scene.address(20)}:8000`);
  const { code, stdout } = await explain(scene, '/api');
  expect(code).toBe(7);
  expect(stdout).toContain('meet: the path belongs to meet/backend, and none of its containers is in rotation: 503');
  expect(stdout).toMatch(/out {2}backend {2}no address {2}exited/);
  expect(await explain(scene, '/../api')).toMatchObject({ code: 7, stdout: expect.stringContaining('nginx answers 400') });
});

test.concurrent('a missing route: shows the refused route with its fix, and the answer that visitors get', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.run();
  await scene.converged();
  nginx.behaviour.refuseText = 'upstream meet_meet.bad';
  service(scene, 'bad', 30, { 'meet.paths': '/bad/' });
  await waitForStatus(scene, 'all paths but one are served', ({ problems, instances }) => {
    const isServed = instances[0]?.frontends[0]?.runningGeneration === instances[0]?.publishedGeneration;
    return isServed && problems.some((item) => item.code === 'route-left-out');
  });
  const { code, stdout } = await explain(scene, '/bad/x');
  expect(code).toBe(7);
  expect(stdout).toContain('meet: the path belongs to meet/bad, but its route is left out of the published file: 503');
  expect(stdout).toContain('labels want the path for meet/bad, but that is not published');
  expect(stdout).toContain('error route-left-out (meet.paths=/bad/)');
  expect(stdout).toContain('[emerg] upstream meet_meet.bad is refused');
  expect((await explainInstance(scene, '/api')).notes.join()).not.toContain('labels want the path');
});

test.concurrent('a missing route: names a frontend that keeps the old routes', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.run();
  await scene.converged();
  const older = nginx.generation();
  nginx.behaviour.refuseReload = true;
  scene.backend('backend-2', 21);
  await waitForStatus(scene, 'another file is published', ({ instances }) => instances[0]?.publishedGeneration !== older);
  const note = new RegExp(`frontend does not serve the published generation \\w+ yet \\(.*\\): it serves the generation ${older}`);
  // The frontend's generation is unknown until its next answer.
  const { frontends } = await waitUntil('the frontend is named', async () => {
    const answer = await explainInstance(scene, '/api');
    return note.test(answer.notes.join()) && answer;
  });
  expect(frontends).toMatchObject([{ container: 'frontend', servesPublished: false }]);
});

test.concurrent('a missing route: suggests likely causes', async ({ scene }) => {
  await scene.frontend('frontend');
  await scene.frontend('docs-frontend', { instance: 'docs', host: 11 });
  scene.backend('backend', 20);
  service(scene, 'files', 30, { 'meet.paths': '/files' }, 'docs');
  service(scene, 'uploads', 31, { 'meet.paths': '/upload' });
  service(scene, 'broken', 32, { 'meet.paths': 'files' });
  service(scene, 'misspelt', 33, { 'meet.role': 'servise' });
  scene.run();
  await scene.converged();
  const { answer, hints, problems } = await explainInstance(scene, '/files', '--instance', 'meet');
  expect(answer).toBe('spa');
  expect(hints[0]).toBe('docs/files has this path in the instance docs; set meet.instance=meet on its containers if it should answer here');
  expect(problems.map(({ code, container }) => `${container} ${code}`).toSorted()).toEqual([
    'broken bad-label-value',
    'broken no-paths',
    'misspelt bad-role',
  ]);
  expect((await explainInstance(scene, '/uploads/x', '--instance', 'meet')).hints[0]).toBe('did you mean /upload? meet/uploads has it');
});

test.concurrent('chooses the instance by host, and reports an unknown host', async ({ scene }) => {
  for (const [index, name] of ['meet', 'docs'].entries())
    await scene.frontend(`${name}-frontend`, {
      instance: name,
      host: 10 + index,
      container: { labels: composeLabels(name, 'frontend', { 'meet.role': 'frontend', 'meet.host': `${name}.example.com` }) },
    });
  scene.run();
  await scene.converged();
  const instancesOf = async (...args: readonly string[]): Promise<readonly string[]> =>
    (await explainJson(scene, ...args)).instances.map(({ instance }) => instance);
  expect(await instancesOf('https://docs.example.com/x')).toEqual(['docs']);
  expect(await instancesOf('/x')).toEqual(['docs', 'meet']);
  expect(await instancesOf('/x', '--instance', 'meet')).toEqual(['meet']);
  expect(await explain(scene, 'https://example.com/x')).toMatchObject({
    code: 7,
    stdout: expect.stringContaining(
      'no instance has the host example.com in its meet.host; docs has docs.example.com; meet has meet.example.com',
    ),
  });
  expect(await explain(scene, '/x', '--instance', 'meat')).toMatchObject({
    code: 7,
    stdout: expect.stringContaining('the instances are: docs, meet'),
  });
});

test.concurrent('refuses any argument but a path or a URL, and reports that no meet-gen is running', async ({ scene }) => {
  expect(await explain(scene, 'files')).toMatchObject({ code: 2, stderr: expect.stringContaining('a path begins with a slash: /files') });
  expect(await explain(scene)).toMatchObject({ code: 2, stderr: expect.stringContaining("missing required argument 'path or URL'") });
  expect(await explain(scene, '/x')).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('no meet-gen answers') });
});

test.concurrent('explain is not available over TCP', async ({ scene }) => {
  await scene.frontend('frontend');
  const port = await freePort();
  scene.run(['--listen', `127.0.0.1:${port}`]);
  await scene.converged();
  expect((await askPort(port, '/explain?target=/api')).status).toBe(404);
});

test.concurrent('shows untrusted text as plain text', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend\u001b[2J', 20);
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  const target = '/api/\u001b]0;x\u0007\u202e%zz';
  for (const args of [['/api'], [target], ['/api', '--json'], [target, '--json'], ['/api/\u00e9?\u202e']])
    expect((await explain(scene, ...args)).stdout.replaceAll('\n', '')).toMatch(/^[\x20-\x7e…]+$/);
});
