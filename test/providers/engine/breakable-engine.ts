import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { clientOf } from './debian-client.ts';
import { daemonIn, endDaemon, endDaemonAndCleanMachine, startDaemon, type Daemon } from './daemon.ts';
import { unpackObstacle } from '../debian/running-debian.ts';
import { takeLock } from '../file-lock.ts';
import { requireProgram } from '../find-program.ts';
import { NotProvided } from '../not-provided.ts';
import { unpackEnginePackages } from './engine-packages.ts';
import { docker, type Engine } from './docker-command.ts';
import { engineAnswers } from './engine-ping.ts';
import { insideNamespace } from './network-namespace.ts';
import { breakablePlaces, remappedPlaces, type EnginePlaces, type OwnNetwork } from './places.ts';
import { cleanUp, removeAllButImages } from './test-run.ts';

/** A second engine for a single test, which may break it. */
export interface BreakableEngine extends Engine {
  /** Ends dockerd, and waits for its end. SIGKILL leaves the containers running, SIGTERM stops them first. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts dockerd again, and waits until it answers. */
  start(): Promise<void>;
  answers(): Promise<boolean>;
  /** The command line that runs a program in the containers' network. */
  onItsNetwork(program: string, args: readonly string[]): string[];
}

/** Shorter than the set-up's time limit, so that a test that waits too long fails with the reason. */
const patienceSeconds = 120;
const log = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * Starts another engine on a separate network, with copies of these images. Other users of that engine wait until
 * `stop()`. `stop()` removes everything from the machine; after a crash, the next start does.
 * @throws Error if the tests can't start an engine: a test never breaks an engine that others use
 */
export async function startBreakableEngine(from: Engine, images: readonly string[]): Promise<BreakableEngine> {
  return startEngineIn(breakablePlaces, from, images);
}

/** Starts an engine that remaps users: root in its containers is `remappedPlaces.rootInContainers` outside. */
export async function startRemappedEngine(
  from: Engine,
  images: readonly string[],
  daemonArguments: readonly string[],
): Promise<BreakableEngine> {
  return startEngineIn(remappedPlaces, from, images, daemonArguments);
}

type OwnPlaces = EnginePlaces & { readonly network: OwnNetwork };

async function startEngineIn(
  places: OwnPlaces,
  from: Engine,
  images: readonly string[],
  daemonArguments: readonly string[] = [],
): Promise<BreakableEngine> {
  const obstacle = unpackObstacle();
  if (obstacle !== undefined) {
    throw new NotProvided(
      `This test needs a separate Docker engine, which can't be started: ${obstacle}.`,
      'Run it as root on Debian, or leave it out: test/providers/README.md, "The engine that is broken".',
    );
  }
  requireProgram('ip', 'iproute2');
  const release = await takeLock(places.lock, patienceSeconds);
  try {
    const packages = await unpackEnginePackages(log);
    const client = clientOf(packages, places.host);
    const engine = createEngine(daemonIn(places, packages, daemonArguments), places, client, release);
    await endDaemonAndCleanMachine(daemonIn(places, packages));
    await engine.start();
    await cleanUp(engine, { anyRun: true });
    await removeAllButImages(engine);
    await copyImages(from, engine, images);
    return engine;
  } catch (error) {
    release();
    throw error;
  }
}

/** Ends engines that crashed tests left. An engine in use stays. */
export async function endForgottenEngines(): Promise<void> {
  for (const places of [breakablePlaces, remappedPlaces]) await endForgottenEngine(places);
}

async function endForgottenEngine(places: EnginePlaces): Promise<void> {
  if (!existsSync(places.state)) return;
  const release = await takeLock(places.lock, 0).catch(() => undefined);
  if (release === undefined) return;
  try {
    await endDaemonAndCleanMachine(daemonIn(places, await unpackEnginePackages(log)));
  } finally {
    release();
  }
}

function createEngine(daemon: Daemon, places: OwnPlaces, client: Pick<Engine, 'dockerCli' | 'env'>, release: () => void): BreakableEngine {
  const { host, network } = places;
  let stopped = false;
  return {
    host,
    dockerCli: client.dockerCli,
    env: client.env,
    provided: true,
    publishAddress: network.inside,
    end: (signal) => endDaemon(places, signal),
    start: () => startDaemon(daemon),
    answers: () => engineAnswers(host),
    onItsNetwork: (program, args) => insideNamespace(network, program, args),
    async stop() {
      if (stopped) return;
      stopped = true;
      try {
        // SIGTERM would end each container in turn, but all of them are removed anyway.
        await endDaemon(places, 'SIGKILL');
        await endDaemonAndCleanMachine(daemon);
      } finally {
        release();
      }
    },
  };
}

/** Copies the images that the engine doesn't have. It keeps them between runs. */
async function copyImages(from: Engine, to: Engine, names: readonly string[]): Promise<void> {
  const [wanted, present] = await Promise.all([idsOf(from, names), idsOf(to, names)]);
  const missing = names.filter((name) => wanted.get(name) === undefined || wanted.get(name) !== present.get(name));
  if (missing.length === 0) return;
  log(`Copying ${missing.join(', ')} to the test's separate engine`);
  await pipe(from, ['save', ...missing], to, ['load', '--quiet']);
}

async function idsOf(engine: Engine, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const listed = await docker(engine, ['image', 'ls', '--no-trunc', '--format', '{{.Repository}}:{{.Tag}} {{.ID}}']);
  const pairs = listed.split('\n').map((line): [string, string] => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']);
  return new Map(pairs.filter(([name]) => names.includes(name)));
}

function pipe(from: Engine, giving: readonly string[], to: Engine, taking: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const giver = spawn(from.dockerCli, giving, { env: { ...process.env, ...from.env }, stdio: ['ignore', 'pipe', 'inherit'] });
    const taker = spawn(to.dockerCli, taking, { env: { ...process.env, ...to.env }, stdio: [giver.stdout, 'ignore', 'inherit'] });
    giver.on('error', reject);
    taker.on('error', reject);
    taker.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`\`docker ${giving.join(' ')} | docker ${taking.join(' ')}\` ended with code ${code}`));
    });
  });
}
