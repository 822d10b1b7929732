import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StatusSnapshot } from '../../src/status/snapshot.ts';
import type { LogLine } from './built-command.ts';
import { docker, type Engine } from '../providers/engine/docker-command.ts';
import { inspectImage } from '../providers/engine/image-build.ts';
import { cacheDirectory } from '../providers/cache-directory.ts';
import { withLock } from '../providers/file-lock.ts';
import { tryCommand } from '../providers/run-command.ts';
import { composeProjectName, runId, runLabel } from '../providers/engine/test-run.ts';
import { shippedStub } from './real-layout.ts';
import { httpGet } from './http-get.ts';
import { listContainers, type ListedContainer } from './list-containers.ts';
import { containedStatusSocket } from './status-socket.ts';
import { waitUntil } from './wait-until.ts';
import { runForOutput } from '../providers/engine/run-for-output.ts';

/** A service of the compose file, in Compose's format. */
type ComposeService = Readonly<Record<string, unknown>>;

export interface MeetOptions {
  /** More services, or keys that replace those of the usual services. */
  readonly services?: Readonly<Record<string, ComposeService>>;
  /** The number of replicas by service. The default is 1; 0 leaves a service out. */
  readonly scale?: Readonly<Record<string, number>>;
  /** The texts of mounted files, by the config's name. */
  readonly configs?: Readonly<Record<string, string>>;
  /** More environment variables of meet-gen. */
  readonly environment?: Readonly<Record<string, string>>;
  /** More networks, or keys that replace those of `proxy` and `internal`. */
  readonly networks?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** More volumes, which `tools` mounts at `/<name>`. */
  readonly volumes?: readonly string[];
  /** An existing volume with a folder for each of several Meets. A meet-gen elsewhere publishes into it. */
  readonly sharedVolume?: string;
  /** The time limit for routes and convergence. Guessed facts take longer than usual. */
  readonly patienceMs?: number;
  /** The Meet has no meet-gen: the test has one elsewhere, which publishes into this folder. */
  readonly publishedIn?: string;
}

/** An answer through a frontend's routing server. Without an answer, `error` is set instead of the status. */
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly error?: string;
}

/**
 * By path, the expected answers: container names (`backend-1`), `SPA`, `503, retry after 5`, or another description.
 * All of them must answer, without others.
 */
type Routes = Readonly<Record<string, readonly string[]>>;

/** A Meet on the real engine: frontends behind a published port, backends, meet-gen from its own image, and tools. */
export interface MeetStack {
  readonly project: string;
  /** The compose file, for a user's `docker compose`. */
  readonly file: ComposeFile;
  /** The network that other projects also join. */
  readonly proxyNetwork: string;
  readonly internalNetwork: string;
  /** The full name of a container such as `backend-1`. */
  container(name: string): string;
  /** Runs `docker compose` for the project. */
  compose(...args: readonly string[]): Promise<string>;
  docker(...args: readonly string[]): Promise<string>;
  /** Runs `up` for these services only, with these numbers of replicas. */
  scale(scale: Readonly<Record<string, number>>): Promise<void>;
  /** Runs `up --force-recreate` for a service with this number of replicas (1). */
  recreate(service: string, count?: number): Promise<void>;
  ask(path: string, frontend?: string): Promise<Answer>;
  /** All answers at a path. A dozen requests reach each of a few replicas. */
  answering(path: string, frontend?: string): Promise<readonly string[]>;
  /** Waits until exactly these answer at each path, twice in a row. */
  routed(routes: Routes, frontend?: string): Promise<void>;
  /** The engine's port for a published port of a running container. */
  port(name: string, inside: number): Promise<number | undefined>;
  /** The address of a container on one of its networks. */
  address(name: string, network: string): Promise<string>;
  /**
   * Kills a container's first process (nginx) from outside, like a crash. The engine then follows the restart policy.
   */
  crash(name: string, program?: string): Promise<void>;
  /** A field of `docker inspect`, in Go's template language. */
  inspect(name: string, field: string): Promise<string>;
  /** Runs a command in a container without labels on one of the project's networks. */
  tool(...command: readonly string[]): Promise<string>;
  /** The answer of a status server to a container that has node. */
  askStatusServer(from: string, address: string, path: string): Promise<{ readonly status: number; readonly body: string }>;
  /** The status of the Meet's meet-gen, or of the meet-gen in this container. */
  status(sidecar?: string): Promise<StatusSnapshot>;
  /** Waits until every frontend is proven to serve the published file. */
  converged(sidecar?: string): Promise<StatusSnapshot>;
  /** Requests a resync, and waits until meet-gen has done it and converged, with a status that `accept` is content with. */
  resynced(accept?: (snapshot: StatusSnapshot) => boolean): Promise<StatusSnapshot>;
  /** Inode, size and times of the published file. They change only when the file is written. */
  fileIdentity(): Promise<string>;
  /** The number of HUP signals that the engine has sent to the project's frontends. */
  countHups(): Promise<number>;
  logs(service: string): Promise<string>;
  /** meet-gen's log so far. */
  log(): Promise<readonly LogLine[]>;
  down(): Promise<void>;
}

