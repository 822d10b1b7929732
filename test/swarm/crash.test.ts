import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { crashPlaces } from '../providers/swarm/start-swarm.ts';
import type { SwarmLayout } from '../providers/swarm/swarm-layout.ts';
import { runCommand } from '../providers/run-command.ts';
import { waitUntil } from '../support/wait-until.ts';

// Another run's swarm, which ends in both ways. It has other names and addresses than the tests' swarm.

const script = fileURLToPath(new URL('crashing-run.ts', import.meta.url));

interface OtherRun {
  readonly process: ChildProcess;
  /** The network namespaces of the nodes and their switch. */
  readonly networks: readonly string[];
}

async function startOtherRun(): Promise<OtherRun> {
  const child = spawn(process.execPath, ['--import', 'tsx', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { nodes, switchPid } = JSON.parse(line) as SwarmLayout;
  const networks = [switchPid, ...nodes.map(({ pid }) => pid)].map((pid) => networkOf(String(pid)) ?? '');
  return { process: child, networks };
}

function networkOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

/** The processes in these networks. */
const processesIn = (networks: readonly string[]): readonly string[] =>
  readdirSync('/proc').filter((name) => /^\d+$/.test(name) && networks.includes(networkOf(name) ?? 'none'));

/**
 * This machine's links with the nodes. The kernel removes a network some minutes late if it had open connections, and
 * the links with it.
 */
async function links(): Promise<readonly string[]> {
  const names = (await runCommand('ip', ['-brief', 'link'])).split('\n');
  return names.filter((line) => line.startsWith(crashPlaces.links.prefix));
}

const filesLeft = (): readonly string[] =>
  ['/run/meet-gen-engines', '/sys/fs/cgroup', '/sys/fs/cgroup/memory']
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))
    .filter((path) => /\/(?:meet-gen-)?crash-\d$/.test(path));

test('the processes of a swarm end with a run that crashes, and the rest with the next run', async () => {
  const crashed = await startOtherRun();
  expect(processesIn(crashed.networks).length).toBeGreaterThan(crashed.networks.length);
  crashed.process.kill('SIGKILL');
  await waitUntil('no process is left', () => processesIn(crashed.networks).length === 0);
  expect(filesLeft()).not.toEqual([]);

  const next = await startOtherRun();
  expect(await links()).toHaveLength(crashPlaces.nodes);
  next.process.stdin?.end();
  await once(next.process, 'exit');
  expect(processesIn([...crashed.networks, ...next.networks])).toEqual([]);
  expect(await links()).toEqual([]);
  expect(filesLeft()).toEqual([]);
});
