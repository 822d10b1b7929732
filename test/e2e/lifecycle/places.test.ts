import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedEngine } from '../../providers/engine/provided.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { startMeet, type MeetStack } from '../../support/meet-stack.ts';
import { waitUntil } from '../../support/wait-until.ts';

// Containers that live in other places than on a network of their own, and ones whose being ready or about to go the
// engine's list doesn't tell. meet-gen's resync comes after an hour.

const api = '/api/v1.0/config/';
const backendImage = 'meet-gen-test/backend:latest';
const hostPort = String(randomInt(20_000, 30_000));
const service = (paths: string, more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({
  'meet.role': 'service',
  'meet.paths': paths,
  'meet.port': '8000',
  ...more,
});
/** Answers as a backend does, and goes on doing so when it is told to stop. */
const stubborn = `
  process.on('SIGTERM', () => undefined);
  require('node:http').createServer((request, response) => {
    response.writeHead(200, { 'X-Backend-Host': require('node:os').hostname(), 'Content-Type': 'application/json', Connection: 'close' });
    response.end('{}');
  }).listen(8000);
`;
const crashing = `${stubborn}; setTimeout(() => process.exit(1), 500);`;

/** Listens once it may. */
const slow = ['sh', '-c', 'until [ -e /tmp/may-listen ]; do sleep 0.05; done; exec node /app/server.mjs'];

let meet: MeetStack;

beforeAll(async () => {
  meet = await startMeet(providedEngine(), 'places', {
    services: {
      hosted: {
        image: backendImage,
        network_mode: 'host',
        environment: { PORT: hostPort, BACKEND_NAME: 'hosted' },
        labels: service('/hosted', { 'meet.port': hostPort }),
      },
      vpn: { image: 'meet-gen-test/idle:latest', networks: ['internal'] },
      guest: { image: backendImage, network_mode: 'service:vpn', labels: service('/guest') },
      slow: {
        image: backendImage,
        command: slow,
        networks: ['internal'],
        labels: service('/slow', { 'meet.health': 'tcp' }),
      },
      stubborn: { image: backendImage, command: ['node', '-e', stubborn], networks: ['internal'], labels: service('/stubborn') },
      crasher: {
        image: backendImage,
        command: ['node', '-e', crashing],
        restart: 'always',
        networks: ['internal'],
        labels: service('/crasher'),
      },
    },
    scale: { backend: 2, hosted: 0, slow: 0, stubborn: 0, crasher: 0 },
  });
  await meet.routed({ [api]: ['backend-1', 'backend-2'] });
});
afterAll(() => meet?.down());
stopAtFirstFailure();

async function reasonOf(container: string): Promise<string | undefined> {
  const replicas = (await meet.status()).instances.flatMap(({ services }) => services.flatMap((one) => one.replicas));
  return replicas.find((replica) => replica.container === meet.container(container))?.reason;
}

describe.sequential('another place', () => {
  test("the host's network: the container is reached through the gateway", async () => {
    await meet.scale({ hosted: 1 });
    await waitUntil('it answers', async () => (await meet.ask('/hosted')).headers['x-backend-name'] === 'hosted');
    await meet.scale({ hosted: 0 });
  });

  test("another container's network: it is reached there, gone with it, and there again", async () => {
    await meet.routed({ '/guest': ['vpn-1'] });
    await meet.docker('stop', '--time', '1', meet.container('vpn-1'));
    await meet.routed({ '/guest': ['503, retry after 5'] });
    await meet.docker('start', meet.container('vpn-1'));
    await meet.docker('restart', '--time', '1', meet.container('guest-1'));
    await meet.routed({ '/guest': ['vpn-1'] });
  });
});

describe.sequential('ready or not', () => {
  test('with meet.health=tcp a second replica gets no request before it listens', async () => {
    const letListen = (container: string): Promise<string> => meet.docker('exec', meet.container(container), 'touch', '/tmp/may-listen');
    await meet.scale({ slow: 1 });
    await letListen('slow-1');
    await meet.routed({ '/slow': ['slow-1'] });
    await meet.scale({ slow: 2 });
    await waitUntil('it was asked in vain', async () => (await reasonOf('slow-2'))?.includes('refuses connections'));
    expect(await meet.answering('/slow')).toEqual(['slow-1']);
    await letListen('slow-2');
    await meet.routed({ '/slow': ['slow-1', 'slow-2'] });
    await meet.scale({ slow: 0 });
  });

  test('a drained replica gets nothing any more, and everything again once it was restarted', async () => {
    const said = await meet.docker('exec', meet.container('meet-gen-1'), 'meet-gen', 'drain', meet.container('backend-1'));
    expect(said).toBe(`${meet.container('backend-1')}: out, it can be stopped: no frontend sends it new requests\n`);
    expect(await meet.answering(api)).toEqual(['backend-2']);
    await meet.docker('restart', '--time', '3', meet.container('backend-1'));
    await meet.routed({ [api]: ['backend-1', 'backend-2'] });
  });

  test('a restart of meet-gen does not put one back that is about to stop', async () => {
    await meet.scale({ stubborn: 2 });
    await meet.routed({ '/stubborn': ['stubborn-1', 'stubborn-2'] });
    const stopping = meet.docker('stop', '--time', '60', meet.container('stubborn-1'));
    await meet.routed({ '/stubborn': ['stubborn-2'] });
    await meet.docker('restart', '--time', '3', meet.container('meet-gen-1'));
    await meet.converged();
    expect(await reasonOf('stubborn-1')).toContain('got a stop signal');
    expect(await meet.answering('/stubborn')).toEqual(['stubborn-2']);
    await meet.docker('kill', meet.container('stubborn-1'));
    await stopping;
    await meet.scale({ stubborn: 0 });
  });

  test('a container that crashes again and again is out, told of, and nginx is left in peace', async () => {
    await meet.scale({ crasher: 1 });
    await waitUntil('that is told', async () => (await meet.status()).problems.some(({ code }) => code === 'crash-loop'));
    await meet.converged();
    const [hups, crashes] = [await meet.countHups(), Number(await meet.inspect('crasher-1', '{{.RestartCount}}'))];
    await waitUntil('it goes on', async () => Number(await meet.inspect('crasher-1', '{{.RestartCount}}')) >= crashes + 2);
    await meet.routed({ '/crasher': ['503, retry after 5'] });
    expect(await meet.countHups()).toBe(hups);
  });
});
