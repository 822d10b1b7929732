import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { docker } from '../../providers/engine/docker-command.ts';
import { dataFolderOf } from '../../providers/engines/engine-namespaces.ts';
import { tryCommand } from '../../providers/run-command.ts';
import { setLink } from '../../providers/swarm/node-links.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import { clientOfNode, startSwarm } from '../../providers/swarm/start-swarm.ts';
import { copyToSwarm, type SwarmImages } from '../../providers/swarm/swarm-images.ts';
import { serviceOf, type NodeLayout, type SwarmLayout } from '../../providers/swarm/swarm-layout.ts';
import { httpGet } from '../http-get.ts';
import { startLoad, type Load } from '../load/start-load.ts';
import type { LoadPlan } from '../load/load-messages.ts';
import { waitUntil } from '../wait-until.ts';

/** A node of the swarm: an engine that a test may cut off, kill and start again. */
export interface SwarmNode extends NodeLayout {
  readonly dockerCli: string;
  readonly env: Record<string, string>;
  /** Runs the docker CLI on this node's engine. */
  docker(...args: readonly string[]): Promise<string>;
  /** GET from the node's engine, as JSON. Only managers know services and tasks. */
  api<Answer>(path: string): Promise<Answer>;
  /** GET from a port that a task publishes on this node (`mode: host`). */
  get(port: number, path: string, headers?: Readonly<Record<string, string>>): ReturnType<typeof httpGet>;
  /** Starts kept-alive clients on this node, which ask a port that a task publishes on this node. */
  load(port: number, plan: Pick<LoadPlan, 'name'> & Partial<LoadPlan>): Promise<Load>;
  /** The id of the running container of a service on this node, for example `meet_frontend`. */
  container(service: string): Promise<string>;
  /** Kills the first process of a running container, like a crash. */
  crash(container: string): Promise<void>;
  /** Stops all processes of a running container, without Docker's knowledge. The kernel still accepts connections. */
  hang(container: string): Promise<void>;
  /** Standard output and standard error of all containers of a service that this node has had. */
  logs(service: string): Promise<string>;
  /** A file in a volume of this node; undefined if the volume has no such file. */
  read(volume: string, path: string): string | undefined;
  /** Cuts the node off from the other nodes, but not from the test. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  /** Kills dockerd. The containers go on, but other nodes lose them after some seconds. */
  kill(): Promise<void>;
  /** Starts dockerd again, which ends the containers. */
  start(): Promise<void>;
  /** Stops dockerd by SIGSTOP: it accepts connections, and answers nothing. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

/** The fields of the API's answer about a task that tests read. */
interface SwarmTask {
  readonly ID: string;
  readonly ServiceID: string;
  readonly NodeID?: string;
  readonly DesiredState: string;
  readonly Status: { readonly State: string; readonly Timestamp: string; readonly ContainerStatus?: { readonly ContainerID: string } };
  readonly Spec: { readonly ContainerSpec: { readonly Image?: string; readonly Labels?: Readonly<Record<string, string>> } };
  readonly NetworksAttachments?: readonly {
    readonly Network: { readonly Spec: { readonly Name: string } };
    readonly Addresses: readonly string[];
  }[];
}

/** A swarm for tests. The first node is a manager. */
export interface Swarm {
  readonly images: SwarmImages;
  readonly nodes: readonly SwarmNode[];
  readonly manager: SwarmNode;
  readonly workers: readonly SwarmNode[];
  /** The tasks of a service that run, and are meant to. */
  running(service: string): Promise<readonly SwarmTask[]>;
  /** Waits until exactly this many tasks of each service run, and no task starts or leaves. */
  settled(counts: Readonly<Record<string, number>>): Promise<void>;
  /** Waits until the manager knows that a task has ended. */
  ended(task: SwarmTask): Promise<void>;
  nodeOf(task: SwarmTask): SwarmNode;
  /** `Ready` or `Down`, by the name of the node; nothing while the managers have no leader. */
  states(): Promise<Readonly<Record<string, string>>>;
}

const settleLimitMs = 120_000;

/** The swarm that the global set-up provided: a manager and two workers. */
export function providedSwarm(): Swarm {
  return createSwarm(inject('swarm'), inject('swarmImages'));
}

/** A swarm of a single test. */
export interface OwnSwarm extends Swarm {
  stop(): Promise<void>;
}

/** Starts a manager and two workers, or three managers. */
export async function startOwnSwarm(managers: 1 | 3): Promise<OwnSwarm> {
  const { layout, stop } = await startSwarm(managers);
  try {
    return { ...createSwarm(layout, await copyToSwarm(providedEngine(), providedImages(), layout)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function createSwarm(layout: SwarmLayout, images: SwarmImages): Swarm {
  const nodes = layout.nodes.map((node, index) => createNode(layout, images, node, index));
  const [manager, ...workers] = nodes;
  if (manager === undefined) throw new Error('the swarm has no node');
  const tasksOf = (service: string): Promise<readonly SwarmTask[]> =>
    manager.api(`/tasks?filters=${encodeURIComponent(JSON.stringify({ service: [service] }))}`);
  return {
    images,
    nodes,
    manager,
    workers,
    running: async (service) => (await tasksOf(service)).filter(isServing),
    async settled(counts) {
      let seen: Readonly<Record<string, readonly string[]>> = {};
      await waitUntil(
        `exactly these tasks run: ${JSON.stringify(counts)}`,
        async () => {
          const lists = await Promise.all(Object.keys(counts).map(async (service) => [service, await tasksOf(service)] as const));
          seen = Object.fromEntries(lists.map(([service, tasks]) => [service, tasks.map(describeTask)]));
          return lists.every(([service, tasks]) => tasks.filter(isServing).length === counts[service] && !tasks.some(isChanging));
        },
        settleLimitMs,
        () => JSON.stringify(seen, undefined, 1),
      );
    },
    async ended({ ID, ServiceID }) {
      await waitUntil(`the task ${ID} has ended`, async () => {
        const tasks = await tasksOf(ServiceID);
        return tasks.every((task) => task.ID !== ID || task.Status.State !== 'running');
      });
    },
    nodeOf({ ID, NodeID }) {
      const found = nodes.find(({ id }) => id === NodeID);
      if (found === undefined) throw new Error(`the task ${ID} has no node`);
      return found;
    },
    async states() {
      const listed = await manager.docker('node', 'ls', '--format', '{{.Hostname}} {{.Status}}').catch(() => '');
      const lines = listed.trim().split('\n');
      return Object.fromEntries(lines.map((line): [string, string] => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']));
    },
  };
}

const isServing = ({ DesiredState, Status }: SwarmTask): boolean => DesiredState === 'running' && Status.State === 'running';

/** A task that is starting or leaving. A task on a lost node stays `running` with another desired state. */
function isChanging({ DesiredState, Status }: SwarmTask): boolean {
  const isOver = ['complete', 'shutdown', 'failed', 'rejected', 'remove', 'orphaned'].includes(Status.State);
  return !isOver && (DesiredState !== 'running' || Status.State !== 'running');
}

const describeTask = ({ ID, DesiredState, Status }: SwarmTask): string => `${ID}: ${Status.State}, desired ${DesiredState}`;

function createNode(layout: SwarmLayout, { idle }: SwarmImages, node: NodeLayout, index: number): SwarmNode {
  const client = clientOfNode(layout, node);
  const run = (...args: readonly string[]): Promise<string> => docker(client, args);
  const containersOf = async (service: string, ...more: readonly string[]): Promise<readonly string[]> => {
    const listed = await run('container', 'ls', '--quiet', '--filter', `label=com.docker.swarm.service.name=${service}`, ...more);
    return listed.split('\n').filter((line) => line !== '');
  };
  const service = serviceOf(node);
  const signal = async (container: string, name: 'KILL' | 'STOP'): Promise<void> => {
    const pid = Number(await run('inspect', '--format', '{{.State.Pid}}', container));
    if (!(pid > 1)) throw new Error(`${container} does not run`);
    await service.run('/bin/sh', ['-c', `kill -s ${name} ${pid}`]);
  };
  return {
    ...node,
    ...client,
    docker: run,
    async api<Answer>(path: string) {
      const { status, body } = await httpGet({ socketPath: node.host.replace('unix://', '') }, path);
      if (status !== 200) throw new Error(`GET ${path} of ${node.name}: ${status} ${body}`);
      return JSON.parse(body) as Answer;
    },
    get: (port, path, headers = {}) => httpGet({ host: node.publishAddress, port, headers }, path),
    async load(port, plan) {
      const name = `load-${plan.name}`;
      const program = ['--entrypoint', 'sleep', idle, 'infinity'];
      await run('run', '--detach', '--init', '--rm', '--network', 'host', '--name', name, ...program);
      const load = await startLoad(client, name, { host: node.address, port, ...plan });
      return {
        ...load,
        async stop() {
          const summary = await load.stop();
          await run('rm', '--force', name);
          return summary;
        },
      };
    },
    async container(name) {
      const [found] = await containersOf(name);
      if (found === undefined) throw new Error(`${node.name} runs no container of ${name}`);
      return found;
    },
    crash: (container) => signal(container, 'KILL'),
    hang: (container) => signal(container, 'STOP'),
    async logs(name) {
      const ids = await containersOf(name, '--all');
      const outputs = await Promise.all(ids.map((id) => tryCommand(client.dockerCli, ['logs', id], { env: client.env })));
      return outputs.map(({ stdout, stderr }) => stdout + stderr).join('');
    },
    read(volume, path) {
      try {
        return readFileSync(join(dataFolderOf(node.name), 'volumes', volume, '_data', path), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    cut: () => setLink(layout, index, 'down'),
    restore: () => setLink(layout, index, 'up'),
    kill: () => service.kill(),
    start: () => service.start(),
    freeze: () => service.freeze(),
    thaw: () => service.thaw(),
  };
}
