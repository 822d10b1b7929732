import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { engineAnswers } from '../engine/engine-ping.ts';
import { runCommand } from '../run-command.ts';
import type { EngineKind } from './engine-kinds.ts';
import type { EngineNamespaces } from './engine-namespaces.ts';

const startTimeoutMs = 60_000;
const pollMs = 20;
const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', PODMAN_IGNORE_CGROUPSV1_WARNING: '1' };
/** Podman's commands need the folders of the service. */
const podmanFolders = ['--root', '/var/lib/engine', '--runroot', '/run/podman-storage', '--tmpdir', '/run/podman'];

/** The engine's service: dockerd, or Podman's API service. */
export interface EngineService {
  readonly host: string;
  start(): Promise<void>;
  /** Kills the service and waits for its end. The containers go on. */
  kill(): Promise<void>;
  /** Runs a program of the engine's packages inside. */
  run(program: string, args: readonly string[]): Promise<string>;
}

/** The service of this kind in these namespaces, not started yet. */
export function serviceIn(kind: EngineKind, namespaces: Omit<EngineNamespaces, 'end'>): EngineService {
  const socket = join(namespaces.shared, 'engine.sock');
  const host = `unix://${socket}`;
  const pidFile = join(namespaces.shared, 'service.pid');
  const run = async (program: string, args: readonly string[]): Promise<string> => {
    const [command, ...words] = namespaces.inside(program, args);
    return runCommand(command, words, { env: environment });
  };
  return {
    host,
    run,
    async start() {
      // A service that was killed leaves its socket.
      rmSync(socket, { force: true });
      const ended = spawnService(kind, namespaces, host, pidFile);
      const deadline = Date.now() + startTimeoutMs;
      while (!(await engineAnswers(host))) {
        if (ended() || Date.now() > deadline) throw new Error(`${kind.name} does not answer:\n${lastLines(namespaces.log)}`);
        await sleep(pollMs);
      }
    },
    async kill() {
      const pid = readFileSync(pidFile, 'utf8').trim();
      await run('/bin/sh', ['-c', `kill -s KILL ${pid}; while kill -0 ${pid} 2>/dev/null; do sleep 0.05; done`]);
    },
  };
}

/** Runs a Podman command with the folders of the service. */
export function runPodman(service: EngineService, args: readonly string[]): Promise<string> {
  return service.run('podman', [...podmanFolders, ...args]);
}

function spawnService(kind: EngineKind, namespaces: Omit<EngineNamespaces, 'end'>, host: string, pidFile: string): () => boolean {
  const [program, ...words] = namespaces.inside('/bin/sh', ['-c', `echo $$ > ${pidFile}; exec "$@"`, 'sh', ...serviceCommand(kind, host)]);
  const log = openSync(namespaces.log, 'a');
  const child = spawn(program, words, { stdio: ['ignore', log, log], env: environment, cwd: '/' });
  closeSync(log);
  let isOver = false;
  child.on('error', () => (isOver = true));
  child.on('exit', () => (isOver = true));
  child.unref();
  return () => isOver;
}

function serviceCommand(kind: EngineKind, host: string): string[] {
  if (kind.family === 'podman') return ['podman', ...podmanFolders, 'system', 'service', '--time=0', host];
  const folders = ['--data-root', '/var/lib/engine', '--exec-root', '/run/docker', '--pidfile', '/run/docker.pid'];
  const liveRestore = kind.isSwarmNode === true ? [] : ['--live-restore'];
  return ['dockerd', '--host', host, ...liveRestore, ...folders, ...(kind.daemonArguments ?? [])];
}

function lastLines(log: string): string {
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-8).join('\n') : '';
}
