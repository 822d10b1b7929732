import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../../support/wait-until.ts';
import { unpackObstacle } from '../debian/running-debian.ts';
import { clientOf } from '../engine/debian-client.ts';
import { docker } from '../engine/docker-command.ts';
import { unpackEnginePackages } from '../engine/engine-packages.ts';
import { removeAllButImages } from '../engine/test-run.ts';
import { dataFolderOf, makeNamespaces } from '../engines/engine-namespaces.ts';
import { unpackEngineRoot } from '../engines/engine-root.ts';
import { takeLock } from '../file-lock.ts';
import { requireProgram } from '../find-program.ts';
import { NotProvided } from '../not-provided.ts';
import { addressAmongNodes, addressForMachine, linkNode, makeSwitch, unlinkNode, type MachineLinks } from './node-links.ts';
import { nodeKind, serviceOf, type NodeLayout, type SwarmLayout } from './swarm-layout.ts';

/** Several engines in namespaces of their own, which end with this process. */
export interface StartedSwarm {
  readonly layout: SwarmLayout;
  stop(): Promise<void>;
}

/** The names and addresses of a swarm on this machine. One run has it at a time. */
interface SwarmPlaces {
  /** The nodes have this name with a number. */
  readonly name: string;
  readonly nodes: number;
  readonly links: MachineLinks;
}

/** The swarm of the tests. */
const usualPlaces: SwarmPlaces = { name: 'swarm', nodes: 3, links: { prefix: 'meetgen-s', network: '198.18.253' } };

/** A second swarm without images, for a test of the start and the end. */
export const crashPlaces: SwarmPlaces = { name: 'crash', nodes: 2, links: { prefix: 'meetgen-c', network: '198.18.252' } };

const patienceSeconds = 300;
const log = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * Starts engines, and makes a swarm: a manager and two workers, or three managers. The engines have the images of
 * earlier runs: see `copyImages`. Everything ends at `stop()`, and at the latest with this process.
 */
export async function startSwarm(managers: number, places: SwarmPlaces = usualPlaces): Promise<StartedSwarm> {
  checkMachine();
  const ends: (() => unknown)[] = [await takeLock(`/run/meet-gen-${places.name}.lock`, patienceSeconds)];
  // In reverse order, also if the start fails half-way.
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).toReversed()) await end();
  };
  try {
    const { dockerCli, env: cliEnv } = clientOf(await unpackEnginePackages(log), '');
    const { DOCKER_HOST: _, ...env } = cliEnv;
    const middle = await makeSwitch();
    ends.push(middle.end);
    const starts = Array.from({ length: places.nodes }, async (_none, index): Promise<UnjoinedNode> => {
      const node = await startNode(places, index, middle.pid, (end) => ends.push(end));
      await removeAllButImages(clientOfNode({ dockerCli, env }, node));
      return node;
    });
    // After a failed start, the other nodes must have ended their start, too.
    await Promise.allSettled(starts);
    const unjoined = { switchPid: middle.pid, managers, dockerCli, env };
    return { layout: await formSwarm(unjoined, await Promise.all(starts)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @throws NotProvided if no engines can be started here */
function checkMachine(): void {
  const obstacle = unpackObstacle();
  if (obstacle !== undefined)
    throw new NotProvided(
      `The tests start the engines of a swarm from Debian's packages, which can't be unpacked: ${obstacle}.`,
      'Run test:swarm as root on Debian.',
    );
  requireProgram('ip', 'iproute2');
  for (const program of ['nsenter', 'pivot_root', 'setpriv', 'unshare']) requireProgram(program, 'util-linux');
}

type UnjoinedNode = Omit<NodeLayout, 'id'>;

/** The docker CLI for a node. */
export function clientOfNode({ dockerCli, env }: Pick<SwarmLayout, 'dockerCli' | 'env'>, { host }: Pick<NodeLayout, 'host'>) {
  return { dockerCli, env: { ...env, DOCKER_HOST: host } };
}

async function startNode(
  { name: swarm, links }: SwarmPlaces,
  index: number,
  switchPid: number,
  atEnd: (end: () => Promise<void>) => void,
): Promise<UnjoinedNode> {
  const name = `${swarm}-${index + 1}`;
  const root = await unpackEngineRoot(nodeKind(name), log);
  // The swarm and the networks of the last run.
  for (const folder of ['swarm', 'network']) rmSync(join(dataFolderOf(name), folder), { recursive: true, force: true });
  const { pid, end } = await makeNamespaces(name, root);
  atEnd(end);
  await linkNode(links, switchPid, pid, index);
  atEnd(() => unlinkNode(links, index));
  const service = serviceOf({ name, pid });
  const socket = service.host.replace('unix://', '');
  // On each node the engine's usual socket leads to the own engine, for stacks that mount the socket.
  const prepare = `echo ${name} > /proc/sys/kernel/hostname; [ -e /var/run ] || ln -s /run /var/run; ln -s ${socket} /var/run/docker.sock`;
  await service.run('/bin/sh', ['-ec', prepare]);
  await service.start();
  return { name, pid, host: service.host, address: addressAmongNodes(index), publishAddress: addressForMachine(links, index) };
}

async function formSwarm(layout: Omit<SwarmLayout, 'nodes'>, nodes: readonly UnjoinedNode[]): Promise<SwarmLayout> {
  const [first, ...others] = nodes;
  if (first === undefined) throw new Error('a swarm needs a node');
  const on = (node: UnjoinedNode, ...args: readonly string[]): Promise<string> => docker(clientOfNode(layout, node), args);
  const ownAddress = ({ address }: UnjoinedNode): string[] => ['--advertise-addr', address, '--listen-addr', `${address}:2377`];
  await on(first, 'swarm', 'init', ...ownAddress(first));
  const token = async (role: 'manager' | 'worker'): Promise<string> => (await on(first, 'swarm', 'join-token', '--quiet', role)).trim();
  const [manager, worker] = [await token('manager'), await token('worker')];
  // One after the other: managers that join at the same time wait for each other.
  for (const [index, node] of others.entries())
    await on(
      node,
      'swarm',
      'join',
      ...ownAddress(node),
      '--token',
      index + 1 < layout.managers ? manager : worker,
      `${first.address}:2377`,
    );
  await waitUntil('all nodes are ready', async () => {
    const states = (await on(first, 'node', 'ls', '--format', '{{.Status}}')).trim().split('\n');
    return states.length === nodes.length && states.every((state) => state === 'Ready');
  });
  const ids = await Promise.all(nodes.map((node) => on(node, 'info', '--format', '{{.Swarm.NodeID}}')));
  return { ...layout, nodes: nodes.map((node, index) => ({ ...node, id: ids[index]?.trim() ?? '' })) };
}
