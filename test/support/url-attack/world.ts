import { docker, type Engine } from '../../providers/engine/docker-command.ts';
import type { Images, NginxSeries } from '../../providers/engine/stand-ins.ts';
import { publishedPort, startContainer } from '../bare-container.ts';
import { container, observe } from '../containers.ts';
import { tryCommand } from '../../providers/run-command.ts';
import { askTargets } from '../raw-requests.ts';
import { inRealLayout } from '../real-layout.ts';
import { renderWorld } from '../render-world.ts';
import { waitUntil } from '../wait-until.ts';
import { readAll } from './readers.ts';

/** By service name: address, labels, and the guarded path as the service itself sees it. */
const services: Readonly<Record<string, { readonly address: string; readonly labels: Record<string, string>; readonly guarded?: string }>> =
  {
    app: {
      address: '127.2.0.1',
      labels: {
        'meet.role': 'service',
        'meet.paths': '/app',
        'meet.allow.staff': '/app/admin from 10.9.0.0/16',
        'meet.allow.help': '/app/admin/help from 0.0.0.0/0',
      },
      guarded: '/app/admin',
    },
    stripped: {
      address: '127.2.0.2',
      labels: {
        'meet.role': 'service',
        'meet.route.s.path': '/s',
        'meet.route.s.strip': 'true',
        'meet.allow.staff': '/s/admin from 10.9.0.0/16',
      },
      guarded: '/admin',
    },
    free: { address: '127.2.0.3', labels: { 'meet.role': 'service', 'meet.paths': '/free' } },
    backend: { address: '127.2.0.4', labels: { 'meet.role': 'backend', 'meet.allow.staff': '/admin from 10.9.0.0/16' }, guarded: '/admin' },
    minio: { address: '127.2.0.5', labels: { 'meet.role': 'media', 'meet.media.bucket': 'meet-media-storage' } },
  };
const open = '/app/admin/help';

/** Answers with the service's name and the raw target. No HTTP library parses the request. */
const echoScript = `
  const { createServer } = require('node:net');
  const listen = (by, host, port) => createServer((socket) => {
    let text = '';
    socket.setEncoding('latin1').on('error', () => undefined).on('data', (more) => {
      text += more;
      if (!text.includes('\\r\\n\\r\\n')) return;
      const body = JSON.stringify({ by, target: text.split(' ')[1] });
      socket.end('HTTP/1.1 200 OK\\r\\nContent-Length: ' + body.length + '\\r\\n\\r\\n' + body, 'latin1');
    });
  }).listen(port, host);
  for (const [by, host] of ${JSON.stringify(Object.entries(services).map(([name, { address }]) => [name, address]))}) listen(by, host, 8000);
  listen('spa', '127.0.0.1', 8080);
`;

const callScript = `
  require('node:http')
    .request({ host: '127.0.0.1', port: 8084, path: process.argv[1], method: 'POST' }, ({ statusCode }) => console.log(statusCode))
    .end();
`;

const network = (address: string): Record<string, string> => ({ meet_default: `${address}/16` });

/** The file that meet-gen renders for these services. */
export async function renderGuarded(): Promise<string> {
  const frontend = container({
    name: 'meet-frontend-1',
    project: 'meet',
    service: 'frontend',
    labels: { 'meet.role': 'frontend', 'meet.host': 'meet.example.com' },
    networks: network('127.1.0.1'),
  });
  const others = Object.entries(services).map(([name, { address, labels }]) =>
    container({
      name: `meet-${name}-1`,
      project: 'meet',
      service: name,
      labels: { 'meet.port': '8000', ...labels },
      networks: network(address),
    }),
  );
  const { files, problems } = await renderWorld(observe([frontend, ...others]), 'unknown');
  if (problems.length > 0) throw new Error(`the services of the URL attack have problems: ${JSON.stringify(problems)}`);
  return files.get('meet') ?? '';
}

