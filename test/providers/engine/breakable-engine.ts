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

/** A second engine that belongs to one test alone, which may do to it what it likes. */
export interface BreakableEngine extends Engine {
  /** Ends dockerd, and waits for its end: SIGKILL leaves the containers running, SIGTERM stops them first. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts dockerd again, and resolves as soon as it answers. */
  start(): Promise<void>;
  answers(): Promise<boolean>;
  /** The words that run a program where the containers' addresses are reached. */
  onItsNetwork(program: string, args: readonly string[]): string[];
}

/** Less than a test's set-up may take, so that who has to wait too long is told for what. */
const patienceSeconds = 120;
const log = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * Starts an engine beside the one that runs, on a network of its own, with copies of these images. Whoever else wants it
 * waits until `stop()`, which leaves the machine as it was; so does the next start after a crash.
 * @throws Error where the tests can't start an engine: what breaks one is done to no other
 */
export async function startBreakableEngine(from: Engine, images: readonly string[]): Promise<BreakableEngine> {
  return startEngineIn(breakablePlaces, from, images);
}

/** The same with an engine that remaps users: root in its containers is `remappedPlaces.rootInContainers` outside. */
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
      `This test needs a Docker engine of its own, and it can't start one: ${obstacle}.`,
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

/** Ends the engines that tests left behind, if any; one that is in use is its user's to end. */
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
        // Its containers would only be ended one by one, and what is left of them taken away with it.
        await endDaemon(places, 'SIGKILL');
        await endDaemonAndCleanMachine(daemon);
      } finally {
        release();
      }
    },
  };
}

/** Those that the engine hasn't got yet, with the same content; it keeps them between runs. */
async function copyImages(from: Engine, to: Engine, names: readonly string[]): Promise<void> {
  const [wanted, present] = await Promise.all([idsOf(from, names), idsOf(to, names)]);
  const missing = names.filter((name) => wanted.get(name) === undefined || wanted.get(name) !== present.get(name));
  if (missing.length === 0) return;
  log(`Copying ${missing.join(', ')} to an engine of the test's own`);
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
      else reject(new Error(`\`docker ${taking.join(' ')}\` of what \`docker ${giving.join(' ')}\` gave ended with code ${code}`));
    });
  });
}