const repository = fileURLToPath(new URL('../..', import.meta.url));
const meetGenImage = `meet-gen-test/meet-gen:${runId}`;
/** Longer than a dead backend delays an answer: nginx gives up a connection after two seconds. */
const askTimeoutMs = 3000;
/** Used while waiting for routes, where the answer of a wrong route isn't worth the time. */
const impatientAskTimeoutMs = 700;
const asksToMeetAll = 12;
const routedLimitMs = 60_000;
/**
 * meet-gen's private /tmp, shared with `tools`, which relays its status. The first container to mount it sets its mode.
 */
export const statusVolume = 'status:/tmp';
const templatesDirectory = '/meet-gen/templates';

/** Builds meet-gen's image from the repository's Dockerfile, once per run. */
export async function provideMeetGenImage(engine: Engine): Promise<string> {
  const build = async (): Promise<string> => {
    if ((await inspectImage(engine, meetGenImage)) === undefined)
      await docker(engine, ['build', '--quiet', '--pull=false', '--label', runLabel, '--tag', meetGenImage, repository]);
    return meetGenImage;
  };
  return withLock(join(cacheDirectory(), 'meet-gen-image.lock'), build);
}

/** Starts a Meet in a project of this run. It never resyncs in a test, so it has to react to events. */
export async function startMeet(engine: Engine, part: string, options: MeetOptions = {}): Promise<MeetStack> {
  const hasOwn = options.publishedIn === undefined && options.sharedVolume === undefined;
  const meetGen = hasOwn ? await containedMeetGen(engine, { MEET_GEN_INSTANCE: composeProjectName(part), ...options.environment }) : {};
  const file = composeFile(engine, part, meetGen, options);
  const stack = createStack(engine, composeProjectName(part), file, options.patienceMs ?? routedLimitMs);
  await stack.scale({ ...Object.fromEntries(Object.keys(file.services).map((service) => [service, 1])), ...options.scale });
  return stack;
}

interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly [key: string]: unknown;
}

/** A frontend like the example's, with a published port. */
export function usualFrontend(engine: Engine, routing = 'routing') {
  return {
    image: 'meet-gen-test/frontend:1.30',
    entrypoint: ['/docker-entrypoint.sh'],
    command: ['nginx', '-g', 'daemon off; worker_shutdown_timeout 1h;'],
    restart: 'always',
    labels: { 'meet.role': 'frontend' },
    networks: ['proxy', 'internal'],
    ports: [`${engine.publishAddress}::8083`],
    volumes: [`${routing}:/etc/nginx/meet-routing:ro`],
    configs: [{ source: 'stub', target: '/etc/nginx/conf.d/routing.conf' }],
  };
}

function composeFile(engine: Engine, part: string, meetGen: Readonly<Record<string, ComposeService>>, options: MeetOptions): ComposeFile {
  const project = composeProjectName(part);
  const routing = options.publishedIn ?? 'routing';
  const usual: Record<string, ComposeService> = {
    frontend: usualFrontend(engine, routing),
    backend: {
      image: 'meet-gen-test/backend:latest',
      labels: { 'meet.role': 'backend' },
      networks: ['internal'],
    },
    ...meetGen,
    tools: {
      image: 'meet-gen-test/idle:latest',
      entrypoint: ['node', '-e', statusRelay],
      networks: ['internal'],
      ports: [`${engine.publishAddress}::${relayPort}`],
      volumes: [
        `${routing}:/routing:ro`,
        'templates:/templates',
        statusVolume,
        ...(options.volumes ?? []).map((name) => `${name}:/${name}`),
      ],
      depends_on: Object.keys(meetGen),
    },
  };
  const services = { ...usual };
  for (const [name, service] of Object.entries(options.services ?? {})) services[name] = { ...usual[name], ...service };
  const stub = options.sharedVolume === undefined ? shippedStub() : shippedStub().replace('/meet-routing/', `/meet-routing/${project}/`);
  const texts = Object.entries({ stub, ...options.configs });
  return {
    name: project,
    services,
    configs: Object.fromEntries(texts.map(([name, content]) => [name, { content: content.replaceAll('$', '$$$$') }])),
    networks: {
      ...options.networks,
      proxy: { name: proxyNetworkOf(project), ...options.networks?.['proxy'] },
      internal: { ...options.networks?.['internal'] },
    },
    volumes: {
      routing: options.sharedVolume === undefined ? {} : { name: options.sharedVolume, external: true },
      templates: {},
      status: {},
      ...Object.fromEntries((options.volumes ?? []).map((name) => [name, {}])),
    },
  };
}

