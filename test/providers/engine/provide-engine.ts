import { existsSync } from 'node:fs';
import { clientOf, type Client } from './debian-client.ts';
import { daemonIn, daemonPid, endDaemonAndCleanMachine, startDaemon } from './daemon.ts';
import { unpackObstacle } from '../debian/running-debian.ts';
import { cacheDirectory } from '../cache-directory.ts';
import { requireProgram } from '../find-program.ts';
import { NotProvided } from '../not-provided.ts';
import { unpackEnginePackages } from './engine-packages.ts';
import type { Engine } from './docker-command.ts';
import { forgetUser, liveUsers, noteUser, withEngineLock } from './engine-lock.ts';
import { engineAnswers, pingEngine } from './engine-ping.ts';
import { sharedPlaces } from './places.ts';
import { tryCommand } from '../run-command.ts';
import { removeAllButImages } from './test-run.ts';

export { docker, type Engine } from './docker-command.ts';

export interface ProvideEngineOptions {
  /** Called before each download or start. */
  readonly log: (line: string) => void;
  /** Keeps the engine after this process, until `endKeptEngine`. Default: false. */
  readonly keep?: boolean;
}

const { host: engineHost } = sharedPlaces;
const usualHost = 'unix:///var/run/docker.sock';
const publishAddress = '127.0.0.1';
const oldestCompose = [2, 23, 1] as const;
/** The Dockerfile's `HEALTHCHECK --start-interval` needs the builder of this version. */
const oldestEngine = [25, 0] as const;

/**
 * Uses a running Docker engine as a guest, or starts one from Debian's packages (as root on Debian). Call `stop()` when
 * done. Concurrent runs share one engine.
 */
export async function provideEngine(options: ProvideEngineOptions): Promise<Engine> {
  const guestHost = await findRunningEngine();
  const obstacle = guestHost === undefined ? unpackObstacle() : undefined;
  if (obstacle !== undefined) throw await noEngine(obstacle);
  const named = namedHost();
  if (named !== undefined && named !== guestHost) options.log(`No engine answers at DOCKER_HOST=${named}: looking for another engine`);
  return guestHost === undefined ? startOwn(options) : useAsGuest(guestHost, options.log);
}

async function noEngine(obstacle: string): Promise<NotProvided> {
  const hosts = [namedHost() ?? [], usualHost].flat();
  for (const host of hosts) {
    if ((await pingEngine(host)) !== 'refused') continue;
    return new NotProvided(
      `This user may not use the Docker engine at ${host}, and can't start another one: ${obstacle}.`,
      'Add the user to the group of that socket (usually `sudo usermod -aG docker $USER`, then log in again), or set DOCKER_HOST.',
    );
  }
  return new NotProvided(
    `No Docker engine answers at ${hosts.join(' or ')}, and no engine can be started here: ${obstacle}.`,
    'Start Docker (25.0 or later, with compose and buildx), or set DOCKER_HOST to a running engine, or run this as root on Debian.',
  );
}

/** Ends the engine that `keep: true` left running, unless runs still use it; returns the number of these runs. */
export async function endKeptEngine(log: (line: string) => void): Promise<number> {
  return withEngineLock(async () => {
    forgetUser('kept');
    const users = liveUsers().length;
    if (users > 0) return users;
    if (!existsSync(sharedPlaces.before)) return 0;
    await end(clientOf(await unpackEnginePackages(log), engineHost), log);
    return 0;
  });
}

/** The engine in DOCKER_HOST, unless it is the tests' own. */
function namedHost(): string | undefined {
  const named = process.env['DOCKER_HOST'];
  return named === undefined || named === '' || named === engineHost ? undefined : named;
}

async function findRunningEngine(): Promise<string | undefined> {
  const named = namedHost();
  if (named !== undefined && ((await engineAnswers(named)) || (await cliReaches(named)))) return named;
  if (await engineAnswers(usualHost)) return usualHost;
  const context = await tryCommand('docker', ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}']);
  const host = context.stdout.trim();
  if (context.code !== 0 || host === '' || host === engineHost) return undefined;
  return (await engineAnswers(host)) ? host : undefined;
}

