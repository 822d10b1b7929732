import { randomInt } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { RequestOptions } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createServer as createListener } from 'node:net';
import type { StatusSnapshot } from '../../../src/status/snapshot.ts';
import { startCommand } from '../built-command.ts';
import type { CommandOptions, RunningCommand } from '../built-command.ts';
import type { FakeContainerSpec } from './container.ts';
import { startFakeEngine } from './engine.ts';
import type { FakeEngine } from './engine.ts';
import { readGeneration, startFakeNginx } from './nginx.ts';
import type { FakeNginx } from './nginx.ts';
import { statusSocketOf } from '../status-socket.ts';
import { waitUntil } from '../wait-until.ts';

/** The network that most tests' frontends and backends share. */
export const network = 'meet_default';
const statusPort = 8084;

/** A fake engine, fake nginxes, an out directory, and the sidecars that a test starts. All are removed afterwards. */
export interface Scene {
  /** A temporary directory with a short path, which every user can read. */
  readonly folder: string;
  readonly out: string;
  readonly engine: FakeEngine;
  /** An address in the scene's loopback network. */
  address(host: number): string;
  /** Adds a frontend container and starts the nginx in it. */
  frontend(name: string, options?: FrontendOptions): Promise<FakeNginx>;
  /** Adds a backend container. `host` is the last number of its address. */
  backend(name: string, host: number, more?: Partial<FakeContainerSpec>): void;
  /** Opens a port that accepts connections at each of these places. */
  listens(...places: readonly (readonly [host: number, port: number])[]): Promise<void>;
  /**
   * Starts `meet-gen run`. Flags can replace the defaults: `--listen off`, and a resync every hour, so none in a test.
   */
  run(flags?: readonly string[], options?: CommandOptions): RunningCommand;
  /** Stops another command at the end. */
  stopsWith(command: RunningCommand): void;
  /** Stops every sidecar that was started. */
  stopAll(): Promise<void>;
  /** The path of the status socket. */
  readonly statusSocket: string;
  /** `/status` over the unix socket. */
  status(): Promise<StatusSnapshot>;
  /** Waits until every frontend is proven to serve the published file. */
  converged(): Promise<StatusSnapshot>;
  /** Waits until a frontend serves a configuration with this text, and the status is converged. */
  serves(text: string, instance?: string): Promise<void>;
  /** Waits until the published file lacks this text, and no frontend gets requests or signals. */
  stopsServing(text: string, instance?: string): Promise<void>;
  file(instance?: string): string;
  content(instance?: string): Promise<string>;
  /** The published file's inode and time. Both change only when the file is written. */
  fileIdentity(instance?: string): Promise<string>;
}

interface FrontendOptions {
  readonly instance?: string;
  readonly host?: number;
  /** nginx's version. The default is old, so that the file is the same before and after meet-gen knows the version. */
  readonly version?: string;
  readonly container?: Partial<FakeContainerSpec>;
  /** The file that nginx reads. Default: the file that is published for the instance. */
  readonly file?: string;
}

/** The labels of a compose project's container. */
export function composeLabels(
  project: string,
  service: string,
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return { 'com.docker.compose.project': project, 'com.docker.compose.service': service, ...more };
}

/** Flags for a sidecar that looks only after events. */
const quietFlags = ['--listen', 'off', '--resync', '1h'] as const;

/**
 * Makes a scene.
 * @param releases collects the functions that clean up, to run in reverse order, also after a failure half-way
 */
export async function createScene(releases: (() => Promise<unknown>)[]): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'mg-'));
  releases.push(() => rm(folder, { recursive: true, force: true }));
  const out = join(folder, 'out');
  await mkdir(out);
  const engine = await startFakeEngine(join(folder, 'e.sock'));
  releases.push(() => engine.close());
  const subnet = await claimSubnet(releases);
  const statusSocket = statusSocketOf(out);
  releases.push(() => rm(dirname(statusSocket), { recursive: true, force: true }));
  releases.push(() => scene.stopAll());
  const fileOf = (instance: string): string => join(out, instance, 'routing.conf');

  const runs: RunningCommand[] = [];

  const scene: Scene = {
    folder,
    out,
    engine,
    address: (host) => `${subnet}.${host}`,
    async frontend(name, options = {}) {
      const instance = options.instance ?? 'meet';
      const address = `${subnet}.${options.host ?? 10}`;
      engine.world.add({
        name,
        labels: composeLabels(instance, 'frontend', { 'meet.role': 'frontend' }),
        networks: { [`${instance}_default`]: address },
        prefixLength: 24,
        image: 'lasuite/meet-frontend:v1.27.0',
        ...options.container,
      });
      const nginx = await startFakeNginx(engine.world, name, {
        address,
        port: statusPort,
        file: options.file ?? fileOf(instance),
        ...(options.version === undefined ? {} : { version: options.version }),
      });
      releases.push(() => nginx.close());
      return nginx;
    },
    backend: (name, host, more = {}) =>
      void engine.world.add({
        name,
        labels: composeLabels('meet', 'backend', { 'meet.role': 'backend' }),
        networks: { [network]: `${subnet}.${host}` },
        prefixLength: 24,
        image: 'lasuite/meet-backend:v1.27.0',
        ...more,
      }),
    async listens(...places) {
      for (const [host, port] of places) {
        const server = createListener((socket) => void socket.on('error', () => undefined).end());
        await new Promise<void>((resolve) => server.listen(port, `${subnet}.${host}`, resolve));
        releases.push(() => new Promise((resolve) => void server.close(resolve)));
      }
    },
    run(flags = [], options = {}) {
      const command = startCommand(['run', '--docker-host', engine.host, '--out', out, ...quietFlags, ...flags], options);
      runs.push(command);
      return command;
    },
    stopsWith: (command) => void runs.push(command),
    async stopAll() {
      await Promise.all(runs.map((command) => command.stop()));
    },
    statusSocket,
    status: async () => JSON.parse((await askSocket(statusSocket, '/status')).body) as StatusSnapshot,
    converged: () => waitForStatus(scene, 'converged', hasConverged),
    async serves(text, instance = 'meet') {
      await waitUntil(`${text} is published`, async () => (await contentOf(fileOf(instance))).includes(text));
      await scene.converged();
    },
    async stopsServing(text, instance = 'meet') {
      await waitUntil(`${text} is no longer published`, async () => !(await contentOf(fileOf(instance))).includes(text));
      await scene.converged();
    },
    file: (instance = 'meet') => fileOf(instance),
    content: (instance = 'meet') => readFile(fileOf(instance), 'utf8'),
    async fileIdentity(instance = 'meet') {
      const { ino, mtimeMs, ctimeMs } = await stat(fileOf(instance));
      return `${ino} ${mtimeMs} ${ctimeMs}`;
    },
  };
  return scene;
}

