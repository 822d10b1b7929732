import { Agent, request } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { docker } from '../../providers/engine/docker-command.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import { runId, runLabel } from '../../providers/engine/test-run.ts';
import { publishedPort, startContainer } from '../../support/bare-container.ts';
import { backend, frontend, observe } from '../../support/containers.ts';
import { inRealLayout } from '../../support/real-layout.ts';
import { renderWorld } from '../../support/render-world.ts';
import { waitUntil } from '../../support/wait-until.ts';

// A server that loses its network sends no answer and closes no connection. nginx must not wait for it.

const engine = providedEngine();
const network = `meet-gen-test-${runId}-vanished`;
const containers: string[] = [];
/** nginx waits 2 s for a new connection, and 300 s for an answer on a kept one. */
const longestMs = 15_000;

afterEach(async () => {
  await docker(engine, ['rm', '--force', '--volumes', ...containers.splice(0)]);
  await docker(engine, ['network', 'rm', network]);
});

async function start(args: readonly string[], files: Readonly<Record<string, string>> = {}): Promise<string> {
  const id = await startContainer(engine, ['--network', network, ...args], files);
  containers.push(id);
  return id;
}

const addressOf = async (id: string): Promise<string> =>
  (await docker(engine, ['inspect', '--format', `{{ (index .NetworkSettings.Networks "${network}").IPAddress }}`, id])).trim();

/** Starts nginx with a file for two servers that keep connections. No meet-gen renders the file again. */
async function startMeet(change: (rendered: string) => string): Promise<{ readonly first: string; readonly port: number }> {
  await docker(engine, ['network', 'create', '--label', runLabel, network]);
  const images = providedImages();
  const servers = await Promise.all([1, 2].map(() => start(['--env', 'KEEPALIVE_MS=60000', images.backend])));
  const addresses = await Promise.all(servers.map(addressOf));
  const replicas = addresses.map((address, index) =>
    backend({ name: `meet-backend-${index}`, networks: { meet_default: `${address}/16` } }),
  );
  const { files } = await renderWorld(observe([frontend(), ...replicas]));
  const layout = Object.entries(inRealLayout(change(files.get('meet') ?? ''))).map(([path, text]) => [`etc/nginx/${path}`, text]);
  const nginx = await start(
    [
      '--publish',
      `${engine.publishAddress}::8083`,
      '--entrypoint',
      '/docker-entrypoint.sh',
      images.frontend['1.30'],
      'nginx',
      '-g',
      'daemon off;',
    ],
    Object.fromEntries(layout) as Record<string, string>,
  );
  const [first = ''] = servers;
  return { first, port: await publishedPort(engine, nginx) };
}

/** @returns the status, or `hangs` */
function ask(port: number, agent: Agent): Promise<number | string | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: engine.publishAddress, port, path: '/api/v1.0/config/', agent }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    asked.on('error', reject).setTimeout(longestMs, () => {
      resolve('hangs');
      asked.destroy();
    });
    asked.end();
  });
}

/** Lets nginx connect to both servers, disconnects the first server's network, and asks four times more. */
async function statusesAfter({ first, port }: { readonly first: string; readonly port: number }): Promise<readonly unknown[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await waitUntil('nginx answers', async () => (await ask(port, agent).catch(() => undefined)) === 200, 20_000);
  for (let time = 0; time < 10; time += 1) await ask(port, agent);
  await docker(engine, ['network', 'disconnect', network, first]);
  // nginx keeps idle connections for 100 ms.
  await new Promise((resolve) => setTimeout(resolve, 100));
  const statuses = [];
  for (let time = 0; time < 4; time += 1) statuses.push(await ask(port, agent));
  agent.destroy();
  return statuses;
}

test('a GET goes to the other server', async () => {
  expect(await statusesAfter(await startMeet((rendered) => rendered))).toEqual([200, 200, 200, 200]);
});

test('a GET hangs if nginx keeps connections for longer', async () => {
  const kept = await startMeet((rendered) => rendered.replaceAll('keepalive_timeout 100ms;', 'keepalive_timeout 60s;'));
  expect(await statusesAfter(kept)).toContain('hangs');
});
