import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentedServices } from '../../support/docs/documented-services.ts';
import { providedEngine } from '../../providers/engine/provided.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { ask } from '../../support/media/ask.ts';
import { startMeet, usualFrontend, type MeetStack } from '../../support/meet-stack.ts';
import { waitUntil } from '../../support/wait-until.ts';

// A dedicated router in front of two frontends without a stub, which are replaced one after the other.

const api = '/api/v1.0/config/';
const room = '/abc-defg-hij';
const router = 'router-1';

let meet: MeetStack;

beforeAll(async () => {
  const engine = providedEngine();
  const { ports: _ports, volumes: _volumes, configs: _configs, ...plain } = usualFrontend(engine);
  // Compose merges no files here, so this removes the parts for a frontend's own routing.
  const documented = documentedServices('docs/router.md', 'router', (text) => text.replaceAll('${MEET_HOST}', 'meet.example.com'));
  const { image, configs } = usualFrontend(engine);
  const frontend = { ...plain, ports: [], volumes: [], configs: [], ...documented['frontend'], image };
  meet = await startMeet(engine, 'router', {
    scale: { frontend: 2 },
    services: { frontend, router: { ...usualFrontend(engine), ...documented['router'], image, configs } },
  });
});
afterAll(() => meet?.down());
stopAtFirstFailure();

test('routes to both frontends, and only the router gets a proof', async () => {
  await meet.routed({ [api]: ['backend-1'], [room]: ['SPA'] }, router);
  const { instances } = await meet.converged();
  expect(instances[0]?.frontends.map(({ container, phase }) => [container, phase])).toEqual([[meet.container(router), 'live']]);
  expect(instances[0]?.services[0]).toMatchObject({ service: 'SPA', replicas: [{ inRotation: true }, { inRotation: true }] });
});

test('no request for the SPA fails when the frontends are drained and replaced in turn', async () => {
  const wrong: string[] = [];
  const over = new AbortController();
  let asked = 0;
  const requests = (async () => {
    while (!over.signal.aborted) {
      const { status, body } = await ask(meet, room, {}, router).catch((error: unknown) => ({ status: 0, body: String(error) }));
      asked += 1;
      if (status !== 200 || !body.toString().includes('SPA of')) wrong.push(`${status} ${body.toString()}`);
    }
  })();
  for (const name of ['frontend-1', 'frontend-2']) {
    const before = asked;
    await meet.docker('exec', meet.container('meet-gen-1'), 'meet-gen', 'drain', meet.container(name));
    await meet.docker('stop', '--time', '5', meet.container(name));
    await meet.docker('rm', meet.container(name));
    await meet.scale({ frontend: 2 });
    const snapshot = (): Promise<boolean> =>
      meet.converged().then(({ instances }) => instances[0]?.services[0]?.replicas.filter(({ inRotation }) => inRotation).length === 2);
    await waitUntil('both frontends are in rotation', snapshot);
    await waitUntil('more requests are answered', () => asked > before + 5);
  }
  over.abort();
  await requests;
  expect(wrong).toEqual([]);
  expect(asked).toBeGreaterThan(20);
});

test('answers 503 for the SPA, and the API, without a frontend', async () => {
  await meet.compose('stop', '--timeout', '3', 'frontend');
  await meet.routed({ [api]: ['backend-1'], [room]: ['503, retry after 5'] }, router);
  await meet.compose('start', 'frontend');
  await meet.routed({ [api]: ['backend-1'], [room]: ['SPA'] }, router);
});
