import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBreakableEngine, type BreakableEngine } from '../../support/engine/breakable-engine.ts';
import { providedEngine, providedImages } from '../../support/engine/provided.ts';
import { startHostedMeet, type HostedMeet } from '../../support/host-meet-gen.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { waitUntil } from '../../support/wait-until.ts';

// The engine itself is killed or restarted, an engine of this test's own. meet-gen, a process outside of it, hears of
// nothing meanwhile: containers that come back do so at other addresses, others don't come back. Its resync comes after
// an hour, and once the engine answers again nothing happens any more.

const api = '/api/v1.0/config/';
const room = '/abc-defg-hij';
const soon = { stop_grace_period: '1s' };
const both = ['frontend-1', 'frontend-2'];

let engine: BreakableEngine;
let hosted: HostedMeet;

beforeAll(async () => {
  const images = providedImages();
  engine = await startBreakableEngine(providedEngine(), [images.frontend['1.30'], images.backend, images.idle]);
  hosted = await startHostedMeet(engine, 'restart', {
    services: {
      frontend: { ...soon },
      backend: { restart: 'always', ...soon },
      // Its address is the lowest: when it doesn't come back, somebody else gets it.
      fleeting: { image: images.backend, labels: { 'meet.role': 'backend', 'meet.service': 'backend' }, networks: ['internal'], ...soon },
      // Its shell is deaf to the stop signal.
      stubborn: {
        image: images.backend,
        entrypoint: ['sh', '-c', 'node /app/server.mjs; true'],
        labels: { 'meet.role': 'backend', 'meet.service': 'backend' },
        networks: ['internal'],
        restart: 'always',
        ...soon,
      },
      tools: { restart: 'always', ...soon },
    },
    scale: { frontend: 0, backend: 0, stubborn: 0, tools: 0 },
  });
  await hosted.meet.scale({ frontend: 2, backend: 2, stubborn: 1, tools: 1 });
});
afterAll(async () => {
  await hosted?.down();
  await engine?.stop();
});
stopAtFirstFailure();

async function backendsAre(...backends: readonly string[]): Promise<void> {
  for (const frontend of both) await hosted.meet.routed({ [api]: backends, [room]: ['SPA'] }, frontend);
  await hosted.converged();
}

async function addressesOf(...names: readonly string[]): Promise<readonly string[]> {
  return Promise.all(names.map((name) => hosted.meet.address(name, hosted.meet.internalNetwork)));
}

/** What a visitor gets while there is no engine to ask for the port. */
async function visit(url: string): Promise<number> {
  return (await fetch(url, { headers: { connection: 'close' } })).status;
}

describe.sequential('the engine goes and comes back', () => {
  let addresses: readonly string[];
  const lasting = ['backend-1', 'backend-2', 'stubborn-1'];

  test('before: everybody is routed', async () => {
    await backendsAre(...lasting, 'fleeting-1');
  });

  test('it is killed: what was served goes on being served, and meet-gen says that the engine is away', async () => {
    addresses = await addressesOf(...lasting, ...both, 'tools-1');
    const port = (await hosted.meet.docker('port', hosted.meet.container('frontend-1'), '8083/tcp')).trim();
    await engine.end('SIGKILL');
    expect(await visit(`http://${port}${api}`)).toBe(200);
    const { problems } = await waitUntil('the engine is missed', async () => {
      const status = await hosted.status();
      return status.engine.connected ? undefined : status;
    });
    expect(problems.map(({ code }) => code)).toContain('engine-unreachable');
    expect(await visit(`http://${port}${api}`)).toBe(200);
  });

  test('it is back, the addresses are others: the routes are right, and nothing is left to complain about', async () => {
    await engine.start();
    await backendsAre(...lasting);
    expect((await hosted.status()).problems).toEqual([]);
    expect(await addressesOf(...lasting, ...both, 'tools-1')).not.toEqual(addresses);
  });

  test('it is restarted in an orderly way', async () => {
    await hosted.meet.docker('start', hosted.meet.container('fleeting-1'));
    await backendsAre(...lasting, 'fleeting-1');
    await engine.end('SIGTERM');
    await engine.start();
    await backendsAre(...lasting);
  });

  test('it is killed while a backend is being stopped: the backend, started again with it, is back in rotation', async () => {
    const { meet } = hosted;
    const stopping = meet.docker('stop', '--time', '60', meet.container('stubborn-1')).catch(() => undefined);
    await waitUntil('it is out of rotation, and runs', async () => {
      const replicas = (await hosted.status()).instances.flatMap(({ services }) => services.flatMap((service) => service.replicas));
      return replicas.some(({ state, reason }) => state === 'running' && reason.includes('stop signal'));
    });
    await engine.end('SIGKILL');
    await stopping;
    await engine.start();
    await backendsAre(...lasting);
  });

  test('what a render of its own says is what is published, and what both serve', async () => {
    const rendered = await hosted.render();
    const file = await hosted.meet.tool('cat', '/routing/routing.conf');
    expect(rendered).toBe(file);
  });
});
