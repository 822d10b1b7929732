import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeNamespace } from './network-namespace.ts';
import type { EnginePlaces } from './places.ts';
import { runCommand, tryCommand } from '../run-command.ts';

// dockerd leaves bridges, firewall rules and cgroups behind, and after a crash also processes and mounts. The tests'
// names and folders identify theirs. Shared state (Docker's firewall chains, packet forwarding) is restored, unless
// another dockerd that needs it is running.

interface MachineBefore {
  readonly ipForward: string;
  readonly forwardPolicy: string;
  readonly hadDockerRules: boolean;
  readonly folders: readonly string[];
}

const ipForwardFile = '/proc/sys/net/ipv4/ip_forward';
const foldersOfDaemons = ['/run/containerd', '/opt/containerd/bin', '/opt/containerd/lib', '/opt/containerd', '/run/docker'];
const cgroupRoot = '/sys/fs/cgroup';
const killTimeoutMs = 10_000;

/** Saves the machine's state before the engine's first start. After a crash, the saved state is kept. */
export async function noteMachineBefore(places: EnginePlaces, env: Record<string, string>): Promise<void> {
  if (existsSync(places.before)) return;
  const rules = (await tryCommand('iptables-save', [], { env })).stdout;
  const before: MachineBefore = {
    ipForward: readFileSync(ipForwardFile, 'utf8').trim(),
    forwardPolicy: forwardPolicy(rules),
    hadDockerRules: /^:DOCKER/m.test(rules),
    folders: foldersOfDaemons.filter((folder) => existsSync(folder)),
  };
  writeFileSync(places.before, JSON.stringify(before));
}

/** Makes a separate default bridge: two daemons on docker0 take the bridge from each other. */
export async function makeBridge(
  { bridge, bridgeAddress }: { readonly bridge: string; readonly bridgeAddress: string },
  env: Record<string, string>,
): Promise<void> {
  if (existsSync(join('/sys/class/net', bridge))) return;
  for (const args of [
    ['link', 'add', 'name', bridge, 'type', 'bridge'],
    ['address', 'add', bridgeAddress, 'dev', bridge],
    ['link', 'set', bridge, 'up'],
  ]) {
    await runCommand('ip', args, { env });
  }
}

/** Removes what an ended engine of the tests left on the machine. */
export async function removeLeftovers(places: EnginePlaces, dataRoot: string, env: Record<string, string>): Promise<void> {
  await killStragglers(places);
  await unmountBelow([dataRoot, places.execRoot]);
  await removeCgroups(places.cgroup);
  const { network } = places;
  const bridges = network.kind === 'machine' ? ourBridges(network.bridge, dataRoot) : [];
  for (const bridge of bridges) await tryCommand('ip', ['link', 'delete', bridge], { env });
  if (network.kind === 'own') await removeNamespace(network);
  if (existsSync(places.before)) {
    const before = JSON.parse(readFileSync(places.before, 'utf8')) as MachineBefore;
    if (network.kind === 'machine') await restoreNetwork(places, before, bridges, env);
    if (otherDaemons(places).length === 0) removeFolders(before);
  }
  rmSync(places.state, { recursive: true, force: true });
}

/**
 * Removes the cgroups with this name from all hierarchies. A cgroup whose processes have just ended stays busy until they
 * are collected.
 */
export async function removeCgroups(name: string): Promise<void> {
  const deadline = Date.now() + killTimeoutMs;
  for (let left = cgroupsOf(name); left.length > 0 && Date.now() < deadline; left = cgroupsOf(name)) {
    for (const cgroup of left) removeEmptyTree(cgroup);
    await sleep(20);
  }
}

/** Unmounts everything on or below these folders. */
export async function unmountBelow(folders: readonly string[]): Promise<void> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => folders.some((folder) => point === folder || point.startsWith(`${folder}/`)));
  // Deepest last mounted: in reverse order.
  for (const point of mounts.toReversed()) await tryCommand('umount', ['--lazy', point]);
}

async function restoreNetwork(
  places: EnginePlaces,
  before: MachineBefore,
  bridges: readonly string[],
  env: Record<string, string>,
): Promise<void> {
  const shared = before.hadDockerRules || otherDaemons(places).some((pid) => networkOf(pid) === networkOf('self'));
  await restoreFirewall(before, bridges, shared, env);
  if (!shared) writeFileSync(ipForwardFile, before.ipForward);
}

