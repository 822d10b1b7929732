import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deployStack, type Stack } from '../support/swarm/stack.ts';
import { providedSwarm, type Swarm } from '../support/swarm/swarm.ts';
import { waitUntil } from '../support/wait-until.ts';

// The swarm of the tests, on which the other tests rely. No part of meet-gen runs here.

let swarm: Swarm;
let stack: Stack;

const backend = 'bed_backend';
const stackFile = (image: string): string => `
services:
  backend:
    image: ${image}
    labels:
      meet.role: backend
      meet.paths: +/plain
    networks: [internal]
    deploy:
      replicas: 3
      endpoint_mode: dnsrr
      placement:
        max_replicas_per_node: 1
      labels:
        meet.paths: +/deployed
networks:
  internal:
    driver: overlay
    attachable: true
`;

beforeAll(async () => {
  swarm = providedSwarm();
  stack = await deployStack(swarm, 'bed', { files: { 'stack.yml': stackFile(swarm.images.backend) } });
  await swarm.settled({ [backend]: 3 });
});
afterAll(() => stack?.remove());

/** The addresses of the running tasks on the stack's network. */
async function addresses(): Promise<readonly string[]> {
  return (await swarm.running(backend)).map((task) => {
    const attached = task.NetworksAttachments?.find(({ Network }) => Network.Spec.Name === 'bed_internal');
    return attached?.Addresses[0]?.split('/')[0] ?? '';
  });
}

/** The statuses of the backends at these addresses, asked by a task of this service on each node. */
async function askFromEachNode(from: readonly string[], hosts: readonly string[]): Promise<readonly (readonly string[])[]> {
  const nodes = swarm.nodes.filter(({ name }) => from.includes(name));
  const urls = hosts.map((host) => `http://${host}:8000/__lbheartbeat__`);
  const curl = ['curl', '--silent', '--max-time', '5', '--output', '/dev/null', '--write-out', '%{http_code}'];
  return Promise.all(
    nodes.map(async (node) => {
      const container = await node.container(backend);
      return Promise.all(urls.map((url) => node.docker('exec', container, ...curl, url).catch(() => 'no answer')));
    }),
  );
}

describe.sequential('three engines in a swarm', () => {
  test('run a task each, and each reaches all of them', async () => {
    const tasks = await swarm.running(backend);
    expect(new Set(tasks.map((task) => swarm.nodeOf(task).name))).toEqual(new Set(swarm.nodes.map(({ name }) => name)));
    const all = await addresses();
    expect(await askFromEachNode(['swarm-1', 'swarm-2', 'swarm-3'], all)).toEqual(Array.from({ length: 3 }, () => ['200', '200', '200']));
  });

  test("show a task's own labels in the list of tasks, and the service's in the list of services", async () => {
    const tasks = await swarm.running(backend);
    expect(tasks.map(({ Spec }) => Spec.ContainerSpec.Labels)).toEqual(
      tasks.map(() => ({ 'com.docker.stack.namespace': 'bed', 'meet.paths': '+/plain', 'meet.role': 'backend' })),
    );
    const services = await swarm.manager.api<readonly { Spec: { Name: string; Labels: Record<string, string> } }[]>('/services');
    expect(services.find(({ Spec }) => Spec.Name === backend)?.Spec.Labels).toMatchObject({ 'meet.paths': '+/deployed' });
  });

  test('answer questions about services only on managers', async () => {
    await expect(swarm.workers[0]?.api('/services')).rejects.toThrow('not a swarm manager');
  });

  test('lose a node when its link is cut, and get it back', async () => {
    const lost = swarm.nodes[2];
    const others = ['swarm-1', 'swarm-2'];
    const before = await addresses();
    await lost?.cut();
    await waitUntil('the manager sees the node as down', async () => (await swarm.states())['swarm-3'] === 'Down');
    expect(await swarm.states()).toEqual({ 'swarm-1': 'Ready', 'swarm-2': 'Ready', 'swarm-3': 'Down' });
    const reached = await askFromEachNode(others, before);
    expect(reached.map((statuses) => statuses.filter((status) => status === '200').length)).toEqual([2, 2]);
    await lost?.restore();
    await waitUntil('the node is back', async () => (await swarm.states())['swarm-3'] === 'Ready');
    await swarm.settled({ [backend]: 3 });
  });

  test('lose a node when its dockerd is killed, and get it back', async () => {
    const [, lost] = swarm.nodes;
    await lost?.kill();
    await waitUntil('the manager sees the node as down', async () => (await swarm.states())['swarm-2'] === 'Down');
    await lost?.start();
    await waitUntil('the node is back', async () => (await swarm.states())['swarm-2'] === 'Ready');
    await swarm.settled({ [backend]: 3 });
    const all = await addresses();
    await waitUntil('each node reaches all tasks again', async () =>
      (await askFromEachNode(['swarm-1', 'swarm-2', 'swarm-3'], all)).flat().every((status) => status === '200'),
    );
  });
});
