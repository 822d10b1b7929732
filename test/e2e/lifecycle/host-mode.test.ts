import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { providedEngine } from '../../providers/engine/provided.ts';
import { freePort } from '../../support/free-port.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { startMeet, type MeetStack } from '../../support/meet-stack.ts';
import { shippedStub } from '../../support/real-layout.ts';
import { waitUntil } from '../../support/wait-until.ts';

// A frontend in host mode, with services on a bridge, on an internal network and in host mode. No service has a label
// for its port, and the engine's list shows only the port of the first. meet-gen is on the bridge.

const spaConf = readFileSync(new URL('../../providers/engine/images/frontend/default.conf', import.meta.url), 'utf8');
const backendImage = 'meet-gen-test/backend:latest';
const service = (path: string) => ({ 'meet.role': 'service', 'meet.paths': path });
const ports = { spa: 0, listen: 0, status: 0, hosted: 0 };

let meet: MeetStack;

beforeAll(async () => {
  for (const name of ['spa', 'listen', 'status', 'hosted'] as const) ports[name] = await freePort();
  meet = await startMeet(providedEngine(), 'host-mode', {
    services: {
      frontend: {
        network_mode: 'host',
        networks: undefined,
        ports: undefined,
        labels: {
          'meet.role': 'frontend',
          'meet.port': String(ports.spa),
          'meet.listen': String(ports.listen),
          'meet.status-port': String(ports.status),
        },
        configs: [
          { source: 'stub', target: '/etc/nginx/conf.d/routing.conf' },
          { source: 'spa', target: '/etc/nginx/conf.d/default.conf' },
        ],
      },
      bridged: { image: backendImage, networks: ['internal'], environment: { BACKEND_NAME: 'bridged' }, labels: service('/bridged') },
      closed: { image: backendImage, networks: ['closed'], environment: { BACKEND_NAME: 'closed' }, labels: service('/closed') },
      hosted: {
        image: 'meet-gen-test/idle:latest',
        entrypoint: [
          'node',
          '-e',
          `require('node:http').createServer((_, answer) => answer.setHeader('X-Backend-Name', 'hosted').end()).listen(${ports.hosted})`,
        ],
        network_mode: 'host',
        expose: [String(ports.hosted)],
        labels: service('/hosted'),
      },
      neighbour: { image: 'meet-gen-test/idle:latest', networks: ['proxy'] },
    },
    networks: { closed: { internal: true } },
    configs: {
      stub: shippedStub().replace('listen 8083', `listen ${ports.listen}`).replace('listen 8084', `listen ${ports.status}`),
      spa: spaConf.replace('listen 8080', `listen ${ports.spa}`),
    },
  });
});
afterAll(() => meet?.down());
stopAtFirstFailure();

/** Asks the host from a container, at the gateway of one of the container's networks. */
async function askHost(from: string, network: string, port: number, path: string): Promise<{ status: number; name: string | null }> {
  const gateway = await meet.inspect(from, `{{(index .NetworkSettings.Networks ${JSON.stringify(network)}).Gateway}}`);
  const script = `fetch('http://${gateway}:${port}${path}').then((r) => console.log(JSON.stringify({ status: r.status, name: r.headers.get('x-backend-name') })))`;
  return JSON.parse(await meet.docker('exec', meet.container(from), 'node', '-e', script)) as { status: number; name: string | null };
}

test('reaches containers on a bridge, on an internal network and in host mode, with a proof from the bridge', async () => {
  for (const name of ['bridged', 'closed', 'hosted']) {
    await waitUntil(
      `${name} answers`,
      async () => (await askHost('tools-1', meet.internalNetwork, ports.listen, `/${name}`)).name === name,
    );
  }
  const { problems, instances } = await meet.converged();
  const reached = instances[0]?.services.flatMap(({ replicas }) => replicas.map(({ endpoint, network }) => ({ endpoint, network })));
  expect(reached).toContainEqual({ endpoint: `127.0.0.1:${ports.hosted}`, network: 'host' });
  expect(reached).toContainEqual({
    endpoint: `${await meet.address('closed-1', `${meet.project}_closed`)}:8000`,
    network: `${meet.project}_closed`,
  });
  expect(problems).toEqual([]);
});

const askGeneration = (from: string, network: string) => askHost(from, network, ports.status, '/generation');

test('answers its generation to the networks of its instance, and not to neighbours', async () => {
  expect((await askGeneration('tools-1', meet.internalNetwork)).status).toBe(200);
  expect((await askGeneration('neighbour-1', meet.proxyNetwork)).status).toBe(403);
});

test('follows a backend to its new address', async () => {
  const before = await meet.address('bridged-1', meet.internalNetwork);
  await meet.docker('network', 'disconnect', meet.internalNetwork, meet.container('bridged-1'));
  // The neighbour takes the free address.
  await meet.docker('network', 'connect', meet.internalNetwork, meet.container('neighbour-1'));
  await meet.docker('network', 'connect', meet.internalNetwork, meet.container('bridged-1'));
  expect(await meet.address('bridged-1', meet.internalNetwork)).not.toBe(before);
  await waitUntil(
    'the backend answers',
    async () => (await askHost('tools-1', meet.internalNetwork, ports.listen, '/bridged')).name === 'bridged',
  );
});