/** The keys that tests replace. */
interface MeetGenService extends ComposeService {
  readonly environment: Readonly<Record<string, string>>;
  /** The last is the engine's socket. */
  readonly volumes: readonly string[];
  readonly group_add: readonly string[];
}

/** meet-gen like the example's, for compose: on the network `internal`, with the volumes `routing` and `templates`. */
export async function containedMeetGen(
  engine: Engine,
  environment: NonNullable<MeetOptions['environment']>,
): Promise<{ readonly 'meet-gen': MeetGenService }> {
  const image = await provideMeetGenImage(engine);
  const socket = await mountedSocket(engine);
  return {
    'meet-gen': {
      image,
      pull_policy: 'never',
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      group_add: [socket.group],
      environment: {
        MEET_GEN_RESYNC: '1h',
        MEET_GEN_TEMPLATES: templatesDirectory,
        DOCKER_HOST: socket.dockerHost,
        ...environment,
      },
      networks: ['internal'],
      // The first container to mount an empty volume fills it from its image: here with the shipped templates.
      volumes: ['routing:/routing', `templates:${templatesDirectory}`, statusVolume, socket.volume],
    },
  };
}

const proxyNetworkOf = (project: string): string => `${project}-shared-proxy`;

/** How a container reaches its own engine, and the group with access to the socket. */
async function mountedSocket(engine: Engine): Promise<{ volume: string; dockerHost: string; group: string }> {
  const path = engine.host.startsWith('unix://') ? engine.host.slice('unix://'.length) : '/var/run/docker.sock';
  // The socket's folder is mounted if it has no other files: a mounted socket file is stale once the daemon makes a new
  // socket.
  const inside = engine.provided ? `/var/run/engine/${basename(path)}` : '/var/run/docker.sock';
  const volume = engine.provided ? `${dirname(path)}:${dirname(inside)}` : `${path}:${inside}`;
  const stat = ['--entrypoint', 'stat', 'meet-gen-test/idle:latest', '-c', '%g', inside];
  const group = await runForOutput(engine, ['--network', 'none', '--volume', volume, ...stat]);
  return { volume, dockerHost: `unix://${inside}`, group };
}

