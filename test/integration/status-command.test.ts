import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { runCommand, startCommand } from '../support/built-command.ts';
import { waitUntil } from '../support/wait-until.ts';
import { composeLabels, network, readMetrics, test } from './scene.ts';
import type { Scene } from './scene.ts';
import { situations } from './situations.ts';
import type { SituationName } from './situations.ts';

// The output of `meet-gen status` and the metrics in each situation.

function status(scene: Scene, ...args: readonly string[]): ReturnType<typeof runCommand> {
  return runCommand(['status', '--out', scene.out, ...args]);
}

/** Waits until `meet-gen status` prints these texts and ends with this code. */
async function waitForOutput(scene: Scene, code: 0 | 7, ...texts: readonly string[]): Promise<string> {
  let last = '';
  return waitUntil(
    `meet-gen status prints ${texts.join(' | ')}`,
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

/** Waits until the metrics have these values. */
async function waitForMetrics(scene: Scene, wanted: Readonly<Record<string, number>>): Promise<void> {
  let found: Readonly<Record<string, number | undefined>> = {};
  await waitUntil(
    `the metrics are ${JSON.stringify(wanted)}`,
    async () => {
      const metrics = await readMetrics(scene);
      found = Object.fromEntries(Object.keys(wanted).map((name) => [name, metrics.get(name)]));
      return isDeepStrictEqual(found, wanted);
    },
    undefined,
    () => JSON.stringify(found),
  );
}

/** The expected output in a situation: the exit code, the texts that `status` prints, and metrics. */
interface ExpectedOutput {
  readonly code: 0 | 7;
  readonly texts: readonly string[];
  readonly metrics: Readonly<Record<string, number>>;
}

const expectedOutputs: Readonly<Record<SituationName, (scene: Scene) => ExpectedOutput>> = {
  'all well': (scene) => ({
    code: 0,
    texts: [
      ': all routes are live\n',
      'engine: connected to unix:///',
      '; last look 2',
      'meet: live (',
      'frontend  running, without a health check  serves the published file (live), nginx 1.30.3',
      `in rotation  backend-1  ${scene.address(20)}:8000 on ${network}  running: healthy`,
      'routes\n  meet/backend  ',
    ],
    metrics: { engine_connected: 1, last_reload_successful: 1, [upstreams('in_rotation')]: 1, [upstreams('out')]: 0 },
  }),
  'backend starting': (scene) => ({
    code: 0,
    texts: ['in rotation  backend-1', `out  backend-2  ${scene.address(21)}:8000 on ${network}  running: health check has not passed yet`],
    metrics: { [upstreams('in_rotation')]: 1, [upstreams('starting')]: 1 },
  }),
  'backend unhealthy': (scene) => ({
    code: 0,
    texts: ['in rotation  backend-1', `out  backend-2  ${scene.address(21)}:8000 on ${network}  running: health check fails`],
    metrics: { [upstreams('in_rotation')]: 1, [upstreams('unhealthy')]: 1 },
  }),
  'backend draining': () => ({
    code: 0,
    texts: [': all routes are live\n', 'running: drained by an operator', 'notice drained (backend-2)', 'cure: '],
    metrics: { [upstreams('in_rotation')]: 1, [upstreams('draining')]: 1, [problems('drained')]: 1 },
  }),
  'no replica left': () => ({
    code: 7,
    texts: [
      ': no replica is in rotation for meet/backend, so its routes answer 503\n',
      'meet/backend: no replica in rotation, so its routes answer 503',
      'out  backend-1  no address  exited',
      'warning nobody-in-rotation (service=meet/backend)',
    ],
    metrics: { [upstreams('in_rotation')]: 0, [upstreams('out')]: 1, [problems('nobody-in-rotation')]: 1 },
  }),
  'label typo': () => ({
    code: 0,
    texts: [': all routes are live, and there is a problem\n', 'warning unknown-label (backend-2, meet.pahts=+/more)', 'meet.paths'],
    metrics: { [problems('unknown-label')]: 1, [upstreams('in_rotation')]: 2 },
  }),
  'contested route': () => ({
    code: 0,
    texts: ['and there is a problem\n', 'error contested-route (more', 'meet/files'],
    metrics: { [problems('contested-route')]: 1 },
  }),
  'nginx refused': () => ({
    code: 7,
    texts: [
      ': not everything that labels ask for is live, and there are ',
      'meet: some routes that labels ask for are left out (see the problems)',
      '[emerg] upstream meet_meet.bad is refused',
      'error route-left-out',
    ],
    metrics: { [problems('reload-rejected')]: 1, [problems('route-left-out')]: 1 },
  }),
  'engine away': () => ({
    code: 7,
    texts: [
      ": the engine can't be reached, so changes are not seen; the last published file is still served\n",
      'error engine-unreachable',
    ],
    metrics: { engine_connected: 0, [problems('engine-unreachable')]: 1, [upstreams('in_rotation')]: 1 },
  }),
  'frontend not verified': () => ({
    code: 7,
    texts: [
      'meet: published, but not proven to be served by frontend',
      'serves an unknown file: no answer in time',
      'warning reload-unverified (frontend)',
    ],
    metrics: { [problems('reload-unverified')]: 1, last_reload_successful: 0 },
  }),
};

for (const { name, arrange } of situations) {
  test.concurrent(`shows the situation until its end: ${name}`, async ({ scene }) => {
    await scene.listens([20, 8000], [21, 8000], [22, 3000], [23, 3000], [24, 3000], [30, 3000], [31, 3000]);
    const { fix } = await arrange(scene);
    const { code, texts, metrics } = expectedOutputs[name](scene);
    const text = await waitForOutput(scene, code, ...texts);
    if (name === 'all well') expect(text).not.toContain('problems');
    await waitForMetrics(scene, metrics);
    await fix();
    await waitForOutput(scene, 0, ': all routes are live\n');
  });
}

test.concurrent('shows that a service is not ready while its only backend is starting, although the file is live', async ({ scene }) => {
  await scene.frontend('frontend');
  await scene.listens([20, 8000]);
  scene.backend('backend', 20, { health: 'starting' });
  scene.run();
  await waitForOutput(
    scene,
    7,
    ': the file is live, but meet/backend is not ready (backend is starting: health check has not passed yet)\n',
    'meet: live (',
  );
  scene.engine.world.health('backend', 'healthy');
  await waitForOutput(scene, 0, ': all routes are live\n');
});

test.concurrent('names a port that refuses connections, with the ports that the container exposes', async ({ scene }) => {
  await scene.frontend('frontend');
  const labels = composeLabels('meet', 'backend', { 'meet.role': 'backend', 'meet.port': '8001' });
  scene.backend('backend', 20, { health: 'healthy', labels, ports: [8000] });
  await scene.listens([20, 8000]);
  scene.run();
  await waitForOutput(
    scene,
    7,
    `: the file is live, but meet/backend is not ready (backend refuses connections at ${scene.address(20)}:8001), and there is a problem\n`,
    `error connection-refused (backend)`,
    'no program listens on port 8001',
    'the container exposes 8000',
    'set meet.port to 8000',
  );
  // Only the command connects to backends; the running sidecar does not.
  expect((await scene.status()).problems).toEqual([]);
  await scene.listens([20, 8001]);
  await waitForOutput(scene, 0, ': all routes are live\n');
});

test.concurrent('reports no problem for an address that meet-gen can not reach', async ({ scene }) => {
  await scene.frontend('frontend', { container: { networks: { meet_default: scene.address(10), far: '127.9.9.9' } } });
  scene.backend('backend', 20, { health: 'healthy', networks: { far: '203.0.113.7' } });
  scene.run();
  await scene.serves('203.0.113.7:8000');
  await waitForOutput(scene, 0, ': all routes are live\n');
});

test.concurrent('prints the answer of /status with --json, for one instance with --instance', async ({ scene }) => {
  await scene.frontend('frontend');
  await scene.frontend('frontend-b', { instance: 'other', host: 11 });
  scene.run();
  await scene.converged();
  const { stdout, code } = await status(scene, '--json');
  // There is no backend.
  expect(code).toBe(7);
  // The sidecar may have listed containers once more in between.
  const { engine, ...shown } = JSON.parse(stdout) as Record<string, unknown>;
  const { engine: __, ...answered } = await scene.status();
  expect(shown).toEqual(answered);
  expect(engine).toMatchObject({ connected: true });
  const one = JSON.parse((await status(scene, '--json', '--instance', 'other')).stdout) as { instances: readonly { name: string }[] };
  expect(one.instances.map(({ name }) => name)).toEqual(['other']);
  expect((await status(scene, '--instance', 'nobody')).code).toBe(7);
});

test.concurrent('docs/status.md documents every field', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  nginx.behaviour.answers = 'forbidden';
  scene.backend('backend', 20, { labels: composeLabels('meet', 'backend', { 'meet.role': 'backend', 'meet.pahts': '/more' }) });
  scene.run();
  await waitForOutput(scene, 7, 'refuses meet-gen');
  await scene.engine.goAway();
  await waitForOutput(scene, 7, 'engine-unreachable');
  const page = await readFile(new URL('../../docs/status.md', import.meta.url), 'utf8');
  const words = new Set(page.match(/[A-Za-z]+/g));
  expect(keysOf(await scene.status()).filter((key) => !words.has(key))).toEqual([]);
});

test.concurrent('exits with 3 if no meet-gen answers, and shows what to check', async ({ scene }) => {
  expect(await status(scene)).toEqual({
    code: 3,
    signal: null,
    stdout: '',
    stderr: `meet-gen: no meet-gen answers on ${scene.statusSocket}; is it running with this --out?\n`,
  });
});

test.concurrent('watches until it is interrupted, and shows changes', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.run();
  await scene.converged();
  const watching = startCommand(['status', '--watch', '--out', scene.out]);
  await waitUntil('the backend in rotation is shown', () => watching.stdout().includes(`in rotation  backend  ${scene.address(20)}`));
  scene.engine.world.stop('backend');
  await waitUntil('the missing replica is shown', () => watching.stdout().includes('no replica in rotation'));
  await scene.stopAll();
  await waitUntil('the stopped meet-gen is shown', () => watching.stdout().includes('no meet-gen answers'));
  watching.signal('SIGINT');
  expect(await watching.ended).toMatchObject({ code: 0, stderr: '' });
});

function keysOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(keysOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...keysOf(item)]);
}
