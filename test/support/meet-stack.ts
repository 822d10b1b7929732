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
import { runUntilHeard } from '../providers/engine/run-until-heard.ts';

/** A service of the compose file, in compose's own words. */
type ComposeService = Readonly<Record<string, unknown>>;

export interface MeetOptions {
  /** Further services, or what replaces keys of the ones that are always there. */
  readonly services?: Readonly<Record<string, ComposeService>>;
  /** How many of each to start; one of a service that isn't named, and 0 leaves one out. */
  readonly scale?: Readonly<Record<string, number>>;
  /** Texts of files that services mount, by the name of the config. */
  readonly configs?: Readonly<Record<string, string>>;
  /** What meet-gen is told besides, by variables. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Further networks, and what replaces keys of `proxy` and `internal`. */
  readonly networks?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Further volumes, which `tools` has at `/<name>`. */
  readonly volumes?: readonly string[];
  /** A volume that is there already, with a folder for each of several Meets: a meet-gen elsewhere publishes into it. */
  readonly sharedVolume?: string;
  /** How long routes and convergence are waited for; what is found out by guessing takes longer than usual. */
  readonly patienceMs?: number;
  /** There is no meet-gen in it: the test has one elsewhere, which publishes into this folder. */
  readonly publishedIn?: string;
}

/** What came back through a frontend's routing server; an `error` instead of a status when nothing did. */
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly error?: string;
}

/**
 * Who is to answer at a path: names of containers (`backend-1`), `SPA`, `503, retry after 5`, or what else was seen.
 * All of them, and nobody else.
 */
type Routes = Readonly<Record<string, readonly string[]>>;

/** One Meet on the real engine: frontends behind a published port, backends, meet-gen from our own image, tools. */
export interface MeetStack {
  readonly project: string;
  /** Its compose file, for a user's own `docker compose`. */
  readonly file: ComposeFile;
  /** The network that other projects join, too. */
  readonly proxyNetwork: string;
  readonly internalNetwork: string;
  /** The whole name of a container: `backend-1`. */
  container(name: string): string;
  /** Runs `docker compose` for the project. */
  compose(...args: readonly string[]): Promise<string>;
  docker(...args: readonly string[]): Promise<string>;
  /** `up` of these services alone, with so many of each. */
  scale(scale: Readonly<Record<string, number>>): Promise<void>;
  /** `up --force-recreate` of one service, of which there are so many (one). */
  recreate(service: string, count?: number): Promise<void>;
  ask(path: string, frontend?: string): Promise<Answer>;
  /** Everybody who answers at a path now: a dozen requests are enough to meet all of a few replicas. */
  answering(path: string, frontend?: string): Promise<readonly string[]>;
  /** Waits until exactly these answer, at every path, and do so once more. */
  routed(routes: Routes, frontend?: string): Promise<void>;
  /** The engine's port for a published port of a container, while it runs. */
  port(name: string, inside: number): Promise<number | undefined>;
  /** The address of a container on one of its networks. */
  address(name: string, network: string): Promise<string>;
  /** Kills a container's first process (nginx) from outside, as a crash would: the engine wasn't asked, and restarts it if told so. */
  crash(name: string, program?: string): Promise<void>;
  /** A field of `docker inspect`, in Go's template language. */
  inspect(name: string, field: string): Promise<string>;
  /** Runs something in a container on one of the project's networks that is none of meet-gen's business. */
  tool(...command: readonly string[]): Promise<string>;
  /** What the status server at an address answers to a container that has node. */
  askStatusServer(from: string, address: string, path: string): Promise<{ readonly status: number; readonly body: string }>;
  /** The status of the meet-gen that publishes into the Meet's volume, or of the one in this container. */
  status(sidecar?: string): Promise<StatusSnapshot>;
  /** Waits until every frontend is proven to serve what was published. */
  converged(sidecar?: string): Promise<StatusSnapshot>;
  /** Tells meet-gen to resync, and waits until it has, and is converged. */
  lookedAfresh(): Promise<StatusSnapshot>;
  /** Inode, size and times of the published file: the same as long as nobody writes it. */
  fileIdentity(): Promise<string>;
  /** How often the engine has passed a HUP on to the project's frontends since the stack was started. */
  countHups(): Promise<number>;
  logs(service: string): Promise<string>;
  /** meet-gen's log so far. */
  log(): Promise<readonly LogLine[]>;
  down(): Promise<void>;
}

const repository = fileURLToPath(new URL('../..', import.meta.url));
const meetGenImage = `meet-gen-test/meet-gen:${runId}`;
/** More than what a dead backend may cost: nginx's two seconds until it gives a connection up. */
const askTimeoutMs = 3000;
/** While waiting for routes there is no point in waiting for a wrong one's answer. */
const impatientAskTimeoutMs = 700;
const asksToMeetAll = 12;
const routedLimitMs = 60_000;
/** meet-gen's private /tmp, which `tools` shares to hand its status on; the first to mount it gives it its image's mode. */
export const statusVolume = 'status:/tmp';
const templatesDirectory = '/meet-gen/templates';

/** Builds meet-gen's image from our own Dockerfile, once a run. */
export async function provideMeetGenImage(engine: Engine): Promise<string> {
  const build = async (): Promise<string> => {
    if ((await inspectImage(engine, meetGenImage)) === undefined)
      await docker(engine, ['build', '--quiet', '--pull=false', '--label', runLabel, '--tag', meetGenImage, repository]);
    return meetGenImage;
  };
  return withLock(join(cacheDirectory(), 'meet-gen-image.lock'), build);
}

/** Starts a Meet under a project name of this run; `resync` never comes, so only events can help. */
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