function createStack(engine: Engine, project: string, file: ComposeFile, patienceMs: number): MeetStack {
  const run = async (...args: readonly string[]): Promise<string> => docker(engine, args);
  const composeArgs = ['compose', '--project-name', project, '--project-directory', tmpdir(), '--env-file', '/dev/null', '--file', '-'];
  const compose = async (...args: readonly string[]): Promise<string> =>
    docker(engine, [...composeArgs, ...args], { stdin: JSON.stringify(file), timeoutMs: 120_000 });
  const up = async (scale: Readonly<Record<string, number>>, ...args: readonly string[]): Promise<void> => {
    const flags = Object.entries(scale).flatMap(([service, count]) => ['--scale', `${service}=${count}`]);
    await compose('up', '--detach', '--timeout', '3', ...flags, ...args);
  };
  const container = (name: string): string => `${project}-${name}`;
  const hups = followHups(engine, project);

  const shorten = (name: string): string => (name.startsWith(`${project}-`) ? name.slice(project.length + 1) : name);
  const nameById = (containers: readonly ListedContainer[]): ReadonlyMap<string, string> =>
    new Map(containers.map(({ id, name }) => [id.slice(0, 12), shorten(name)]));
  /** The engine publishes another port at each start of a container. */
  const portOf = (containers: readonly ListedContainer[], name: string, inside: number): number | undefined =>
    containers.find((one) => one.name === container(name))?.ports.get(inside);
  const askAt = (port: number | undefined, path: string, timeoutMs: number): Promise<Answer> =>
    port === undefined ? Promise.resolve(nothing('no published port')) : askPort(engine.publishAddress, port, path, timeoutMs);
  const ask = async (path: string, frontend = 'frontend-1'): Promise<Answer> =>
    askAt(portOf(await listContainers(engine), frontend, 8083), path, askTimeoutMs);
  /** Stops requesting a path at the first unexpected answer: some wrong answers take seconds. */
  const answeringAt = async (paths: readonly string[], frontend = 'frontend-1', expected?: Routes): Promise<Routes> => {
    const containers = await listContainers(engine);
    const [port, names] = [portOf(containers, frontend, 8083), nameById(containers)];
    const timeoutMs = expected === undefined ? askTimeoutMs : impatientAskTimeoutMs;
    const seen: Record<string, readonly string[]> = {};
    for (const path of paths) {
      const answers = new Set<string>();
      for (let count = 0; count < asksToMeetAll; count++) {
        const answer = describeAnswer(await askAt(port, path, timeoutMs), names);
        answers.add(answer);
        if (expected?.[path]?.includes(answer) === false) break;
      }
      seen[path] = [...answers].toSorted();
    }
    return seen;
  };

  const log = async (): Promise<readonly LogLine[]> => (await logs('meet-gen')).split('\n').flatMap(parseLogLine);
  const logs = async (service: string): Promise<string> => {
    const output = await tryCommand(engine.dockerCli, ['logs', '--tail', '5000', container(`${service}-1`)], { env: engine.env });
    return output.stdout + output.stderr;
  };
  const inspect = async (name: string, field: string): Promise<string> => (await run('inspect', '--format', field, container(name))).trim();
  const tool = async (...command: readonly string[]): Promise<string> => run('exec', container('tools-1'), ...command);
  const status = async (sidecar?: string): Promise<StatusSnapshot> => {
    if (sidecar !== undefined) return JSON.parse(await run('exec', container(sidecar), 'node', '-e', askStatus)) as StatusSnapshot;
    const port = portOf(await listContainers(engine), 'tools-1', relayPort) ?? NaN;
    return JSON.parse((await httpGet({ host: engine.publishAddress, port }, '/status')).body) as StatusSnapshot;
  };

  const converged = async (sidecar?: string, accept: (snapshot: StatusSnapshot) => boolean = () => true): Promise<StatusSnapshot> => {
    let last: StatusSnapshot | undefined;
    return waitUntil(
      'meet-gen has converged',
      async () => {
        last = await status(sidecar).catch(() => undefined);
        return last !== undefined && last.converged && accept(last) ? last : undefined;
      },
      patienceMs,
      () => JSON.stringify(last, undefined, 1),
    );
  };

  const routed = async (routes: Routes, frontend?: string): Promise<void> => {
    let seen: Routes = {};
    const holds = async (): Promise<boolean> => {
      seen = await answeringAt(Object.keys(routes), frontend, routes);
      return Object.entries(routes).every(([path, expected]) => seen[path]?.join() === expected.toSorted().join());
    };
    try {
      await waitUntil('the routes are as expected', async () => (await holds()) && (await holds()), patienceMs);
    } catch (cause) {
      const lines = (await logs('meet-gen')).split('\n').slice(-12).join('\n');
      throw new Error(`expected ${JSON.stringify(routes)}\nseen     ${JSON.stringify(seen)}\nmeet-gen's last log lines:\n${lines}`, {
        cause,
      });
    }
  };

  return {
    project,
    file,
    proxyNetwork: proxyNetworkOf(project),
    internalNetwork: `${project}_internal`,
    container,
    compose,
    docker: run,
    scale: (scale) => up(scale, '--no-recreate', '--no-deps', ...Object.keys(scale)),
    recreate: (service, count = 1) => up({ [service]: count }, '--force-recreate', '--no-deps', service),
    ask,
    answering: async (path, frontend) => (await answeringAt([path], frontend))[path] ?? [],
    routed,
    port: async (name, inside) => portOf(await listContainers(engine), name, inside),
    address: (name, network) => inspect(name, `{{with index .NetworkSettings.Networks ${JSON.stringify(network)}}}{{.IPAddress}}{{end}}`),
    async crash(name, program = 'nginx') {
      const pid = await inspect(name, '{{.State.Pid}}');
      const kill = [
        '--entrypoint',
        'sh',
        'meet-gen-test/idle:latest',
        '-c',
        `grep -q ${program} /proc/${pid}/cmdline && kill -s KILL ${pid}`,
      ];
      await run('run', '--rm', '--label', runLabel, '--network', 'none', '--pid', 'host', '--userns', 'host', ...kill);
    },
    inspect,
    tool,
    async askStatusServer(from, address, path) {
      const script = `fetch('http://${address}:8084${path}').then(async (r) => console.log(JSON.stringify({ status: r.status, body: await r.text() })))`;
      return JSON.parse(await run('exec', from, 'node', '-e', script)) as { status: number; body: string };
    },
    status,
    converged: (sidecar) => converged(sidecar),
    async resynced(accept = () => true) {
      const before = (await status()).engine.lastSyncAt;
      await run('kill', '--signal', 'HUP', container('meet-gen-1'));
      return converged(undefined, (snapshot) => snapshot.engine.lastSyncAt !== before && accept(snapshot));
    },
    fileIdentity: async () => (await tool('stat', '-c', '%i %s %y %z', '/routing/routing.conf')).trim(),
    countHups: () => hups.count(() => run('kill', '--signal', 'WINCH', container('tools-1'))),
    logs,
    log,
    async down() {
      hups.stop();
      await compose('down', '--volumes', '--timeout', '1', '--remove-orphans');
    },
  };
}

