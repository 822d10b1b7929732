import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory } from '../cache-directory.ts';
import { removeCgroups } from '../engine/leftovers.ts';
import { NotProvided } from '../not-provided.ts';
import { writeConfiguration } from './engine-root.ts';

const holder = fileURLToPath(new URL('./hold-namespaces.sh', import.meta.url));

/** Namespaces in which an engine runs: its network, mounts, processes and cgroups. */
export interface EngineNamespaces {
  /** The process that holds them. */
  readonly pid: number;
  /** The folder that has the same path inside and outside. */
  readonly shared: string;
  readonly log: string;
  /** The command line that runs a program of the engine inside, as root or with a user's id. */
  inside(program: string, args: readonly string[], userId?: number): [string, ...string[]];
  /**
   * The command line that runs a program of this machine on the engine's network. It ends with the test's process.
   * @param owner the engine's process whose network the containers have, if it isn't the network of the namespaces
   */
  onItsNetwork(program: string, args: readonly string[], owner?: string): [string, ...string[]];
  /** Ends everything inside, and removes it from the machine. */
  end(): Promise<void>;
}

/** Makes the namespaces. First removes the files and cgroups that a crashed run left under this name. */
export async function makeNamespaces(name: string, packages: string): Promise<EngineNamespaces> {
  const { state, cgroup, data, shared, log } = placesOf(name);
  await removeCgroups(cgroup);
  rmSync(state, { recursive: true, force: true });
  mkdirSync(data, { recursive: true });
  mkdirSync(shared, { recursive: true });
  writeConfiguration(join(state, 'config'));
  const output = openSync(log, 'a');
  const child = spawn('sh', [holder, state, cgroup, packages, data], { stdio: ['pipe', 'pipe', output], cwd: '/' });
  closeSync(output);
  await untilReady(child, log);
  return {
    ...heldNamespaces(name, child.pid ?? NaN),
    async end() {
      const ended = child.exitCode !== null || new Promise((resolve) => child.once('exit', resolve));
      child.stdin?.end();
      await ended;
      await removeCgroups(cgroup);
      rmSync(state, { recursive: true, force: true });
    },
  };
}

/** Namespaces that another process of the tests has made, by its name and the process that holds them. */
export function heldNamespaces(name: string, pid: number): Omit<EngineNamespaces, 'end'> {
  const { shared, log } = placesOf(name);
  const files = `/proc/${pid}/ns`;
  const network = `--net=${files}/net`;
  const kinds = [network, `--mount=${files}/mnt`, `--pid=${files}/pid_for_children`, `--cgroup=${files}/cgroup`, `--ipc=${files}/ipc`];
  return {
    pid,
    shared,
    log,
    inside: (program, args, userId = 0) => [
      'nsenter',
      ...kinds,
      `--uts=${files}/uts`,
      ...(userId === 0 ? [] : [`--setuid=${userId}`, `--setgid=${userId}`]),
      program,
      ...args,
    ],
    onItsNetwork(program, args, owner) {
      const place = owner === undefined ? network : `--net=/proc/${processOf(owner, readlinkSync(`${files}/pid_for_children`))}/ns/net`;
      return ['setpriv', '--pdeathsig', 'KILL', 'nsenter', place, program, ...args];
    },
  };
}

/** The data folder of an engine, which keeps its images between runs. */
export function dataFolderOf(name: string): string {
  return join(cacheDirectory(), 'data-of-engines', name);
}

function placesOf(name: string) {
  const state = `/run/meet-gen-engines/${name}`;
  return { state, cgroup: `meet-gen-${name}`, data: dataFolderOf(name), shared: join(state, 'shared'), log: join(state, 'log') };
}

/** The id on this machine of a process with this name in a process namespace. */
function processOf(name: string, namespace: string): string {
  const found = readdirSync('/proc').find((id) => {
    try {
      return readFileSync(`/proc/${id}/comm`, 'utf8').trim() === name && readlinkSync(`/proc/${id}/ns/pid`) === namespace;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error(`no process ${name} runs`);
  return found;
}

function untilReady(child: ChildProcess, log: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('error', reject);
    child.once('exit', (code) => {
      const reason = readFileSync(log, 'utf8').trim().split('\n').slice(-3).join(' ');
      reject(
        new NotProvided(
          `The namespaces for an engine can't be made (code ${code}): ${reason}`,
          'Run test:engines as root with all capabilities: in a container, with --privileged.',
        ),
      );
    });
  });
}
