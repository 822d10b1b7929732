import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { runCommand, startCommand } from '../support/built-command.ts';
import { waitUntil } from '../support/wait-until.ts';
import { addService, composeLabels, network, readMetrics, test } from './scene.ts';
import type { Scene } from './scene.ts';

// What `meet-gen status` and the metrics say of each situation that somebody asks about.

function status(scene: Scene, ...args: readonly string[]): ReturnType<typeof runCommand> {
  return runCommand(['status', '--out', scene.out, ...args]);
}

/** Waits until the command says all of that, and ends with that code. */
async function told(scene: Scene, code: 0 | 7, ...texts: readonly string[]): Promise<string> {
  let last = '';
  return waitUntil(
    `it says ${texts.join(' | ')}`,
    async () => {
      const end = await status(scene);
      last = JSON.stringify(end, undefined, 1);
      const lines = end.stdout.replaceAll(/ {2,}/g, '  ');
      return end.code === code && end.stderr === '' && texts.every((text) => lines.includes(text)) ? end.stdout : undefined;
    },
    undefined,
    () => last,
  );
}

const upstreams = (state: string, service = 'meet/backend'): string => `upstreams{instance="meet",service="${service}",state="${state}"}`;
const problems = (code: string): string => `problems{code="${code}"}`;

/** The metrics say so, too. */
async function counted(scene: Scene, wanted: Readonly<Record<string, number | undefined>>): Promise<void> {
  const metrics = await readMetrics(scene);
  expect(Object.fromEntries(Object.keys(wanted).map((name) => [name, metrics.get(name)]))).toEqual(wanted);
}

test.concurrent('all is well', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.run();
  const text = await told(scene, 0, ': all routes are live\n', 'engine: connected; looked at last 2', 'meet: live (');
  expect(text).toContain('frontend  running, without a health check  serves what is published (live), nginx 1.30.3');
  expect(text).toContain(`in rotation  backend  ${scene.address(20)}:8000 on ${network}  running, without a health check`);
  expect(text).toMatch(/routes\n {4}meet\/backend {2}.*\/api\/ /);
  expect(text).not.toContain('problems');
  await counted(scene, { engine_connected: 1, last_reload_successful: 1, [upstreams('in_rotation')]: 1, [upstreams('out')]: 0 });
});

test.concurrent('one that is starting: it is out, and why', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20, { health: 'healthy' });
  scene.backend('backend-2', 21, { health: 'starting' });
  scene.run();
  await told(
    scene,
    0,
    'in rotation  backend-1',
    `out  backend-2  ${scene.address(21)}:8000 on ${network}  running: health check has not passed yet`,
  );
  await counted(scene, { [upstreams('in_rotation')]: 1, [upstreams('starting')]: 1 });
});

test.concurrent('one that is unhealthy: it is out, and why', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20, { health: 'healthy' });
  scene.backend('backend-2', 21, { health: 'unhealthy' });
  scene.run();
  await told(scene, 0, 'in rotation  backend-1', `out  backend-2  ${scene.address(21)}:8000 on ${network}  running: health check fails`);
  await counted(scene, { [upstreams('in_rotation')]: 1, [upstreams('unhealthy')]: 1 });
});

test.concurrent('one that is drained: who did it, and how to take it back', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20);
  scene.backend('backend-2', 21);
  scene.run();
  await scene.converged();
  expect(await runCommand(['drain', '--out', scene.out, 'backend-2'])).toMatchObject({ code: 0 });
  await told(scene, 0, ': all routes are live\n', 'running: drained by an operator', 'notice drained (backend-2)', 'cure: ');
  await counted(scene, { [upstreams('in_rotation')]: 1, [upstreams('draining')]: 1, [problems('drained')]: 1 });
});

test.concurrent('nobody left: the routes answer 503', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20, { state: 'exited' });
  scene.run();
  await told(scene, 0, 'meet/backend: nobody in rotation, so its routes answer 503', 'out  backend  no address  exited');
  await counted(scene, { [upstreams('in_rotation')]: 0, [upstreams('out')]: 1 });
});

test.concurrent('a label with a typo: which one, and what was meant', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20, { labels: composeLabels('meet', 'backend', { 'meet.role': 'backend', 'meet.pahts': '+/more' }) });
  scene.run();
  await told(
    scene,
    0,
    ': all routes are live, and there is a problem\n',
    'warning unknown-label (backend, meet.pahts=+/more)',
    'meet.paths',
  );
  await counted(scene, { [problems('unknown-label')]: 1, [upstreams('in_rotation')]: 1 });
});

