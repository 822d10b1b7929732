import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { UnpackedPackages } from './debian-packages.ts';
import { engineAnswers } from './engine-ping.ts';
import { makeBridge, noteMachineBefore, removeLeftovers } from './leftovers.ts';
import { engineHost, enginePlaces } from './places.ts';

const startTimeoutMs = 60_000;
const stopTimeoutMs = 60_000;
const pollMs = 50;
/** The socket's group, as root:docker elsewhere: a client that isn't root needs `group_add` with this. */
const socketGroupId = 23_750;

/** Where images live; they survive between runs. */
function dataRootIn(cache: string): string {
  return join(cache, 'data');
}

/** Starts dockerd in a session of its own, over whatever a crashed one left, and waits until it answers. */
export async function startDaemon(packages: UnpackedPackages, cache: string): Promise<void> {
  const dataRoot = dataRootIn(cache);
  mkdirSync(dirname(enginePlaces.socket), { recursive: true });
  mkdirSync(dataRoot, { recursive: true });
  await noteMachineBefore(packages.daemonEnv);
  await makeBridge(packages.daemonEnv);
  rmSync(enginePlaces.pidFile, { force: true });
  const pid = spawnDaemon(packages, dataRoot);
  const deadline = Date.now() + startTimeoutMs;
  while (!(await engineAnswers(engineHost))) {
    if (!processLives(pid)) throw new Error(`dockerd ended at its start: ${lastLogLines()}`);
    if (Date.now() > deadline) throw new Error(`dockerd did not answer at ${engineHost} within ${startTimeoutMs} ms: ${lastLogLines()}`);
    await sleep(pollMs);
  }
}

/** Ends our dockerd, if it runs, by the process id in its pid file. */
async function endDaemon(): Promise<void> {
  const pid = daemonPid();
  if (pid === undefined) return;
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + stopTimeoutMs;
  while (processLives(pid)) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
    await sleep(pollMs);
  }
}

/** Ends our dockerd and leaves the machine as it was before its start. */
export async function endDaemonAndCleanMachine(packages: UnpackedPackages, cache: string): Promise<void> {
  await endDaemon();
  await removeLeftovers(dataRootIn(cache), packages.daemonEnv);
}

/** The process id of our dockerd while it runs; never that of another process that got its number. */
export function daemonPid(): number | undefined {
  if (!existsSync(enginePlaces.pidFile)) return undefined;
  const pid = Number(readFileSync(enginePlaces.pidFile, 'utf8'));
  return commandLine(pid).includes(enginePlaces.pidFile) ? pid : undefined;
}

function spawnDaemon(packages: UnpackedPackages, dataRoot: string): number {
  const configFile = join(enginePlaces.state, 'daemon.json');
  writeFileSync(configFile, JSON.stringify(daemonConfig()));
  const log = openSync(enginePlaces.log, 'a');
  const args = [
    '--config-file',
    configFile,
    '--host',
    engineHost,
    '--group',
    String(socketGroupId),
    '--data-root',
    dataRoot,
    '--exec-root',
    enginePlaces.execRoot,
    '--pidfile',
    enginePlaces.pidFile,
    '--bridge',
    enginePlaces.bridge,
    '--cgroup-parent',
    `/${enginePlaces.cgroup}`,
  ];
  const { DOCKER_HOST: _host, DOCKER_CONFIG: _config, ...machineEnv } = process.env;
  const daemon = spawn(join(packages.root, 'usr/sbin/dockerd'), args, {
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

/** Bridges must not promise longer packets than the machine's own way out takes. */
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

/** A zombie is dead: its parent may be a process of ours that hasn't yet collected it. */
function processLives(pid: number): boolean {
  return commandLine(pid) !== '';
}

function lastLogLines(): string {
  const text = existsSync(enginePlaces.log) ? readFileSync(enginePlaces.log, 'utf8') : '';
  return text.trim().split('\n').slice(-8).join('\n');
}
