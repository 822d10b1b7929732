import { readFileSync } from 'node:fs';
import { docker, type Engine } from '../../providers/engine/docker-command.ts';
import { tryCommand } from '../../providers/run-command.ts';
import { publishedPort, startContainer } from '../../support/bare-container.ts';
import type { NginxFiles } from '../../support/nginx-check.ts';
import type { Images, NginxSeries } from '../../providers/engine/stand-ins.ts';
import { runId, runLabel } from '../../providers/engine/test-run.ts';
import { inRealLayout } from '../../support/real-layout.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { ask } from './ask.ts';
import { publicHost } from './requests.ts';

const fixture = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');

/** The seed's hand-written configuration. */
export const seedConfiguration = fixture('nginx-routing.conf');

/** A backend behind two frontends, with the seed's configuration and with meet-gen's. */
export interface Topology {
  /** Ports on 127.0.0.1 where the two routing servers listen. */
  readonly seedPort: number;
  readonly ourPort: number;
  /** Makes the backend's running container refuse connections. */
  stopBackend(): Promise<void>;
  /** After `stopBackend`: makes the container accept connections and close them without an answer. */
  hangUpBackend(): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Starts the topology on a new network.
 * @param renderFor renders meet-gen's file for a backend at this address
 */
export async function startTopology(
  engine: Engine,
  images: Images,
  series: NginxSeries,
  renderFor: (backendAddress: string) => string,
): Promise<Topology> {
  const network = `mgt-${runId}-seed-${series}`;
  await docker(engine, ['network', 'create', '--label', runLabel, network]);
  const backend = await startBackend(engine, images, network);
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
  const address = (await docker(engine, ['inspect', '--format', format, backend])).trim();
  const frontend = (alias: string, files: NginxFiles): Promise<string> =>
    startFrontend(engine, images.frontend[series], ['--network', network, '--network-alias', alias], files);
  const frontends = await Promise.all([
    frontend('frontend', { 'conf.d/routing.conf': seedConfiguration }),
    frontend('ours', inRealLayout(renderFor(address))),
  ]);
  const [seedPort = 0, ourPort = 0] = await Promise.all(frontends.map((container) => publishedPort(engine, container)));
  await Promise.all([seedPort, ourPort].map((port) => waitForAnswerOf(engine, frontends, port, 'backend')));
  return {
    seedPort,
    ourPort,
    async stopBackend() {
      await docker(engine, ['exec', backend, 'sh', '-c', 'kill $(cat /tmp/pid)']);
      await Promise.all([seedPort, ourPort].map((port) => waitForAnswerOf(engine, frontends, port, 'nginx')));
    },
    async hangUpBackend() {
      const script = "require('net').createServer((one) => one.once('data', () => one.destroy())).listen(8000)";
      await docker(engine, ['exec', '--detach', '--env', 'NODE_OPTIONS=', backend, 'node', '-e', script]);
      const connect = "require('net').connect(8000).on('connect', () => process.exit(0)).on('error', () => process.exit(1))";
      await waitUntil('the container of the backend listens again', async () => {
        const asked = await tryCommand(engine.dockerCli, ['exec', '--env', 'NODE_OPTIONS=', backend, 'node', '-e', connect], {
          env: engine.env,
        });
        return asked.code === 0;
      });
    },
    async remove() {
      await docker(engine, ['rm', '--force', '--volumes', backend, ...frontends]);
      await docker(engine, ['network', 'rm', network]);
    },
  };
}

async function startBackend(engine: Engine, images: Images, network: string): Promise<string> {
  const settings = { DJANGO_ALLOWED_HOSTS: publicHost, BACKEND_NAME: 'the-backend', NODE_OPTIONS: '--import=/tmp/tell-all-headers.mjs' };
  return startContainer(
    engine,
    [
      '--network',
      network,
      '--network-alias',
      'backend',
      '--hostname',
      'backend',
      '--init',
      ...Object.entries(settings).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
      images.backend,
      'sh',
      '-c',
      'node /app/server.mjs & echo $! > /tmp/pid; exec sleep infinity',
    ],
    { 'tmp/tell-all-headers.mjs': fixture('tell-all-headers.mjs') },
  );
}

/** Starts a frontend as the seed's compose file does. */
function startFrontend(engine: Engine, image: string, network: readonly string[], files: NginxFiles): Promise<string> {
  const below = Object.entries({ 'conf.d/default.conf': fixture('spa.conf'), ...files });
  return startContainer(
    engine,
    [...network, '--publish', '127.0.0.1::8083', '--entrypoint', '/docker-entrypoint.sh', image, 'nginx', '-g', 'daemon off;'],
    Object.fromEntries(below.map(([path, content]) => [`etc/nginx/${path}`, content])),
  );
}

async function waitForAnswerOf(engine: Engine, frontends: readonly string[], port: number, wanted: string): Promise<void> {
  const api = { method: 'GET', path: '/api/v1.0/config/', headers: {}, kind: 'usual' } as const;
  try {
    await waitUntil(
      `port ${port} answers from ${wanted}`,
      async () => (await ask(port, api).catch(() => undefined))?.by.startsWith(wanted),
      20_000,
    );
  } catch (cause) {
    const logs = await Promise.all(frontends.map((container) => docker(engine, ['logs', '--tail', '5', container])));
    throw new Error(`a frontend does not answer as expected. The ends of their logs:\n${logs.join('\n')}`, { cause });
  }
}