/** Runs on the container's own node: only meet-gen's user may open the socket. */
export const askStatus = `
  require('node:http').get({ socketPath: ${containedStatusSocket}, path: '/status', agent: false }, (answer) => answer.pipe(process.stdout))
`;

const relayPort = 9180;
/**
 * Relays meet-gen's status socket over HTTP, so that a test starts no process to ask. Runs as root in `tools`, which
 * shares meet-gen's /tmp.
 */
const statusRelay = `
  const { createServer, request } = require('node:http');
  createServer(({ url }, answer) => {
    const asked = request({ socketPath: ${containedStatusSocket}, path: url, agent: false }, (response) => response.pipe(answer.writeHead(response.statusCode)));
    asked.on('error', () => answer.writeHead(502).end()).end();
  }).listen(${relayPort});
  process.on('SIGTERM', () => process.exit(0));
`;

interface KillEvent {
  readonly Actor?: { readonly Attributes?: Readonly<Record<string, string>> };
}

/**
 * Reads the engine's events from the start of the stack: health checks push old events out of the engine's memory in
 * seconds.
 */
function followHups(engine: Engine, project: string): { count(sendMark: () => Promise<unknown>): Promise<number>; stop(): void } {
  const filters = ['type=container', 'event=kill', `label=com.docker.compose.project=${project}`];
  const args = ['events', '--format', '{{json .}}', ...filters.flatMap((filter) => ['--filter', filter])];
  const follower = spawn(engine.dockerCli, args, { env: { ...process.env, ...engine.env }, stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  follower.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const count = (service: string, signal: string): number =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as KillEvent).Actor?.Attributes ?? {})
      .filter((attributes) => attributes['com.docker.compose.service'] === service && attributes['signal'] === signal).length;
  return {
    /** The mark is an event, too. Once it arrives, all earlier events have arrived. */
    async count(sendMark) {
      const marks = count('tools', '28');
      await sendMark();
      await waitUntil('the engine has sent all its events', () => count('tools', '28') > marks);
      return count('frontend', '1');
    },
    stop: () => void follower.kill(),
  };
}

const nothing = (error: string): Answer => ({ status: 0, type: '', body: '', headers: {}, error });

/** One request on a new connection, like nginx-proxy's. */
function askPort(host: string, port: number, path: string, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const options = { host, port, path, agent: false, headers: { host: 'meet.example.com' }, timeout: timeoutMs };
    const asked = request(options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('error', (error) => resolve(nothing(error.message)));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body, headers: response.headers }),
      );
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(nothing(error.code ?? error.message)));
    asked.end();
  });
}

/** The status alone isn't enough: the SPA answers 200 to every path, so an answer of the API must be JSON. */
function describeAnswer({ status, type, body, headers, error }: Answer, names: ReadonlyMap<string, string>): string {
  if (error !== undefined) return error;
  const host = headers['x-backend-host'];
  if (typeof host === 'string') return `${names.get(host) ?? host}${type === 'application/json' ? '' : ` with ${type}`}`;
  if (status === 200 && type.startsWith('text/html') && body.includes('SPA of')) return 'SPA';
  if (status !== 503) return `${status} ${type}`;
  const retryAfter = headers['retry-after'];
  return typeof retryAfter === 'string' ? `503, retry after ${retryAfter}` : '503';
}

function parseLogLine(line: string): readonly LogLine[] {
  try {
    return [JSON.parse(line) as LogLine];
  } catch {
    return [];
  }
}