/** The outcome of a target: nginx's status, or the service that it reached and the target there. */
export interface Outcome {
  readonly target: string;
  readonly status: number;
  readonly by?: string;
  readonly got: string;
  readonly body: string;
}

export interface UrlWorld {
  /** Sends the targets unchanged, on several connections. */
  ask(targets: readonly string[]): Promise<readonly Outcome[]>;
  /** The lines in nginx's error log about refused targets. */
  refusals(): Promise<readonly string[]>;
  /** The status server's status code for a call from inside, with the path unchanged. */
  callFromInside(path: string): Promise<number>;
  remove(): Promise<void>;
}

const connections = 8;

/** A real nginx with this file, in front of services that echo the target. */
export async function startUrlWorld(engine: Engine, images: Images, series: NginxSeries, rendered: string): Promise<UrlWorld> {
  const published = ['--init', '--publish', `${engine.publishAddress}::8083`];
  const behind = await startContainer(engine, [...published, images.backend, 'node', '/echo.cjs'], { 'echo.cjs': echoScript });
  const files = { ...inRealLayout(rendered), 'conf.d/default.conf': '' };
  const nginx = await startContainer(
    engine,
    ['--network', `container:${behind}`, '--entrypoint', '/docker-entrypoint.sh', images.frontend[series], 'nginx', '-g', 'daemon off;'],
    Object.fromEntries(Object.entries(files).map(([path, text]) => [`etc/nginx/${path}`, text])),
  );
  const port = await publishedPort(engine, behind);
  const ask = async (targets: readonly string[]): Promise<readonly Outcome[]> => {
    const share = Math.ceil(targets.length / connections);
    const parts = Array.from({ length: connections }, (_, index) => targets.slice(index * share, (index + 1) * share));
    const answers = await Promise.all(parts.map((part) => askTargets(engine.publishAddress, port, part)));
    return answers.flat().map(({ status, body }, index) => outcome(targets[index] ?? '', status, body));
  };
  await waitUntil('nginx and the services answer', async () => (await ask(['/free']).catch(() => []))[0]?.by === 'free', 20_000);
  return {
    ask,
    refusals: async () => {
      const { stderr } = await tryCommand(engine.dockerCli, ['logs', nginx], { env: engine.env });
      return stderr.split('\n').filter((line) => line.includes('meet-gen refused this path'));
    },
    callFromInside: async (path) => Number(await docker(engine, ['exec', behind, 'node', '-e', callScript, path])),
    remove: async () => void (await docker(engine, ['rm', '--force', '--volumes', nginx, behind])),
  };
}

function outcome(target: string, status: number, body: string): Outcome {
  const echo = status === 200 && body.startsWith('{') ? (JSON.parse(body) as { by: string; target: string }) : undefined;
  return { target, status, body, got: echo?.target ?? '', ...(echo === undefined ? {} : { by: echo.by }) };
}

/** A passed guard: a service got a target that some kind of service reads as a guarded path. */
export interface ByPass {
  readonly reader: string;
  readonly target: string;
  readonly got: string;
  readonly path: string;
}

/** All passed guards. */
export async function findByPasses(outcomes: readonly Outcome[]): Promise<readonly ByPass[]> {
  const reached = outcomes.filter(({ by = '' }) => services[by]?.guarded !== undefined);
  const readings = await readAll(reached.map(({ got }) => got));
  return Object.entries(readings).flatMap(([reader, paths]) =>
    reached.flatMap((one, index) => byPassesOf(one, reader, paths[index] ?? [])),
  );
}

function byPassesOf({ target, got, by = '' }: Outcome, reader: string, paths: readonly string[]): readonly ByPass[] {
  const guarded = services[by]?.guarded ?? '';
  const entered = paths.filter((path) => isAt(path, guarded) && !isAt(path, open));
  return entered.map((path) => ({ reader, target, got, path }));
}

const isAt = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);
