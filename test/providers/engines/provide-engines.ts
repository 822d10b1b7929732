import { clientOf } from '../engine/debian-client.ts';
import { docker, type Engine } from '../engine/docker-command.ts';
import { unpackEnginePackages } from '../engine/engine-packages.ts';
import { takeLock } from '../file-lock.ts';
import { NotProvided } from '../not-provided.ts';
import type { EngineKind } from './engine-kinds.ts';
import { makeNamespaces } from './engine-namespaces.ts';
import { unpackEngineRoot } from './engine-root.ts';
import { runPodman, serviceIn, type EngineService } from './engine-service.ts';
import { importSystem } from './system-image.ts';

/** An engine of one kind for one test. */
export interface TestedEngine extends Engine {
  readonly kind: EngineKind;
  /** A folder with the same path on the machine and for the engine, for mounts into containers. */
  readonly shared: string;
  /** Kills the service, then this container, and starts the service again. Other containers go on. */
  restartWhileEnding(container: string): Promise<void>;
  /** Kills the first process of a container, like a crash. */
  crash(container: string): Promise<void>;
  /** Checks a container's health. Only Podman needs that: without systemd it has no timers. */
  checkHealth(container: string): Promise<void>;
  /** The command line that runs a program of this machine on the engine's network. It ends with the test's process. */
  onItsNetwork(program: string, args: readonly string[]): [string, ...string[]];
}

/** The processes of rootless engines that are on the containers' network. */
const networkOwners = { docker: 'dockerd', podman: 'aardvark-dns' };
const patienceSeconds = 300;
const log = (line: string): void => void process.stderr.write(`${line}\n`);

/** Starts an engine of this kind in namespaces of its own. It ends at `stop()`, and at the latest with this process. */
export async function startEngine(kind: EngineKind): Promise<TestedEngine> {
  const release = await takeLock(`/run/meet-gen-engines-${kind.name}.lock`, patienceSeconds);
  try {
    const packages = await unpackEnginePackages(log);
    const namespaces = await makeNamespaces(kind.name, await unpackEngineRoot(kind, log));
    const service = serviceIn(kind, namespaces);
    const client = clientOf(packages, service.host);
    const engine: TestedEngine = {
      kind,
      host: service.host,
      dockerCli: client.dockerCli,
      env: client.env,
      provided: true,
      publishAddress: '127.0.0.1',
      shared: namespaces.shared,
      onItsNetwork: (program, args) => namespaces.onItsNetwork(program, args, kind.isRootless ? networkOwners[kind.family] : undefined),
      async restartWhileEnding(container) {
        const pid = await firstProcess(engine, container);
        await service.kill();
        await killInside(service, pid);
        await service.start();
      },
      crash: async (container) => killInside(service, await firstProcess(engine, container)),
      async checkHealth(container) {
        // The command fails if the container is unhealthy.
        if (kind.family === 'podman') await runPodman(service, ['healthcheck', 'run', container]).catch(() => undefined);
      },
      async stop() {
        try {
          await namespaces.end();
        } finally {
          release();
        }
      },
    };
    try {
      await service.start();
      await checkVersion(engine);
      await removeContainers(engine);
      await importSystem(engine, log);
      return engine;
    } catch (error) {
      await namespaces.end();
      throw error;
    }
  } catch (error) {
    release();
    throw error;
  }
}

async function checkVersion(engine: TestedEngine): Promise<void> {
  const version = (await docker(engine, ['version', '--format', '{{.Server.Version}}'])).trim();
  const { name, suite, version: expected } = engine.kind;
  if (version.startsWith(expected)) return;
  throw new NotProvided(
    `${name} of Debian ${suite} is ${version} now, not ${expected}*.`,
    'Change its row in test/providers/engines/engine-kinds.ts, or take another release.',
  );
}

async function firstProcess(engine: Engine, container: string): Promise<number> {
  const pid = Number(await docker(engine, ['inspect', '--format', '{{.State.Pid}}', container]));
  if (!(pid > 1)) throw new Error(`${container} does not run`);
  return pid;
}

async function killInside(service: EngineService, pid: number): Promise<void> {
  await service.run('/bin/sh', ['-c', `kill -s KILL ${pid}`]);
}

/** Removes what a run that crashed has left in the data folder. */
async function removeContainers(engine: Engine): Promise<void> {
  const containers = (await docker(engine, ['container', 'ls', '--all', '--quiet'])).split('\n').filter(Boolean);
  if (containers.length > 0) await docker(engine, ['container', 'rm', '--force', '--volumes', ...containers]);
  await docker(engine, ['network', 'prune', '--force']);
}