test.concurrent('a route that two want: who keeps it', async ({ scene }) => {
  await scene.frontend('frontend');
  addService(scene, 'files', 30);
  addService(scene, 'more', 31, '/files');
  scene.run();
  await told(scene, 0, 'and there is a problem\n', 'error contested-route (more', 'meet/files');
  await counted(scene, { [problems('contested-route')]: 1 });
});

test.concurrent('nginx refuses: what is left out, in its own words', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.run();
  await scene.converged();
  nginx.behaviour.refuseText = '^~ /bad/';
  addService(scene, 'bad', 30);
  await told(
    scene,
    7,
    ': not all that labels ask for is live, and there are ',
    'meet: a part of what labels ask for is left out (the problems say why)',
    '[emerg] ^~ /bad/ is refused',
    'error route-left-out',
  );
  await counted(scene, { [problems('reload-rejected')]: 1, [problems('route-left-out')]: 1 });
});

test.concurrent('the engine is away: what was published goes on being served', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.run();
  await scene.converged();
  await scene.engine.goAway();
  await told(
    scene,
    7,
    ": the engine can't be reached, so changes are not seen; what was published last goes on being served\n",
    'error engine-unreachable',
  );
  await counted(scene, { engine_connected: 0, [problems('engine-unreachable')]: 1, [upstreams('in_rotation')]: 1 });
});

test.concurrent('a frontend that does not answer: it is not known what it serves, and why', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  nginx.behaviour.answers = 'never';
  scene.backend('backend', 20);
  scene.run(['--verify-timeout', '500ms']);
  await told(
    scene,
    7,
    'meet: published, and not proven to be served by frontend',
    'it is not known what it serves: no answer in time',
    'warning reload-unverified (frontend)',
  );
  await counted(scene, { [problems('reload-unverified')]: 1, last_reload_successful: 0 });
});

test.concurrent('as JSON it is what /status answers; of one instance alone when that is asked for', async ({ scene }) => {
  await scene.frontend('frontend');
  await scene.frontend('frontend-b', { instance: 'other', host: 11 });
  scene.run();
  await scene.converged();
  const { stdout, code } = await status(scene, '--json');
  expect(code).toBe(0);
  // The engine may have been asked once more in between.
  const { engine, ...shown } = JSON.parse(stdout) as Record<string, unknown>;
  const { engine: __, ...answered } = await scene.status();
  expect(shown).toEqual(answered);
  expect(engine).toMatchObject({ connected: true });
  const one = JSON.parse((await status(scene, '--json', '--instance', 'other')).stdout) as { instances: readonly { name: string }[] };
  expect(one.instances.map(({ name }) => name)).toEqual(['other']);
});

test.concurrent('docs/status.md tells of every field', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  nginx.behaviour.answers = 'forbidden';
  scene.backend('backend', 20, { labels: composeLabels('meet', 'backend', { 'meet.role': 'backend', 'meet.pahts': '/more' }) });
  scene.run();
  await told(scene, 7, 'refuses meet-gen');
  await scene.engine.goAway();
  await told(scene, 7, 'engine-unreachable');
  const page = await readFile(new URL('../../docs/status.md', import.meta.url), 'utf8');
  const words = new Set(page.match(/[A-Za-z]+/g));
  expect(keysOf(await scene.status()).filter((key) => !words.has(key))).toEqual([]);
});

test.concurrent('nobody to ask: exit 3, and what to look at', async ({ scene }) => {
  expect(await status(scene)).toEqual({
    code: 3,
    signal: null,
    stdout: '',
    stderr: `meet-gen: no meet-gen answers on ${scene.out}/.meet-gen.sock; is it running with this --out?\n`,
  });
});

test.concurrent('it watches until it is told to stop, and shows what changes', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.run();
  await scene.converged();
  const watching = startCommand(['status', '--watch', '--out', scene.out]);
  await waitUntil('it shows who is in rotation', () => watching.stdout().includes(`in rotation  backend  ${scene.address(20)}`));
  scene.engine.world.stop('backend');
  await waitUntil('it shows that nobody is', () => watching.stdout().includes('nobody in rotation'));
  await scene.stopAll();
  await waitUntil('it says that nobody answers', () => watching.stdout().includes('no meet-gen answers'));
  watching.signal('SIGINT');
  expect(await watching.ended).toMatchObject({ code: 0, stderr: '' });
});

function keysOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(keysOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...keysOf(item)]);
}
