import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { docker } from '../../providers/engine/docker-command.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import { runId, runLabel } from '../../providers/engine/test-run.ts';
import { tryCommand } from '../../providers/run-command.ts';
import { publishedPort, startContainer } from '../../support/bare-container.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { ask, type Answer } from '../seed/ask.ts';
import { seedConfiguration } from '../seed/topology.ts';
import { withResolve } from './resolve-block.ts';

// The table in docs/alternatives.md about nginx's own `resolve`: the hand-written file, with and without the five
// lines.

const engine = providedEngine();
const images = providedImages();
const network = `meet-gen-test-${runId}-resolve`;
const sharedNetwork = `${network}-shared`;
const containers: string[] = [];
const spa = readFileSync(new URL('../seed/spa.conf', import.meta.url), 'utf8');
/** A request to a removed container would wait for a minute by default. */
const quickly = 'proxy_connect_timeout 2s;\n';

beforeEach(async () => {
  for (const name of [network, sharedNetwork]) await docker(engine, ['network', 'create', '--label', runLabel, name]);
});
afterEach(async () => {
  if (containers.length > 0) await docker(engine, ['rm', '--force', '--volumes', ...containers.splice(0)]);
  await docker(engine, ['network', 'rm', network, sharedNetwork]);
});

async function start(args: readonly string[], files: Readonly<Record<string, string>> = {}): Promise<string> {
  const id = await startContainer(engine, args, files);
  containers.push(id);
  return id;
}

/** Starts a backend that answers with its name. */
function startBackend(name: string, args: readonly string[] = []): Promise<string> {
  return start(['--network', network, '--network-alias', 'backend', '--hostname', name, ...args, images.backend]);
}

async function remove(backend: string): Promise<void> {
  await docker(engine, ['rm', '--force', '--volumes', backend]);
  containers.splice(containers.indexOf(backend), 1);
}

interface Frontend {
  readonly container: string;
  get(): Promise<Answer>;
}

async function startFrontend(routing: string): Promise<Frontend> {
  const onNetwork = ['--network', network, '--network-alias', 'frontend', '--publish', '127.0.0.1::8083'];
  const container = await start(
    [...onNetwork, '--entrypoint', '/docker-entrypoint.sh', images.frontend['1.30'], 'nginx', '-g', 'daemon off;'],
    { 'etc/nginx/conf.d/default.conf': spa, 'etc/nginx/conf.d/routing.conf': quickly + routing },
  );
  let port: number | undefined;
  return {
    container,
    async get() {
      port ??= await publishedPort(engine, container);
      return ask(port, { method: 'GET', path: '/api/v1.0/config/', headers: {}, kind: 'usual' });
    },
  };
}

const backendOf = (answer: Answer | undefined): string | undefined => answer?.fields["answer's x-backend-host"];
const answers = (frontend: Frontend): Promise<Answer | undefined> => frontend.get().catch(() => undefined);

function waitForAnswerOf(frontend: Frontend, name: string): Promise<unknown> {
  return waitUntil(`${name} answers`, async () => backendOf(await answers(frontend)) === name);
}

/** Sends a dozen requests. @returns the names of the answering backends, and the statuses of other answers */
async function answersOfDozen(frontend: Frontend): Promise<ReadonlySet<string | undefined>> {
  const seen = new Set<string | undefined>();
  for (let asked = 0; asked < 12; asked += 1) {
    const answer = await frontend.get();
    seen.add(backendOf(answer) ?? answer.fields['status']);
  }
  return seen;
}

async function logOf({ container }: Frontend): Promise<string> {
  const { stdout, stderr } = await tryCommand(engine.dockerCli, ['logs', container], { env: engine.env });
  return stdout + stderr;
}

async function expectNoReload(frontend: Frontend): Promise<void> {
  const log = await logOf(frontend);
  expect(log).toContain('start worker process');
  expect(log).not.toContain('reconfiguring');
}

describe('with the five lines', () => {
  const routing = withResolve(seedConfiguration);

  test('nginx starts without a backend, and finds one later', async () => {
    const frontend = await startFrontend(routing);
    await waitUntil('the API answers 502', async () => (await answers(frontend))?.fields['status'] === '502');
    await startBackend('first');
    await waitForAnswerOf(frontend, 'first');
    await expectNoReload(frontend);
  });

  test('follows a replaced container and an added replica without a reload', async () => {
    const first = await startBackend('first');
    const frontend = await startFrontend(routing);
    await waitForAnswerOf(frontend, 'first');
    // The second starts before the first is removed, so it gets another address.
    await startBackend('second');
    await waitForAnswerOf(frontend, 'second');
    expect(await answersOfDozen(frontend)).toEqual(new Set(['first', 'second']));
    await remove(first);
    await waitUntil('only the second backend answers', async () => {
      const seen = await answersOfDozen(frontend);
      return seen.size === 1 && seen.has('second');
    });
    await expectNoReload(frontend);
  });

  test('sends requests to an unhealthy replica', async () => {
    await startBackend('healthy');
    const unhealthy = await startBackend('unhealthy', ['--health-cmd', 'false', '--health-interval', '1s', '--health-retries', '1']);
    const frontend = await startFrontend(routing);
    await waitUntil(
      'the backend is unhealthy',
      async () => (await docker(engine, ['inspect', '--format', '{{.State.Health.Status}}', unhealthy])).trim() === 'unhealthy',
    );
    await waitForAnswerOf(frontend, 'unhealthy');
    expect(await answersOfDozen(frontend)).toEqual(new Set(['healthy', 'unhealthy']));
  });

  test("sends requests to another project's backend while its own is stopped", async () => {
    const own = await startBackend('own');
    const frontend = await startFrontend(routing);
    await waitForAnswerOf(frontend, 'own');
    await docker(engine, ['network', 'connect', sharedNetwork, frontend.container]);
    await start(['--network', sharedNetwork, '--network-alias', 'backend', '--hostname', 'foreign', images.backend]);
    await remove(own);
    await waitForAnswerOf(frontend, 'foreign');
  });
});

describe('without the five lines', () => {
  test('nginx ends when it starts without a backend', async () => {
    const frontend = await startFrontend(seedConfiguration);
    await waitUntil(
      'nginx ends',
      async () => (await docker(engine, ['inspect', '--format', '{{.State.Status}}', frontend.container])).trim() === 'exited',
    );
    expect(await logOf(frontend)).toContain('host not found in upstream');
  });

  test('keeps sending requests to a removed container, never to a new one', async () => {
    const first = await startBackend('first');
    const frontend = await startFrontend(seedConfiguration);
    await waitForAnswerOf(frontend, 'first');
    await startBackend('second');
    expect(await answersOfDozen(frontend)).toEqual(new Set(['first']));
    await remove(first);
    const { fields } = await frontend.get();
    expect(['502', '504']).toContain(fields['status']);
  });
});
