import { afterAll, beforeAll, expect, test } from 'vitest';
import { docker } from '../providers/engine/docker-command.ts';
import { engineKinds } from '../providers/engines/engine-kinds.ts';
import { startEngine, type TestedEngine } from '../providers/engines/provide-engines.ts';
import { askOnNetwork } from '../support/engines/ask-on-network.ts';
import { createPodmanExample, type PodmanExample } from '../support/engines/podman-example.ts';
import { waitUntil } from '../support/wait-until.ts';

// compose.example.yml with compose.podman.yml on Podman 5, by docker compose and Podman's socket.

let engine: TestedEngine;
let example: PodmanExample;

beforeAll(async () => {
  const kind = engineKinds.find(({ name }) => name === 'podman-5.4');
  if (kind === undefined) throw new Error('no engine podman-5.4');
  engine = await startEngine(kind);
  example = await createPodmanExample(engine);
  await example.up();
});
afterAll(() => engine?.stop());

test('all containers run, and the routes are live', async () => {
  const states = await example.compose('ps', '--all', '--format', '{{.Service}} {{.State}}');
  expect(
    states
      .trim()
      .split('\n')
      .filter((line) => !line.endsWith(' running')),
  ).toEqual([]);
  await isLive();
});

test('the hook reloads nginx for another backend', async () => {
  const before = await servedGeneration();
  await example.up('--no-recreate', '--scale', 'backend=2');
  await waitUntil('another generation is served', async () => (await servedGeneration()) !== before);
  await isLive();
  const published = await example.compose('exec', '--no-TTY', 'frontend', 'cat', '/tmp/meet-gen/routing/routing.conf');
  expect(new Set(published.match(/server \d+\.\d+\.\d+\.\d+:8000/g))).toHaveLength(2);
});

test('a frontend that crashes after a reload comes back', async () => {
  const startedAt = await inspectFrontend('{{.State.StartedAt}}');
  await engine.crash(example.frontend);
  await waitUntil('the frontend has started again', async () => {
    const state = await inspectFrontend('{{.State.Running}} {{.State.StartedAt}}');
    return state.startsWith('true') && state !== `true ${startedAt}`;
  });
  await isLive();
});

/** The status has no problem, and a visitor reaches the backend. */
async function isLive(): Promise<void> {
  let last = '';
  await waitUntil(
    'meet-gen reports live routes',
    () =>
      example.compose('exec', '--no-TTY', 'meet-gen', 'meet-gen', 'status').then(
        () => true,
        (error: unknown) => {
          last = String(error);
          return false;
        },
      ),
    undefined,
    () => last,
  );
  const addresses = (await inspectFrontend('{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}')).trim().split(' ');
  const { status, body } = await askOnNetwork(engine, `http://${addresses[0]}:8083/api/v1.0/config/`, 'visio.example.com');
  expect(status).toBe(200);
  expect(JSON.parse(body)).toMatchObject({ LANGUAGE_CODE: 'en-us' });
}

async function servedGeneration(): Promise<string | undefined> {
  const command = ['wget', '-q', '-O', '-', 'http://127.0.0.1:8084/generation'];
  return (await example.compose('exec', '--no-TTY', 'frontend', ...command)).split(' ')[0];
}

async function inspectFrontend(format: string): Promise<string> {
  return (await docker(engine, ['inspect', '--format', format, example.frontend])).trim();
}
