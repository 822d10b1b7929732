import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { beginBurstLife } from '../bench/faked/burst-life.ts';
import { watchFile } from '../bench/live/file-watch.ts';
import { waitUntil } from '../support/wait-until.ts';
import { composeLabels, network, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

/** The number of lists so far. */
function listsOf(scene: Scene): number {
  return scene.engine.listCalls().length;
}

test.concurrent('subscribes before it lists, so that no event is lost in between', async ({ scene }) => {
  await scene.frontend('frontend');
  const slow = scene.engine.faults.add({ method: 'GET', path: /^\/events$/, do: 'delay', ms: 200, times: 1 });
  scene.run();
  await waitUntil('the event stream is open', () => scene.engine.eventStreams() === 1);
  expect(slow.hits()).toBe(1);
  await scene.converged();
  const [subscribed, ...rest] = scene.engine.calls.filter(({ path }) => path === '/events' || path === '/containers/json');
  expect(subscribed?.path).toBe('/events');
  // The list waits for the answer of the subscription, not only for its request.
  expect(rest[0]?.path).toBe('/containers/json');
  expect((rest[0]?.atMs ?? 0) - (subscribed?.atMs ?? 0)).toBeGreaterThanOrEqual(199);
});

test.concurrent('asks for one labelled list: no inspection, no other call', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.run();
  await scene.converged();
  scene.engine.world.stop('backend');
  await scene.stopsServing(`${scene.address(20)}:8000`);
  const known = ['GET /_ping', 'GET /events', 'GET /containers/json', 'POST /containers/frontend/kill'];
  expect(new Set(scene.engine.calls.map(({ method, path }) => `${method} ${path}`))).toEqual(new Set(known));
  expect(JSON.parse(scene.engine.listCalls()[0]?.query.get('filters') ?? '')).toEqual({ label: ['meet.role'] });
  expect(scene.engine.eventStreams()).toBe(1);
});

test.concurrent('an isolated event costs at most two lists', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20, { health: 'healthy' });
  scene.backend('other', 21, { health: 'healthy' });
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  const before = listsOf(scene);
  scene.engine.world.health('backend', 'unhealthy');
  await scene.stopsServing(`${scene.address(20)}:8000`);
  expect(listsOf(scene) - before).toBeGreaterThanOrEqual(1);
  expect(listsOf(scene) - before).toBeLessThanOrEqual(2);
});

test.concurrent('publishes the first change at once, with any quiet time', async ({ scene }) => {
  await scene.frontend('frontend');
  const run = scene.run(['--wait', '1h:1h']);
  await scene.converged();
  scene.backend('backend', 20);
  await scene.serves(`${scene.address(20)}:8000`);
  expect(run.logged('routesLive')).toHaveLength(2);
});

test.concurrent('a start costs at most two lists, though its network event comes long before', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20, { state: 'exited' });
  scene.run();
  await scene.converged();
  const before = listsOf(scene);
  scene.engine.world.connect('backend', network, scene.address(20));
  await sleep(150);
  scene.engine.world.start('backend');
  await scene.serves(`${scene.address(20)}:8000`);
  expect(listsOf(scene) - before).toBeLessThanOrEqual(2);
});

test.concurrent('a second stop signal and the loss of the network cost no call, since the end has its own event', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.backend('other', 21);
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  scene.engine.world.beginStop('backend');
  await scene.stopsServing(`${scene.address(20)}:8000`);
  await sleep(150);
  const before = scene.engine.calls.length;
  scene.engine.world.beginStop('backend', 'KILL');
  await sleep(150);
  scene.engine.world.disconnect('backend', network);
  await sleep(150);
  expect(scene.engine.calls.length).toBe(before);
});

test.concurrent('the end of a container out of rotation costs one list, after the quiet time', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.backend('other', 21);
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  scene.engine.world.beginStop('backend');
  await scene.stopsServing(`${scene.address(20)}:8000`);
  await sleep(150);
  const before = listsOf(scene);
  scene.engine.world.die('backend');
  await waitForStatus(scene, 'the container has ended', ({ instances }) => JSON.stringify(instances).includes('"reason":"exited"'));
  await sleep(150);
  expect(listsOf(scene) - before).toBe(1);
});

test.concurrent('asks a restarted frontend again, even if the list is the same as before', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.run();
  await scene.converged();
  const listed = scene.engine.world.list(new Map(), { all: true, hasHealthField: false });
  const [frontend] = JSON.parse(listed) as readonly { readonly Id: string }[];
  for (let time = 0; time < 2; time += 1) {
    const visits = nginx.visits.length;
    for (const Action of ['die', 'start'])
      scene.engine.writeToEventStreams(`${JSON.stringify({ Type: 'container', Action, Actor: { ID: frontend?.Id, Attributes: {} } })}\n`);
    await waitUntil('the frontend is asked until it is live', () => nginx.visits.length >= visits + 10);
    await scene.converged();
  }
});

test.concurrent('a burst of 50 events costs a few lists', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.run();
  await scene.converged();
  const before = listsOf(scene);
  for (let host = 20; host < 70; host += 1) scene.backend(`backend-${host}`, host);
  await scene.serves(`${scene.address(69)}:8000`);
  expect(listsOf(scene) - before).toBeLessThan(10);
  expect(await scene.content()).toContain(`${scene.address(20)}:8000`);
});

