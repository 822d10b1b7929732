import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheDirectory } from '../cache-directory.ts';
import { NotProvided } from '../not-provided.ts';
import type { EnginePackages } from './engine-packages.ts';
import { engineAnswers } from './engine-ping.ts';
import { makeBridge, noteMachineBefore, removeLeftovers } from './leftovers.ts';
import { insideNamespace, makeNamespace } from './network-namespace.ts';
import { dataRootInside, remapArguments, withUsersToRemap } from './remapped-users.ts';
import type { EnginePlaces } from './places.ts';

const startTimeoutMs = 60_000;
const stopTimeoutMs = 60_000;
const pollMs = 50;
/** The socket's group, usually root:docker. A client that isn't root needs `group_add` with this id. */
const socketGroupId = 23_750;

/** A dockerd with its programs, paths, and the folder that keeps images between runs. */
export interface Daemon {
  readonly packages: EnginePackages;
  readonly places: EnginePlaces;
  readonly dataRoot: string;
  /** More arguments of dockerd. */
  readonly arguments: readonly string[];
}

export function daemonIn(places: EnginePlaces, packages: EnginePackages, daemonArguments: readonly string[] = []): Daemon {
  return { packages, places, dataRoot: join(cacheDirectory(), places.dataFolder), arguments: daemonArguments };
}

/** Starts dockerd in a separate session, despite any files of a crashed dockerd, and waits until it answers. */
export async function startDaemon(daemon: Daemon): Promise<void> {
  const { places, packages, dataRoot } = daemon;
  mkdirSync(dirname(places.socket), { recursive: true });
  mkdirSync(dataRoot, { recursive: true });
  await noteMachineBefore(places, packages.daemonEnv);
  if (places.network.kind === 'machine') await makeBridge(places.network, packages.daemonEnv);
  else await makeNamespace(places.network);
  rmSync(places.pidFile, { force: true });
  await removeContainerdPidFile(places);
  const pid = spawnDaemon(daemon);
  const deadline = Date.now() + startTimeoutMs;
  while (!(await engineAnswers(places.host))) {
    if (!processLives(pid)) throw notStarted('dockerd ended at its start', places);
    if (Date.now() > deadline) throw notStarted(`dockerd did not answer within ${startTimeoutMs} ms`, places);
    await sleep(pollMs);
  }
}

/** Ends the tests' dockerd by the process id in its pid file, and waits for its end. */
export async function endDaemon(places: EnginePlaces, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  const pid = daemonPid(places);
  if (pid === undefined) return;
  process.kill(pid, signal);
  const deadline = Date.now() + stopTimeoutMs;
  while (processLives(pid)) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
    await sleep(pollMs);
  }
}

/** Ends the tests' dockerd, and restores the machine's state from before its start. */
export async function endDaemonAndCleanMachine({ places, packages, dataRoot }: Daemon): Promise<void> {
  await endDaemon(places);
  await removeLeftovers(places, dataRoot, packages.daemonEnv);
}

/** The process id of the tests' dockerd, unless the pid now belongs to another process. */
export function daemonPid(places: EnginePlaces): number | undefined {
  if (!existsSync(places.pidFile)) return undefined;
  const pid = Number(readFileSync(places.pidFile, 'utf8'));
  return commandLine(pid).includes(places.pidFile) ? pid : undefined;
}

/**
 * containerd dies with its dockerd. If nothing collects its zombie, the next dockerd would wait ten seconds for its
 * end.
 */
async function removeContainerdPidFile(places: EnginePlaces): Promise<void> {
  const pidFile = join(places.execRoot, 'containerd', 'containerd.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  const deadline = Date.now() + stopTimeoutMs;
  while (processLives(pid) && Date.now() < deadline) await sleep(pollMs);
  rmSync(pidFile);
}

function spawnDaemon({ packages, places, dataRoot, arguments: more }: Daemon): number {
  const configFile = join(places.state, 'daemon.json');
  writeFileSync(configFile, JSON.stringify(daemonConfig()));
  const log = openSync(places.log, 'a');
  const dockerd = join(packages.root, 'usr/sbin/dockerd');
  const args = [
    '--config-file',
    configFile,
    '--host',
    places.host,
    '--group',
    String(socketGroupId),
    '--data-root',
    dataRootInside(places, dataRoot),
    '--exec-root',
    places.execRoot,
    '--pidfile',
    places.pidFile,
    '--cgroup-parent',
    `/${places.cgroup}`,
    ...(places.network.kind === 'machine' ? ['--bridge', places.network.bridge] : []),
    ...remapArguments(places),
    ...more,
  ];
  const command = withUsersToRemap(places, dataRoot, [dockerd, ...args]);
  const [program = dockerd, ...words] =
    places.network.kind === 'machine' ? command : insideNamespace(places.network, command[0] ?? dockerd, command.slice(1));
  const { DOCKER_HOST: _host, DOCKER_CONFIG: _config, ...machineEnv } = process.env;
  const daemon = spawn(program, words, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...machineEnv, ...packages.daemonEnv },
    cwd: '/',
  });
  daemon.on('error', () => undefined);
  daemon.unref();
  closeSync(log);
  if (daemon.pid === undefined) throw new Error(`dockerd could not be started from ${packages.root}. Remove that folder and try again.`);
  return daemon.pid;
}

function daemonConfig(): object {
  return { ...networkConfig(), builder: { gc: { enabled: true, defaultKeepStorage: '2GB' } } };
}

/** Limits the bridges' MTU to that of the default route. */
function networkConfig(): object {
  const mtu = defaultRouteMtu();
  if (mtu === undefined || mtu >= 1500) return {};
  return { mtu, 'default-network-opts': { bridge: { 'com.docker.network.driver.mtu': String(mtu) } } };
}

function defaultRouteMtu(): number | undefined {
  try {
    const routes = readFileSync('/proc/net/route', 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t'));
    const device = routes.find((fields) => fields[1] === '00000000')?.[0];
    if (device === undefined) return undefined;
    return Number(readFileSync(`/sys/class/net/${device}/mtu`, 'utf8'));
  } catch {
    return undefined;
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** A zombie counts as dead: its parent may be a test process that hasn't collected it yet. */
function processLives(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

function notStarted(what: string, { log }: EnginePlaces): NotProvided {
  const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
  // The reason may have several lines, for example those of iptables.
  const reason = text
    .slice(Math.max(0, text.lastIndexOf('failed to start daemon')))
    .trim()
    .split('\n')
    .slice(-8)
    .join(' ');
  return new NotProvided(
    `${what}: ${reason} (more in ${log})`,
    'Inside a container, an engine needs --privileged. Elsewhere, start Docker yourself and set DOCKER_HOST.',
  );
}
