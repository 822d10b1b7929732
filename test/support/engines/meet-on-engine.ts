import { watch } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FrontendStatus, StatusSnapshot } from '../../../src/status/snapshot.ts';
import { finalAfterMs } from '../../../src/source/engine-view.ts';
import { docker } from '../../providers/engine/docker-command.ts';
import { composeProjectName } from '../../providers/engine/test-run.ts';
import { startEngine, type TestedEngine } from '../../providers/engines/provide-engines.ts';
import type { EngineKind } from '../../providers/engines/engine-kinds.ts';
import { systemImage } from '../../providers/engines/system-image.ts';
import { runCommand as runMeetGen, startCommand, type CommandEnd, type RunningCommand } from '../built-command.ts';
import { httpGet } from '../http-get.ts';
import { shippedStub } from '../real-layout.ts';
import { askOnNetwork, type NetworkAnswer } from './ask-on-network.ts';
import { startEventRelay, type EventRelay } from './event-relay.ts';
import { statusSocketOf } from '../status-socket.ts';
import { waitUntil } from '../wait-until.ts';

/** A Meet on one engine: a frontend and a backend by compose, more replicas by the test, and meet-gen on the machine. */
export interface MeetOnEngine {
  readonly engine: TestedEngine;
  readonly network: string;
  readonly frontend: string;
  docker(...args: readonly string[]): Promise<string>;
  compose(...args: readonly string[]): Promise<string>;
  /** Starts another replica of the backend, and waits until it answers. It is removed at the next `reset`. */
  replica(options?: ReplicaOptions): Promise<string>;
  address(container: string): Promise<string>;
  /** Waits until a replica answers. Before that, Node has no handler for a stop's signal. */
  listens(replica: string): Promise<void>;
  /** Waits until the published file has the address, or doesn't. */
  isIn(address: string): Promise<void>;
  isOut(address: string): Promise<void>;
  /** Waits for a condition with the usual limit. */
  wait(what: string, look: () => Promise<boolean>): Promise<void>;
  /** The addresses in the published file, without replicas that only stand by. */
  published(): Promise<readonly string[]>;
  /** The addresses in each content of the file since `from`, an earlier number of contents. */
  contents(from?: number): readonly (readonly string[])[];
  /** When the file last changed to its content now, in milliseconds since 1970. */
  changedAtMs(): number;
  /** The events that meet-gen receives. */
  readonly events: EventRelay;
  status(): Promise<StatusSnapshot>;
  frontendStatus(): Promise<FrontendStatus | undefined>;
  /** Waits until every frontend is proven to serve the published file. */
  converged(): Promise<void>;
  /** Counts the calls to the engine, by the path of its API. */
  engineCalls(): Promise<Readonly<Record<string, number>>>;
  /** Waits until meet-gen has looked again after the last event. */
  hasLooked(): Promise<void>;
  /** Asks a container from the engine's network. */
  ask(address: string, port: number, path: string): Promise<NetworkAnswer>;
  /** Runs meet-gen with another command beside the sidecar. */
  meetGen(command: string, ...args: readonly string[]): Promise<CommandEnd>;
  readonly sidecar: RunningCommand;
  /** Leaves one frontend and one backend, running and proven. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

interface ReplicaOptions {
  /** Further arguments of `docker run`. */
  readonly args?: readonly string[];
  /** Replaces the command, which ends at SIGTERM. */
  readonly command?: readonly string[];
}

/** Shorter than meet-gen's usual resync of 30 s, and meet-gen resyncs on demand only: a missed event stays missed. */
const patienceMs = 15_000;
const images = fileURLToPath(new URL('../../providers/engine/images', import.meta.url));
const server = ['node', '/app/server.mjs'];