/** The file, the status and nginx all have the same generation. */
function hasConverged(status: StatusSnapshot): boolean {
  const meets = status.instances.filter((instance) => instance.file !== undefined);
  return (
    status.converged &&
    meets.length > 0 &&
    meets.every(({ file, publishedGeneration, frontends }) =>
      [readGeneration(file ?? ''), ...frontends.flatMap((frontend) => frontend.runningGeneration ?? [])].every(
        (generation) => generation === publishedGeneration,
      ),
    )
  );
}

/** Waits for a status of the running sidecar that fulfils a condition. */
export function waitForStatus(scene: Scene, what: string, holds: (status: StatusSnapshot) => boolean): Promise<StatusSnapshot> {
  let last = 'no answer';
  return waitUntil(
    `the status shows: ${what}`,
    async () => {
      const status = await scene.status().catch(() => undefined);
      if (status === undefined) return undefined;
      last = JSON.stringify(status, undefined, 1);
      return holds(status) ? status : undefined;
    },
    undefined,
    () => last,
  );
}

/** Adds a service with its own routes, which changes the structure. */
export function addService(scene: Scene, name: string, host: number, path = `/${name}`): void {
  scene.engine.world.add({
    name,
    labels: composeLabels('meet', name, { 'meet.role': 'service', 'meet.paths': path, 'meet.port': '3000' }),
    networks: { [network]: scene.address(host) },
    prefixLength: 24,
    image: 'files',
  });
}

/**
 * The metrics by name without the namespace, from `/metrics` on the socket: `events_total{action="start"}` and its
 * value.
 */
export async function readMetrics(scene: Scene): Promise<ReadonlyMap<string, number>> {
  const { body } = await askSocket(scene.statusSocket, '/metrics');
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const blank = line.lastIndexOf(' ');
      return [line.slice('meet_gen_'.length, blank), Number(line.slice(blank + 1))];
    }),
  );
}

interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** Sends a request over a unix socket. */
export function askSocket(socketPath: string, path: string): Promise<HttpAnswer> {
  return ask({ socketPath, path });
}

/** Sends a request over TCP, with any method and Host. */
export function askPort(port: number, path: string, more: { method?: string; host?: string } = {}): Promise<HttpAnswer> {
  const headers = more.host === undefined ? {} : { host: more.host };
  return ask({ host: '127.0.0.1', port, path, method: more.method ?? 'GET', headers });
}

function ask(where: RequestOptions): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...where, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

/**
 * Claims a /24 of loopback for a scene, so that ports never clash. (127.0.0.0/8 is all loopback.) The claim is a
 * listener on the last address, which scenes in other processes see, too.
 */
async function claimSubnet(releases: (() => unknown)[]): Promise<string> {
  for (;;) {
    const subnet = `127.${randomInt(1, 255)}.${randomInt(0, 256)}`;
    const claim = createServer();
    const isOurs = await new Promise<boolean>((resolve) => {
      claim.once('error', () => resolve(false));
      claim.listen(statusPort, `${subnet}.254`, () => resolve(true));
    });
    if (!isOurs) continue;
    releases.push(() => new Promise((resolve) => claim.close(resolve)));
    return subnet;
  }
}

async function contentOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}

/** The codes of the problems in a log: one for each line with this message. */
export function problemCodes(run: RunningCommand, name: 'problem' | 'problemResolved' | 'notice' = 'problem'): readonly string[] {
  return run.logged(name).map((line) => (line['problem'] as { readonly code: string }).code);
}
