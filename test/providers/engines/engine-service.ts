import { spawn } from 'node:child_process';
import { chownSync, closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { engineAnswers } from '../engine/engine-ping.ts';
import { runCommand } from '../run-command.ts';
import { rootlessUser, type EngineKind } from './engine-kinds.ts';
import type { EngineNamespaces } from './engine-namespaces.ts';

const startTimeoutMs = 60_000;
const pollMs = 20;
const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', PODMAN_IGNORE_CGROUPSV1_WARNING: '1' };
/** Podman's commands need the folders of the service. */
const podmanFolders = (run: string): string[] => [
  '--root',
  '/var/lib/engine',
  '--runroot',
  `${run}/podman-storage`,
  '--tmpdir',
  `${run}/podman`,
];
const userFolder = `/run/user/${rootlessUser.id}`;
const userEnvironment = {
  ...environment,
  HOME: '/var/lib/engine/home',
  XDG_RUNTIME_DIR: userFolder,
  DOCKERD_ROOTLESS_ROOTLESSKIT_NET: 'slirp4netns',
};
/** A rootless engine needs them. The user may not open the machine's device for tunnels. */
const prepareUser = `
  mkdir -p ${userFolder} /var/lib/engine/home
  chown ${rootlessUser.id}:${rootlessUser.id} ${userFolder} /var/lib/engine /var/lib/engine/home
  mknod /run/tun c 10 200 && chmod 666 /run/tun && mount --bind /run/tun /dev/net/tun
`;

/** The engine's service: dockerd, or Podman's API service. */
export interface EngineService {
  readonly kind: EngineKind;
  readonly host: string;
  start(): Promise<void>;
  /** Kills the service and waits for its end. The containers go on. */
  kill(): Promise<void>;
  /** Stops the service by SIGSTOP: it accepts connections, and answers nothing. */
  freeze(): Promise<void>;
  /** Lets a frozen service go on. */
  thaw(): Promise<void>;
  /** Runs a program of the engine's packages inside, as root. */
  run(program: string, args: readonly string[]): Promise<string>;
  /** Runs a program as the service's user. */
  runAsService(program: string, args: readonly string[]): Promise<string>;
}

/** The engine's runtime looks for the service's own cgroups, which a user can't change. */
const enterCgroups = 'for file in /sys/fs/cgroup/*/cgroup.procs; do echo $$ > $file; done;';

/** The service of this kind in these namespaces, not started yet. */
export function serviceIn(kind: EngineKind, namespaces: Omit<EngineNamespaces, 'end'>): EngineService {
  const socket = join(namespaces.shared, 'engine.sock');
  const host = `unix://${socket}`;
  const pidFile = join(namespaces.shared, 'service.pid');
  const runAs =
    (userId?: number) =>
    async (program: string, args: readonly string[]): Promise<string> => {
      const [command, ...words] = namespaces.inside(program, args, userId);
      return runCommand(command, words, { env: environmentOf(kind) });
    };
  const run = runAs();
  let isPrepared = kind.isRootless !== true;
  return {
    kind,
    host,
    run,
    runAsService: runAs(userOf(kind)),
    async start() {
      if (!isPrepared) {
        chownSync(namespaces.shared, rootlessUser.id, rootlessUser.id);
        await run('/bin/sh', ['-ec', prepareUser]);
        isPrepared = true;
      }
      // A service that was killed leaves its socket.
      rmSync(socket, { force: true });
      const ended = spawnService(kind, namespaces, host, pidFile);
      const deadline = Date.now() + startTimeoutMs;
      while (!(await engineAnswers(host))) {
        if (ended() || Date.now() > deadline) throw new Error(`${kind.name} does not answer:\n${lastLines(namespaces.log)}`);
        await sleep(pollMs);
      }
    },
    freeze: () => run('/bin/sh', ['-c', `kill -s STOP ${readPid(pidFile)}`]).then(() => undefined),
    async thaw() {
      // nsenter stops with its child, and lets the child go on when it goes on.
      process.kill(Number(readPid(outerPidFile(pidFile))), 'SIGCONT');
      await run('/bin/sh', ['-c', `kill -s CONT ${readPid(pidFile)}`]);
    },
    async kill() {
      const pid = readPid(pidFile);
      await run('/bin/sh', ['-c', `kill -s KILL ${pid}; while kill -0 ${pid} 2>/dev/null; do sleep 0.05; done`]);
    },
  };
}

/** The process on this machine whose child in the namespaces is the service. */
const outerPidFile = (pidFile: string): string => `${pidFile}.outer`;
const readPid = (pidFile: string): string => readFileSync(pidFile, 'utf8').trim();

/** Runs a Podman command with the folders of the service. */
export function runPodman(service: EngineService, args: readonly string[]): Promise<string> {
  return service.runAsService('podman', [...podmanFolders(runFolderOf(service.kind)), ...args]);
}

function spawnService(kind: EngineKind, namespaces: Omit<EngineNamespaces, 'end'>, host: string, pidFile: string): () => boolean {
  const script = `${kind.isRootless ? enterCgroups : ''} echo $$ > ${pidFile}; exec "$@"`;
  const asUser = kind.isRootless ? ['setpriv', `--reuid=${rootlessUser.id}`, `--regid=${rootlessUser.id}`, '--clear-groups'] : [];
  const [program, ...words] = namespaces.inside('/bin/sh', ['-c', script, 'sh', ...asUser, ...serviceCommand(kind, host)]);
  const log = openSync(namespaces.log, 'a');
  const child = spawn(program, words, { stdio: ['ignore', log, log], env: environmentOf(kind), cwd: '/' });
  closeSync(log);
  writeFileSync(outerPidFile(pidFile), String(child.pid));
  let isOver = false;
  child.on('error', () => (isOver = true));
  child.on('exit', () => (isOver = true));
  child.unref();
  return () => isOver;
}

function serviceCommand(kind: EngineKind, host: string): string[] {
  if (kind.family === 'podman') return ['podman', ...podmanFolders(runFolderOf(kind)), 'system', 'service', '--time=0', host];
  const folders = [
    '--data-root',
    '/var/lib/engine',
    '--exec-root',
    `${runFolderOf(kind)}/docker`,
    '--pidfile',
    `${runFolderOf(kind)}/docker.pid`,
  ];
  if (kind.isRootless) return ['/usr/share/docker.io/contrib/dockerd-rootless.sh', '--host', host, ...folders];
  const liveRestore = kind.isSwarmNode === true ? [] : ['--live-restore'];
  return ['dockerd', '--host', host, ...liveRestore, ...folders, ...(kind.daemonArguments ?? [])];
}

const runFolderOf = ({ isRootless }: EngineKind): string => (isRootless ? userFolder : '/run');
const userOf = ({ isRootless }: EngineKind): number => (isRootless ? rootlessUser.id : 0);
const environmentOf = ({ isRootless }: EngineKind): Record<string, string> => (isRootless ? userEnvironment : environment);

function lastLines(log: string): string {
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-8).join('\n') : '';
}