/** Starts the engine, the Meet and its meet-gen. */
export async function startMeetOn(kind: EngineKind): Promise<MeetOnEngine> {
  const engine = await startEngine(kind);
  try {
    return await startMeet(engine);
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

async function startMeet(engine: TestedEngine): Promise<MeetOnEngine> {
  const project = composeProjectName('engine');
  const out = join(engine.shared, 'published');
  const network = `${project}_internal`;
  await writeMounts(engine.shared, out);
  const file = JSON.stringify(composeFile(project, engine.shared, out));
  const run = (...args: readonly string[]): Promise<string> => docker(engine, args);
  const compose = (...args: readonly string[]): Promise<string> =>
    docker(engine, ['compose', '--project-name', project, '--project-directory', engine.shared, '--file', '-', ...args], { stdin: file });
  await compose('up', '--detach');
  const contents = recordContents(out);
  const events = await startEventRelay(engine.host.slice('unix://'.length), join(engine.shared, 'relay.sock'));
  const common = ['--docker-host', events.host, '--instance', project, '--log-format', 'json'];
  const sidecar = startCommand(['run', ...common, '--out', out, '--resync', '1h', '--listen', 'off'], { wrap: engine.onItsNetwork });
  const socketPath = statusSocketOf(out);
  const replicas: string[] = [];

  const published = async (): Promise<readonly string[]> => addressesIn(await readFile(join(out, 'routing.conf'), 'utf8').catch(() => ''));
  const status = async (): Promise<StatusSnapshot> => JSON.parse((await httpGet({ socketPath }, '/status')).body) as StatusSnapshot;
  const describe = (): string => sidecar.stderr().slice(-3000);
  const wait = async (what: string, look: () => Promise<boolean>): Promise<void> =>
    void (await waitUntil(what, () => look().catch(() => false), patienceMs, describe));
  const address = async (container: string): Promise<string> => {
    const field = `{{with index .NetworkSettings.Networks ${JSON.stringify(network)}}}{{.IPAddress}}{{end}}`;
    return (await run('inspect', '--format', field, container)).trim();
  };
  const converged = (): Promise<void> => wait('the frontends serve the published file', async () => (await status()).converged);
  const backend = `${project}-backend-1`;

  const meet: MeetOnEngine = {
    engine,
    network,
    frontend: `${project}-frontend-1`,
    docker: run,
    compose,
    async replica({ args = [], command = server } = {}) {
      const name = `replica-${replicas.length + 1}`;
      replicas.push(name);
      const labels = ['meet.role=backend', `com.docker.compose.project=${project}`, 'com.docker.compose.service=backend'];
      const mount = `${engine.shared}/files/server.mjs:/app/server.mjs:ro`;
      const flags = ['--network', network, '--volume', mount, ...labels.flatMap((label) => ['--label', label])];
      await run('run', '--detach', '--name', name, ...flags, ...args, systemImage, ...command);
      await meet.listens(name);
      return name;
    },
    address,
    listens: (name) => wait(`${name} answers`, async () => (await meet.ask(await address(name), 8000, '/__lbheartbeat__')).status === 200),
    isIn: (one) => wait('the address is in the file', async () => (await published()).includes(one)),
    isOut: (one) => wait('the address has left the file', async () => !(await published()).includes(one)),
    wait,
    published,
    contents: (from = 0) => contents.seen.slice(from).map(({ addresses }) => addresses),
    changedAtMs: () => contents.seen.at(-1)?.atMs ?? 0,
    events,
    status,
    frontendStatus: async () => (await status()).instances[0]?.frontends[0],
    converged,
    async engineCalls() {
      const lines = (await httpGet({ socketPath }, '/metrics')).body.matchAll(
        /^meet_gen_engine_requests_total\{endpoint="([^"]*)"\} (\d+)$/gm,
      );
      return Object.fromEntries([...lines].map(([, endpoint = '', count]) => [endpoint, Number(count)]));
    },
    async hasLooked() {
      let [last, sinceMs] = ['', 0];
      await wait('meet-gen has looked for the last time', async () => {
        const calls = JSON.stringify(await meet.engineCalls());
        if (calls !== last) [last, sinceMs] = [calls, Date.now()];
        return Date.now() - sinceMs > 2 * finalAfterMs;
      });
    },
    ask: (host, port, path) => askOnNetwork(engine, `http://${host}:${port}${path}`),
    meetGen: (command, ...args) => runMeetGen([command, '--out', out, ...args]),
    sidecar,
    async reset() {
      if (replicas.length > 0) await run('rm', '--force', '--volumes', ...replicas.splice(0));
      await compose('up', '--detach', '--timeout', '1', '--scale', 'backend=1');
      const before = (await status()).engine.lastSyncAt;
      sidecar.signal('SIGHUP');
      const only = await address(backend);
      await wait('only the first backend is in the file', async () => {
        const { engine: seen, converged: isProven } = await status();
        return seen.lastSyncAt !== before && isProven && (await published()).join() === only;
      });
    },
    async stop() {
      contents.end();
      await sidecar.stop();
      events.stop();
      await engine.stop();
    },
  };
  await converged();
  return meet;
}

function composeFile(project: string, shared: string, out: string): object {
  return {
    name: project,
    services: {
      frontend: {
        image: systemImage,
        command: ['nginx', '-e', '/dev/stderr', '-g', 'daemon off;'],
        user: '1001:127',
        restart: 'always',
        stop_signal: 'SIGQUIT',
        labels: { 'meet.role': 'frontend' },
        networks: ['internal'],
        volumes: [
          `${out}:/etc/nginx/meet-routing:ro`,
          `${shared}/files/nginx.conf:/etc/nginx/nginx.conf:ro`,
          `${shared}/files/conf.d:/etc/nginx/conf.d:ro`,
        ],
      },
      backend: {
        image: systemImage,
        command: server,
        labels: { 'meet.role': 'backend' },
        networks: ['internal'],
        volumes: [`${shared}/files/server.mjs:/app/server.mjs:ro`],
      },
    },
    // A fixed subnet, so that a test may choose an address.
    networks: { internal: { ipam: { config: [{ subnet: '10.213.0.0/24' }] } } },
  };
}

/** The files of the stand-in images, where the engine can mount them. */
async function writeMounts(shared: string, out: string): Promise<void> {
  const files = join(shared, 'files');
  // dockerd makes folders of these names if it starts containers that an earlier run has left.
  for (const made of [files, out]) await rm(made, { recursive: true, force: true });
  await mkdir(join(files, 'conf.d'), { recursive: true });
  await mkdir(out);
  await copyFile(join(images, 'backend/server.mjs'), join(files, 'server.mjs'));
  // As in the stand-in image, whose logs are links to the container's output.
  const conf = await readFile(join(images, 'frontend/nginx.conf'), 'utf8');
  await writeFile(join(files, 'nginx.conf'), conf.replaceAll(/\/var\/log\/nginx\/(?:access|error)\.log/g, '/dev/stderr'));
  await copyFile(join(images, 'frontend/default.conf'), join(files, 'conf.d/default.conf'));
  await writeFile(join(files, 'conf.d/routing.conf'), shippedStub());
}

/** Each content of the published file, in order. */
function recordContents(out: string): { readonly seen: { atMs: number; addresses: string[] }[]; end(): void } {
  const seen: { atMs: number; addresses: string[] }[] = [];
  let last: Promise<void> = Promise.resolve();
  const note = async (atMs: number): Promise<void> => {
    const addresses = addressesIn(await readFile(join(out, 'routing.conf'), 'utf8').catch(() => ''));
    if (addresses.join() !== seen.at(-1)?.addresses.join()) seen.push({ atMs, addresses });
  };
  const watcher = watch(out, () => {
    const atMs = Date.now();
    last = last.then(() => note(atMs));
  });
  return { seen, end: () => watcher.close() };
}

const addressesIn = (text: string): string[] =>
  [...new Set([...text.matchAll(/server (\d+\.\d+\.\d+\.\d+):8000(?![^;]* backup)/g)].map(([, one = '']) => one))].toSorted();
