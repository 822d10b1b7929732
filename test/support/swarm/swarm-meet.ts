import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { hookScript } from '../../../src/commands/hook.ts';
import type { StatusSnapshot } from '../../../src/status/snapshot.ts';
import { tryCommand } from '../../providers/run-command.ts';
import { waitUntil } from '../wait-until.ts';
import { runBlock } from './run-block.ts';
import { deployStack, type Stack } from './stack.ts';
import type { Swarm, SwarmNode } from './swarm.ts';

/** stack.example.yml on the tests' swarm: unchanged, with stand-ins under the names of its images. */
export interface SwarmMeet extends Stack {
  /** The port that each node's frontend publishes. */
  readonly port: number;
  /** The hosts (short container ids) of the backends that run. */
  backends(): Promise<readonly string[]>;
  /** The hosts that answer at the API through the frontend of a node. An answer of another kind is a status. */
  answering(node: SwarmNode): Promise<readonly string[]>;
  /** Waits until exactly the running backends answer through the frontend of each of these nodes. */
  routed(nodes?: readonly SwarmNode[], backends?: readonly string[]): Promise<void>;
  /** The addresses (`10.0.1.5:8000`) of upstreams in the errors that the frontend of a node has logged. */
  failedUpstreams(node: SwarmNode): Promise<readonly string[]>;
  /** The addresses of the running backends, in the same form. */
  upstreams(): Promise<readonly string[]>;
  /** The file that the meet-gen of a node has published. */
  published(node: SwarmNode): string | undefined;
  /** The ranks of the backends in the status of a node's meet-gen, without repetition. */
  ranks(node: SwarmNode): Promise<readonly string[]>;
  /** The status of a node's meet-gen. */
  status(node: SwarmNode): Promise<StatusSnapshot>;
}

/** Also the `Host` of the load's clients. */
const host = 'meet.example.com';
const api = '/api/v1.0/config/';
const asksToMeetAll = 15;
const routedLimitMs = 120_000;
const secretName = 'meet-gen-reader';

const repository = (path: string): string => readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8');

/** Deploys as the top of stack.example.yml describes, and waits until all its tasks run. */
export async function deployMeet(swarm: Swarm): Promise<SwarmMeet> {
  const { manager, nodes } = swarm;
  await nameImages(swarm);
  await runBlock(manager, 'prepare');
  const files = {
    'stack.yml': repository('stack.example.yml'),
    'templates/hook-stub.conf': repository('templates/hook-stub.conf'),
    'meet-gen-hook.sh': hookScript(),
    '.env': repository('.env.example')
      .replace(/^MEET_HOST=.*/m, `MEET_HOST=${host}`)
      .replace(/^DOCKER_GID=.*/m, 'DOCKER_GID=0'),
  };
  const stack = await deployStack(swarm, 'meet', { files, settings: 'set -a; . ./.env; set +a' });
  const port = 8083;
  const backends = async (): Promise<readonly string[]> => {
    const ids = (await swarm.running(stack.service('backend'))).map(({ Status }) => Status.ContainerStatus?.ContainerID ?? '');
    return ids.map((id) => id.slice(0, 12)).toSorted();
  };
  const answering = async (node: SwarmNode): Promise<readonly string[]> => {
    const seen = new Set<string>();
    for (let count = 0; count < asksToMeetAll; count++) {
      const { status, headers } = await node.get(port, api, { host });
      seen.add(String(headers['x-backend-host'] ?? status));
    }
    return [...seen].toSorted();
  };
  const status = async (node: SwarmNode): Promise<StatusSnapshot> => {
    const command = ['exec', await node.container(stack.service('meet-gen')), 'meet-gen', 'status', '--json'];
    // The command exits with 7 while not everything is live.
    return JSON.parse((await tryCommand(node.dockerCli, command, { env: node.env })).stdout) as StatusSnapshot;
  };
  return {
    ...stack,
    port,
    backends,
    answering,
    async routed(of = nodes, expected) {
      let seen: unknown;
      await waitUntil(
        'exactly the running backends answer through all frontends',
        async () => {
          const wanted = (expected ?? (await backends())).join();
          const answers = await Promise.all(of.map((node) => answering(node).catch((error: Error) => [error.message])));
          seen = { wanted, ...Object.fromEntries(of.map(({ name }, index) => [name, answers[index]])) };
          return answers.every((hosts) => hosts.join() === wanted);
        },
        routedLimitMs,
        () => JSON.stringify(seen, undefined, 1),
      ).catch(async (error: Error) => {
        const logs = await Promise.all(of.map((node) => node.logs(stack.service('meet-gen'))));
        throw new Error(`${error.message}\n${logs.map((log, index) => `${of[index]?.name}:\n${log.slice(-3000)}`).join('\n')}`);
      });
    },
    async failedUpstreams(node) {
      const lines = await node.logs(stack.service('frontend'));
      return [...lines.matchAll(/\[error\].*upstream: "http:\/\/([\d.]+:\d+)\//g)].map(([, address = '']) => address);
    },
    async upstreams() {
      const tasks = await swarm.running(stack.service('backend'));
      const networks = tasks.flatMap(({ NetworksAttachments }) => NetworksAttachments ?? []);
      return networks.flatMap(({ Addresses }) => Addresses.map((address) => address.replace(/\/.*/, ':8000')));
    },
    published: (node) => node.read(`${stack.name}_routing`, 'routing.conf'),
    async ranks(node) {
      const services = (await status(node)).instances.flatMap((instance) => instance.services);
      const replicas = services.filter(({ role }) => role === 'backend').flatMap((service) => service.replicas);
      return [...new Set(replicas.map(({ rank }) => rank))];
    },
    status,
    async remove() {
      await stack.remove();
      await manager.docker('secret', 'rm', secretName);
    },
  };
}

/** Gives the stand-ins the names of the images in stack.example.yml. */
async function nameImages({ nodes, images }: Swarm): Promise<void> {
  const names: readonly (readonly [name: string, standIn: string])[] = [
    ['lasuite/meet-frontend:v1.27.0', images.frontend],
    ['lasuite/meet-backend:v1.27.0', images.backend],
    ['lasuite/meet-backend:v1.28.0', images.backend],
    ['postgres:16', images.idle],
    ['redis:7', images.idle],
    ['meet-gen:latest', images.meetGen],
  ];
  for (const [name, standIn] of names) await Promise.all(nodes.map((node) => node.docker('tag', standIn, name)));
}
