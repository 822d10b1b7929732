import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedEngine } from '../../providers/engine/provided.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { startMeet, type MeetStack } from '../../support/meet-stack.ts';
import { waitUntil } from '../../support/wait-until.ts';

// Containers on the network of the host or of another container, and containers whose readiness or coming stop isn't in
// the engine's list. The resync is an hour away.

const api = '/api/v1.0/config/';
const backendImage = 'meet-gen-test/backend:latest';
const hostPort = String(randomInt(20_000, 30_000));
const service = (paths: string, more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({
  'meet.role': 'service',
  'meet.paths': paths,
  'meet.port': '8000',
  ...more,
});
/** Answers as a backend does, also after a stop signal. */
const stubborn = `
  process.on('SIGTERM', () => undefined);
  require('node:http').createServer((request, response) => {
    response.writeHead(200, { 'X-Backend-Host': require('node:os').hostname(), 'Content-Type': 'application/json', Connection: 'close' });
    response.end('{}');
  }).listen(8000);
`;
const crashing = `${stubborn}; setTimeout(() => process.exit(1), 500);`;

/** Listens once the file exists. */
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

describe.sequential('networks', () => {
  test("reaches a container on the host's network through the gateway", async () => {
    await meet.scale({ hosted: 1 });
    await waitUntil('the container answers', async () => (await meet.ask('/hosted')).headers['x-backend-name'] === 'hosted');
    await meet.scale({ hosted: 0 });
  });

  test("reaches a container on another container's network, while that container runs", async () => {
    await meet.routed({ '/guest': ['vpn-1'] });
    await meet.docker('stop', '--time', '1', meet.container('vpn-1'));
    await meet.routed({ '/guest': ['503, retry after 5'] });
    await meet.docker('start', meet.container('vpn-1'));
    await meet.docker('restart', '--time', '1', meet.container('guest-1'));
    await meet.routed({ '/guest': ['vpn-1'] });
  });
});

describe.sequential('readiness', () => {
  test('with meet.health=tcp a second replica gets no request before it listens', async () => {
    const letListen = (container: string): Promise<string> => meet.docker('exec', meet.container(container), 'touch', '/tmp/may-listen');
    await meet.scale({ slow: 1 });
    await letListen('slow-1');
    await meet.routed({ '/slow': ['slow-1'] });
    await meet.scale({ slow: 2 });
    await waitUntil('a probe of the second replica is refused', async () => (await reasonOf('slow-2'))?.includes('refuses connections'));
    expect(await meet.answering('/slow')).toEqual(['slow-1']);
    await letListen('slow-2');
    await meet.routed({ '/slow': ['slow-1', 'slow-2'] });
    await meet.scale({ slow: 0 });
  });

  test('a drained replica gets no requests until it is restarted', async () => {
    const output = await meet.docker('exec', meet.container('meet-gen-1'), 'meet-gen', 'drain', meet.container('backend-1'));
    expect(output).toBe(`${meet.container('backend-1')}: out, it can be stopped: no frontend sends it new requests\n`);
    expect(await meet.answering(api)).toEqual(['backend-2']);
    await meet.docker('restart', '--time', '3', meet.container('backend-1'));
    await meet.routed({ [api]: ['backend-1', 'backend-2'] });
  });

  test('a restart of meet-gen does not put a stopping replica back in rotation', async () => {
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

  test('takes a crash-looping container out, reports it, and sends no more signals', async () => {
    await meet.scale({ crasher: 1 });
    await waitUntil('meet-gen reports the crash loop', async () =>
      (await meet.status()).problems.some(({ code }) => code === 'crash-loop'),
    );
    await meet.converged();
    const [hups, crashes] = [await meet.countHups(), Number(await meet.inspect('crasher-1', '{{.RestartCount}}'))];
    await waitUntil(
      'the container crashes twice more',
      async () => Number(await meet.inspect('crasher-1', '{{.RestartCount}}')) >= crashes + 2,
    );
    await meet.routed({ '/crasher': ['503, retry after 5'] });
    expect(await meet.countHups()).toBe(hups);
  });
});