test.concurrent('1,000 events at once cost a few lists, and at most five writes and five reloads', async ({ scene }) => {
  await scene.frontend('frontend');
  const life = beginBurstLife(scene, 1);
  scene.run();
  await scene.converged();
  const before = { lists: listsOf(scene), hups: scene.engine.killCalls().length, events: scene.engine.sentEvents() };
  const file = watchFile(scene.file(), { now: () => performance.now() });
  while (scene.engine.sentEvents() - before.events < 1000) life.step();
  await waitUntil('the file holds all servers', async () => life.serversIn(await scene.content()) === life.servers());
  await scene.converged();
  file.stop();
  expect(file.writtenAtMs().length).toBeGreaterThanOrEqual(1);
  expect(file.writtenAtMs().length).toBeLessThanOrEqual(5);
  expect(listsOf(scene) - before.lists).toBeLessThanOrEqual(5);
  expect(scene.engine.killCalls().length - before.hups).toBeLessThanOrEqual(5);
});

test.concurrent('publishes a change during a steady stream of events', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.backend('backend', 20, { health: 'healthy' });
  scene.backend('noise', 21, { health: 'healthy' });
  scene.run(['--wait', '200ms:400ms']);
  await scene.serves(`${scene.address(20)}:8000`);
  const before = { lists: listsOf(scene), generation: nginx.generation() };
  let events = 0;
  const stream = setInterval(() => {
    scene.engine.world.health('noise', 'healthy');
    events += 1;
  }, 20);
  try {
    await waitUntil('the stream runs', () => events > 5);
    scene.engine.world.health('backend', 'unhealthy');
    await waitUntil('nginx serves without the unhealthy backend', () => nginx.generation() !== before.generation);
    await waitUntil('50 events have come', () => events > 50);
  } finally {
    clearInterval(stream);
  }
  expect(listsOf(scene) - before.lists).toBeLessThanOrEqual(events);
  await scene.stopsServing(`${scene.address(20)}:8000`);
});

test.concurrent('ignores the event of its own signal', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.run();
  await scene.converged();
  expect(scene.engine.killCalls()).toHaveLength(1);
  expect(listsOf(scene), 'the two lists at the start').toBe(2);
  expect((await scene.status()).instances[0]?.frontends[0]).toMatchObject({ inRotation: true, state: 'running' });
});

test.concurrent('follows a change just before the start that the list does not show yet', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.backend('other', 21);
  scene.engine.world.listLagMs = 15;
  // No stream is open yet: meet-gen gets no event of the pause, and the first list may still show `running`.
  const run = scene.run();
  await run.waitForLog('starts');
  scene.engine.world.pause('other');
  await scene.serves(`${scene.address(20)}:8000`);
  await scene.stopsServing(`${scene.address(21)}:8000`);
});

test.concurrent('follows an event that comes 15 ms ahead of the list', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.backend('other', 21);
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  scene.engine.world.listLagMs = 15;
  const before = listsOf(scene);
  scene.engine.world.disconnect('backend', network);
  await scene.stopsServing(`${scene.address(20)}:8000`);
  expect(listsOf(scene) - before).toBe(2);
  scene.engine.world.connect('backend', network, scene.address(22));
  await scene.serves(`${scene.address(22)}:8000`);
  scene.engine.world.pause('backend');
  await scene.stopsServing(`${scene.address(22)}:8000`);
});

test.concurrent('follows an event that comes long before the list shows it, as on a busy disk', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.backend('other', 21);
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  scene.engine.world.listLagMs = 700;
  scene.engine.world.disconnect('backend', network);
  await scene.stopsServing(`${scene.address(20)}:8000`);
  scene.engine.world.connect('backend', network, scene.address(22));
  await scene.serves(`${scene.address(22)}:8000`);
  scene.engine.world.pause('backend');
  await scene.stopsServing(`${scene.address(22)}:8000`);
  scene.engine.world.unpause('backend');
  await scene.serves(`${scene.address(22)}:8000`);
});

test.concurrent('follows an event ahead of the list with the shortest quiet time, too', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.run(['--wait', '1ms:1ms']);
  await scene.serves(`${scene.address(20)}:8000`);
  scene.engine.world.listLagMs = 15;
  scene.engine.world.pause('backend');
  await scene.stopsServing(`${scene.address(20)}:8000`);
});

test.concurrent('resyncs at SIGHUP', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.backend('backend', 20);
  const run = scene.run();
  await scene.converged();
  const before = { lists: listsOf(scene), asks: nginx.asks.length };
  scene.engine.world.silently((world) => world.stop('backend'));
  run.signal('SIGHUP');
  await scene.stopsServing(`${scene.address(20)}:8000`);
  expect(listsOf(scene)).toBeGreaterThan(before.lists);
  expect(nginx.asks.length).toBeGreaterThan(before.asks);
});

test.concurrent('finds a change without an event at the resync', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.run(['--resync', '1s']);
  await scene.serves(`${scene.address(20)}:8000`);
  scene.engine.world.silently((world) => world.stop('backend'));
  await scene.stopsServing(`${scene.address(20)}:8000`);
});

test.concurrent('never routes to a one-off of Compose or to a container without a role', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  scene.backend('backend-run-1', 21, {
    labels: composeLabels('meet', 'backend', { 'meet.role': 'backend', 'com.docker.compose.oneoff': 'True' }),
  });
  scene.engine.world.add({ name: 'backend', labels: composeLabels('docs', 'backend'), networks: { [network]: scene.address(22) } });
  scene.backend('backend-2', 23);
  await scene.serves(`${scene.address(23)}:8000`);
  const content = await scene.content();
  expect(content).not.toContain(scene.address(21));
  expect(content).not.toContain(scene.address(22));
});