function removeFolders(before: MachineBefore): void {
  for (const folder of foldersOfDaemons) if (!before.folders.includes(folder)) removeEmptyTree(folder);
}

function forwardPolicy(rules: string): string {
  const filter = /^\*filter\n([\s\S]*?)^COMMIT/m.exec(rules)?.[1] ?? '';
  return /^:FORWARD (\w+)/m.exec(filter)?.[1] ?? 'ACCEPT';
}

async function restoreFirewall(
  before: MachineBefore,
  bridges: readonly string[],
  shared: boolean,
  env: Record<string, string>,
): Promise<void> {
  const rules = await runCommand('iptables-save', [], { env });
  const words = shared ? bridges : ['DOCKER[-\\w]*', ...bridges];
  if (words.length === 0) return;
  const ours = new RegExp(`(?:^|[\\s:])(?:${words.join('|')})(?:\\s|$)`);
  const kept = rules.split('\n').filter((line) => !ours.test(line));
  const text = kept.join('\n');
  await tryCommand('iptables-restore', [], {
    env,
    stdin: shared ? text : text.replace(/^:FORWARD DROP/m, `:FORWARD ${before.forwardPolicy}`),
  });
}

/** The default bridge, and the bridges of the networks in the engine's store. */
function ourBridges(bridge: string, dataRoot: string): string[] {
  const store = join(dataRoot, 'network/files/local-kv.db');
  const known = existsSync(store) ? readFileSync(store, 'latin1') : '';
  return readdirSync('/sys/class/net').filter((name) => {
    const networkId = /^br-([0-9a-f]{12})$/.exec(name)?.[1];
    return name === bridge || (networkId !== undefined && known.includes(networkId));
  });
}

function cgroupsOf(name: string): string[] {
  if (!existsSync(cgroupRoot)) return [];
  const hierarchies = [cgroupRoot, ...readdirSync(cgroupRoot).map((one) => join(cgroupRoot, one))];
  return hierarchies.map((place) => join(place, name)).filter((folder) => existsSync(folder));
}

/** Kills the processes of a crashed engine: containerd, its shims and the containers. */
async function killStragglers(places: EnginePlaces): Promise<void> {
  for (const cgroup of cgroupsOf(places.cgroup)) thaw(cgroup);
  const deadline = Date.now() + killTimeoutMs;
  for (let pids = stragglers(places); pids.length > 0 && Date.now() < deadline; pids = stragglers(places)) {
    for (const pid of pids) tryKill(pid);
    await sleep(20);
  }
}

/** With cgroups v1, processes of a paused container can't be killed. */
function thaw(cgroup: string): void {
  const state = join(cgroup, 'freezer.state');
  if (readText(state).trim() === 'FROZEN') writeFileSync(state, 'THAWED');
  for (const entry of readdirSync(cgroup, { withFileTypes: true })) if (entry.isDirectory()) thaw(join(cgroup, entry.name));
}

function stragglers(places: EnginePlaces): number[] {
  const ofContainers = cgroupsOf(places.cgroup).flatMap((folder) => processesIn(folder));
  const helpers = allProcesses().filter((pid) => {
    const words = commandLine(pid);
    return /(?:^|\/)containerd(?:-shim[\w-]*)?$/.test(words[0] ?? '') && words.some((word) => word.startsWith(`${places.execRoot}/`));
  });
  return [...new Set([...ofContainers, ...helpers])].filter((pid) => commandLine(pid).length > 0);
}

function processesIn(cgroup: string): number[] {
  const own = readText(join(cgroup, 'cgroup.procs')).split('\n').filter(Boolean).map(Number);
  const below = readdirSync(cgroup, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...own, ...below.flatMap((entry) => processesIn(join(cgroup, entry.name)))];
}

function otherDaemons(places: EnginePlaces): number[] {
  return allProcesses().filter((pid) => {
    const words = commandLine(pid);
    return /(?:^|\/)dockerd$/.test(words[0] ?? '') && !words.includes(places.pidFile);
  });
}

function networkOf(pid: number | string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

const allProcesses = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
const commandLine = (pid: number): string[] => readText(`/proc/${pid}/cmdline`).split('\0').filter(Boolean);

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has ended.
  }
}

/** Only the folders of a cgroup can be deleted, not its files, starting with the innermost. */
function removeEmptyTree(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmptyTree(join(folder, entry.name));
  }
  try {
    rmdirSync(folder);
  } catch {
    // Not empty, or still in use by another program.
  }
}