/** The CLI handles TLS and ssh hosts. */
async function cliReaches(host: string): Promise<boolean> {
  const asked = await tryCommand('docker', ['--host', host, 'version', '--format', '{{.Server.Version}}'], { timeoutMs: 10_000 });
  return asked.code === 0;
}

async function useAsGuest(host: string, log: (line: string) => void): Promise<Engine> {
  const { dockerCli, env } = await findClient(host, log);
  const version = (await tryCommand(dockerCli, ['version', '--format', '{{.Server.Version}}'], { env })).stdout.trim();
  log(`Using the Docker engine ${version} at ${host} as a guest`);
  if (olderThan(version, oldestEngine)) log(`It is older than ${oldestEngine.join('.')}: tests that build the image of meet-gen will fail`);
  return { host, dockerCli, env, provided: false, publishAddress, stop: async () => undefined };
}

/** The machine's docker CLI if it can do everything that the tests need, else Debian's. */
async function findClient(host: string, log: (line: string) => void): Promise<Pick<Engine, 'dockerCli' | 'env'>> {
  const env = { DOCKER_HOST: host, BUILDX_BUILDER: 'default' };
  const lack = await findCliLack(env);
  if (lack === undefined) return { dockerCli: 'docker', env };
  const obstacle = unpackObstacle();
  if (obstacle !== undefined) {
    throw new NotProvided(
      `${lack}, and the tests can't unpack Debian's: ${obstacle}.`,
      `Install the docker CLI with the plugins compose (${oldestCompose.join('.')} or later) and buildx, or run this as root on Debian.`,
    );
  }
  log(`${lack}: using the CLI from Debian's packages`);
  const client = clientOf(await unpackEnginePackages(log), host);
  return { dockerCli: client.dockerCli, env: { ...client.env, ...env } };
}

async function findCliLack(env: Record<string, string>): Promise<string | undefined> {
  const server = await tryCommand('docker', ['version', '--format', '{{.Server.Version}}'], { env });
  if (server.code === 127) return 'There is no docker CLI on the PATH';
  // An old CLI and a new engine, or the reverse, may have no version of the API in common.
  if (server.code !== 0) return `The docker CLI can't use this engine (${server.stderr.trim().split('\n').at(-1)})`;
  const compose = await tryCommand('docker', ['compose', 'version', '--short'], { env });
  if (compose.code !== 0) return 'The docker CLI has no compose plugin';
  if (olderThan(compose.stdout, oldestCompose))
    return `The compose plugin is ${compose.stdout.trim()}, older than ${oldestCompose.join('.')}`;
  const buildx = await tryCommand('docker', ['buildx', 'version'], { env });
  return buildx.code === 0 ? undefined : 'The docker CLI has no buildx plugin';
}

function olderThan(version: string, oldest: readonly number[]): boolean {
  const parts = version.trim().replace(/^v/, '').split(/[.+-]/).map(Number);
  for (const [index, least] of oldest.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}

async function startOwn({ log, keep = false }: ProvideEngineOptions): Promise<Engine> {
  requireProgram('ip', 'iproute2');
  const { client, user } = await withEngineLock(async () => {
    const packages = await unpackEnginePackages(log);
    const ours = clientOf(packages, engineHost);
    if (await engineAnswers(engineHost)) {
      log(`Using the running test engine at ${engineHost}`);
    } else {
      log(`No Docker engine found: starting a test engine at ${engineHost}, images in ${cacheDirectory()}`);
      const daemon = daemonIn(sharedPlaces, packages);
      await endDaemonAndCleanMachine(daemon);
      await startDaemon(daemon);
      await removeAllButImages(ours);
    }
    return { client: ours, user: noteUser(keep) };
  });
  let stopped = false;
  const stop = async (): Promise<void> => {
    if (stopped || keep) return;
    stopped = true;
    await withEngineLock(async () => {
      forgetUser(user);
      if (liveUsers().length === 0) await end(client, log);
    });
  };
  return { host: engineHost, dockerCli: client.dockerCli, env: client.env, provided: true, publishAddress, stop };
}

async function end(client: Client, log: (line: string) => void): Promise<void> {
  if (daemonPid(sharedPlaces) !== undefined) {
    log('Stopping the test engine');
    await removeAllButImages(client).catch(() => undefined);
  }
  await endDaemonAndCleanMachine(daemonIn(sharedPlaces, client.packages));
}