/** A frontend as the example has it, with a port of its own. */
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

/** What others may want to put differently. */
interface MeetGenService extends ComposeService {
  readonly environment: Readonly<Record<string, string>>;
  /** The last one is the engine's socket. */
  readonly volumes: readonly string[];
  readonly group_add: readonly string[];
}

/** meet-gen as the example has it, in containers of compose: the service, on the network `internal` with the volumes `routing` and `templates`. */
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
      // The first to mount an empty volume gives it what its image has there: the shipped templates.
      volumes: ['routing:/routing', `templates:${templatesDirectory}`, statusVolume, socket.volume],
    },
  };
}

const proxyNetworkOf = (project: string): string => `${project}-shared-proxy`;

/** How a container reaches the engine that runs it, and the group that may. */
async function mountedSocket(engine: Engine): Promise<{ volume: string; dockerHost: string; group: string }> {
  const path = engine.host.startsWith('unix://') ? engine.host.slice('unix://'.length) : '/var/run/docker.sock';
  // Where the socket is alone in its folder, the folder: a socket file goes stale when the daemon makes a new one.
  const inside = engine.provided ? `/var/run/engine/${basename(path)}` : '/var/run/docker.sock';
  const volume = engine.provided ? `${dirname(path)}:${dirname(inside)}` : `${path}:${inside}`;
  const stat = ['--entrypoint', 'stat', 'meet-gen-test/idle:latest', '-c', '%g', inside];
  const group = await runUntilHeard(engine, ['--network', 'none', '--volume', volume, ...stat]);
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
  /** The engine gives a container another port whenever it starts. */
  const portOf = (containers: readonly ListedContainer[], name: string, inside: number): number | undefined =>
    containers.find((one) => one.name === container(name))?.ports.get(inside);
  const askAt = (port: number | undefined, path: string, timeoutMs: number): Promise<Answer> =>
    port === undefined ? Promise.resolve(nothing('no published port')) : askPort(engine.publishAddress, port, path, timeoutMs);
  const ask = async (path: string, frontend = 'frontend-1'): Promise<Answer> =>
    askAt(portOf(await listContainers(engine), frontend, 8083), path, askTimeoutMs);
  /** Stops asking at a path at the first answer that isn't one of the expected: some wrong ones take seconds. */
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
    const told = await tryCommand(engine.dockerCli, ['logs', '--tail', '5000', container(`${service}-1`)], { env: engine.env });
    return told.stdout + told.stderr;
  };
  const inspect = async (name: string, field: string): Promise<string> => (await run('inspect', '--format', field, container(name))).trim();
  const tool = async (...command: readonly string[]): Promise<string> => run('exec', container('tools-1'), ...command);
  const status = async (sidecar?: string): Promise<StatusSnapshot> => {
    if (sidecar !== undefined) return JSON.parse(await run('exec', container(sidecar), 'node', '-e', askStatus)) as StatusSnapshot;
    const port = portOf(await listContainers(engine), 'tools-1', relayPort) ?? NaN;
    return JSON.parse((await httpGet({ host: engine.publishAddress, port }, '/status')).body) as StatusSnapshot;
  };

  /** The log's last lines tell most about what went wrong. */
  const converged = async (sidecar?: string, accept: (snapshot: StatusSnapshot) => boolean = () => true): Promise<StatusSnapshot> => {
    let last: StatusSnapshot | undefined;
    return waitUntil(
      'meet-gen is converged',
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
      await waitUntil('the routes are right', async () => (await holds()) && (await holds()), patienceMs);
    } catch (cause) {
      const lines = (await logs('meet-gen')).split('\n').slice(-12).join('\n');
      throw new Error(`expected ${JSON.stringify(routes)}\nseen     ${JSON.stringify(seen)}\nmeet-gen said last:\n${lines}`, { cause });
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
    async lookedAfresh() {
      const before = (await status()).engine.lastSyncAt;
      await run('kill', '--signal', 'HUP', container('meet-gen-1'));
      return converged(undefined, (snapshot) => snapshot.engine.lastSyncAt !== before);
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

/** Read by the container's own node: the socket is for meet-gen's user alone. */
export const askStatus = `
  require('node:http').get({ socketPath: ${containedStatusSocket}, path: '/status', agent: false }, (answer) => answer.pipe(process.stdout))
`;

const relayPort = 9180;
/** In `tools`, as root, which shares meet-gen's /tmp: hands on what it says on its socket, so that nobody has to start a process to ask. */
const statusRelay = `
  const { createServer, request } = require('node:http');
  createServer(({ url }, answer) => {
    const asked = request({ socketPath: ${containedStatusSocket}, path: url, agent: false }, (said) => said.pipe(answer.writeHead(said.statusCode)));
    asked.on('error', () => answer.writeHead(502).end()).end();
  }).listen(${relayPort});
  process.on('SIGTERM', () => process.exit(0));
`;

interface KillEvent {
  readonly Actor?: { readonly Attributes?: Readonly<Record<string, string>> };
}

/** Listens to the engine from the first moment: what it remembers of the past is overwritten by health checks within seconds. */
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
    /** Everything before a mark of ours in the stream has been heard when the mark is. */
    async count(sendMark) {
      const marks = count('tools', '28');
      await sendMark();
      await waitUntil('the engine has told all its events', () => count('tools', '28') > marks);
      return count('frontend', '1');
    },
    stop: () => void follower.kill(),
  };
}

const nothing = (error: string): Answer => ({ status: 0, type: '', body: '', headers: {}, error });

/** One request on a connection of its own, as nginx-proxy would make it. */
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

/** Never by the status alone: the SPA answers 200 to everything, so an API's answer has to be JSON. */
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
