import { expect } from 'vitest';
import { readGeneration } from '../support/fake-engine/nginx.ts';
import { waitUntil } from '../support/wait-until.ts';
import { composeLabels, network, problemCodes, test, waitForStatus } from './scene.ts';

const list = { method: 'GET', path: /^\/containers\/json$/ } as const;
const events = { method: 'GET', path: /^\/events$/ } as const;

test.concurrent('sends a lost signal again', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  nginx.behaviour.loseSignals = 2;
  scene.run();
  await scene.converged();
  expect(nginx.signals).toHaveLength(3);
});

test.concurrent('asks a frontend that ended just before its signal (409) when it is back, and reports no lasting problem', async ({
  scene,
}) => {
  const nginx = await scene.frontend('frontend-1');
  scene.backend('backend', 20);
  await scene.frontend('frontend-2', { host: 11 });
  const { world, faults } = scene.engine;
  const last = { method: 'POST', path: /frontend-1\/kill$/, do: 'meanwhile', run: () => world.die('frontend-1'), times: 1 } as const;
  const fault = faults.add(last);
  const run = scene.run();
  await waitUntil('the signal came too late', () => fault.hits() === 1);
  await scene.stopsServing(`${scene.address(10)}:8080`);
  nginx.boot();
  world.start('frontend-1');
  await scene.serves(`${scene.address(10)}:8080`);
  await waitUntil('all problems are resolved', () => problemCodes(run).length === problemCodes(run, 'problemResolved').length);
});

test.concurrent('asks the new frontend if the old one was replaced just before its signal (404)', async ({ scene }) => {
  const nginx = await scene.frontend('frontend-1');
  scene.backend('backend', 20);
  await scene.frontend('frontend-2', { host: 11 });
  const { world, faults } = scene.engine;
  const labels = composeLabels('meet', 'frontend', { 'meet.role': 'frontend' });
  const fault = faults.add({ method: 'POST', path: /frontend-1\/kill$/, do: 'meanwhile', run: () => world.remove('frontend-1'), times: 1 });
  const run = scene.run();
  await waitUntil('the signal found no container', () => fault.hits() === 1);
  const asked = nginx.asks.length;
  world.add({ name: 'frontend-1', labels, networks: { [network]: scene.address(10) }, prefixLength: 24 });
  nginx.moveTo('frontend-1');
  await waitUntil('the new frontend is asked', () => nginx.asks.length > asked);
  await scene.serves(`${scene.address(10)}:8080`);
  await waitUntil('all problems are resolved', () => problemCodes(run).length === problemCodes(run, 'problemResolved').length);
});

test.concurrent('reports a frontend that keeps the old configuration, and goes on with the others', async ({ scene }) => {
  const stubborn = await scene.frontend('frontend-1');
  const good = await scene.frontend('frontend-2', { host: 11 });
  stubborn.behaviour.refuseReload = true;
  const run = scene.run(['--verify-timeout', '200ms']);
  await waitUntil('the problem is reported', () => problemCodes(run).includes('reload-pending'));
  await waitUntil('the other frontend serves', () => good.generation() === readGeneration(scene.file()));
  scene.backend('backend', 20);
  await waitUntil('the new backend is published', async () => (await scene.content()).includes(`${scene.address(20)}:8000`));
  await waitUntil('the other frontend serves the new backend', () => good.generation() === readGeneration(scene.file()));
  stubborn.behaviour.refuseReload = false;
  await scene.converged();
});

for (const answers of ['forbidden', 'never'] as const) {
  test.concurrent(`reports an unverified frontend once, with the fix (its answers: ${answers})`, async ({ scene }) => {
    const nginx = await scene.frontend('frontend');
    scene.backend('backend', 20);
    nginx.behaviour.answers = answers;
    const run = scene.run(['--verify-timeout', '100ms']);
    await waitUntil('the problem is reported', () => problemCodes(run).includes('reload-unverified'));
    const { converged, ready, problems } = await scene.status();
    expect({ converged, ready }).toEqual({ converged: false, ready: true });
    expect(problems).toMatchObject([{ code: 'reload-unverified', container: 'frontend', cure: expect.stringContaining('mount the stub') }]);

    // The problem stays at a resync, and is not reported a second time.
    const asked = nginx.asks.length;
    const lists = scene.engine.listCalls().length;
    run.signal('SIGHUP');
    await waitUntil('the frontend was asked again', () => nginx.asks.length > asked + 1 && scene.engine.listCalls().length > lists);
    await waitForStatus(scene, 'the frontend is unverified again', (status) => status.instances[0]?.frontends[0]?.phase === 'unverified');
    expect(problemCodes(run)).toEqual(['reload-unverified']);
    expect(problemCodes(run, 'problemResolved')).toEqual([]);

    nginx.behaviour.answers = 'normally';
    run.signal('SIGHUP');
    await scene.converged();
  });
}

test.concurrent('does not retry more often the longer the list fails', async ({ scene }) => {
  await scene.frontend('frontend');
  const run = scene.run(['--wait', '1ms:1ms']);
  await scene.converged();
  const fault = scene.engine.faults.add({ ...list, do: 'status', status: 500 });
  for (let round = 1; round <= 30; round += 1) {
    const hits = fault.hits();
    run.signal('SIGHUP');
    await waitUntil('the list was tried', () => fault.hits() > hits);
  }
  // From here on, a retry comes at most every 250 ms: ten retries take more than two seconds.
  const reached = fault.hits() + 3;
  await waitUntil('the attempts go on', () => fault.hits() >= reached);
  const [startMs, hits] = [Date.now(), fault.hits()];
  await waitUntil('a second has passed', () => Date.now() - startMs >= 1000);
  expect(fault.hits() - hits).toBeLessThanOrEqual(6);
});

test.concurrent('logs one problem for an engine that is away, however often it is tried', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  const run = scene.run(['--resync', '1s']);
  await scene.converged();
  await scene.engine.goAway('socket file');
  await waitUntil('the problem is reported', () => problemCodes(run).includes('engine-unreachable'));
  const startMs = Date.now();
  await waitUntil('two resyncs have failed', () => Date.now() - startMs >= 2500);
  expect(problemCodes(run)).toEqual(['engine-unreachable']);
  await scene.engine.comeBack();
  await scene.converged();
  await waitUntil('the problem is reported as resolved', () => problemCodes(run, 'problemResolved').length > 0);
  expect(problemCodes(run, 'problemResolved')).toEqual(['engine-unreachable']);
});

test.concurrent('reports one problem if lists and events fail for different reasons, and resolves it once', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  const run = scene.run(['--resync', '1s']);
  await scene.converged();
  const { faults } = scene.engine;
  const noStream = faults.add({ ...events, do: 'status', status: 500 });
  scene.engine.cutEventStreams();
  await waitUntil('the problem is reported', () => problemCodes(run).includes('engine-unreachable'));
  const noList = faults.add({ ...list, do: 'status', status: 503 });
  await waitUntil('lists fail too', () => noList.hits() >= 2);
  // The engine sends events again before it answers a list.
  let answer: (() => void) | undefined;
  const lateList = faults.add({ ...list, do: 'late', until: new Promise<void>((resolve) => (answer = resolve)) });
  noList.lift();
  noStream.lift();
  await run.waitForLog('engineConnected', 2);
  await waitUntil('a list is requested', () => lateList.hits() > 0);
  answer?.();
  await waitUntil('the problem is reported as resolved', () => problemCodes(run, 'problemResolved').length > 0);
  expect(problemCodes(run)).toEqual(['engine-unreachable']);
});

test.concurrent('reads a list and events that arrive in small pieces', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20, { labels: { 'meet.role': 'backend', 'com.docker.compose.project': 'meet', remark: 'größer, 会议, 🙂' } });
  scene.engine.faults.add({ ...list, do: 'split', bytes: 7 });
  scene.engine.faults.add({ ...events, do: 'split', bytes: 3 });
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  scene.engine.world.stop('backend');
  await scene.stopsServing(`${scene.address(20)}:8000`);
});

test.concurrent('reads a stop signal from the gap between two streams', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20);
  scene.backend('backend-2', 21);
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  scene.backend('backend-3', 22);
  await scene.serves(`${scene.address(22)}:8000`);
  scene.engine.cutEventStreams();
  // The engine still lists the container as running: only the event shows the stop.
  scene.engine.world.beginStop('backend-1');
  await scene.stopsServing(`${scene.address(20)}:8000`);
});

test.concurrent('opens a stream that is cut again and again with pauses, and reports one problem', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  const fault = scene.engine.faults.add({ ...events, do: 'cut' });
  const run = scene.run();
  await waitUntil('the stream was cut eight times', () => fault.hits() >= 8);
  expect(run.logged('engineConnected').length).toBeLessThanOrEqual(1);
  expect(problemCodes(run)).toEqual(['engine-unreachable']);
  expect(problemCodes(run, 'problemResolved')).toEqual([]);
  const calls = scene.engine.calls.filter(({ path }) => path === '/events');
  const [first, last] = [calls[0]?.atMs ?? 0, calls[4]?.atMs ?? 0];
  expect(last - first).toBeGreaterThanOrEqual(4 * 50);
  fault.lift();
  await scene.converged();
});

test.concurrent('retries a subscription that answers 500', async ({ scene }) => {
  await scene.frontend('frontend');
  const fault = scene.engine.faults.add({ ...events, do: 'status', status: 500, times: 3 });
  scene.run();
  await scene.converged();
  expect(fault.hits()).toBe(3);
});

test.concurrent('finds a change behind a half-open stream at the resync', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.engine.faults.add({ ...events, do: 'half-open' });
  scene.run(['--resync', '1s']);
  await scene.serves(`${scene.address(20)}:8000`);
  scene.engine.world.stop('backend');
  await scene.stopsServing(`${scene.address(20)}:8000`);
});

test.concurrent('ends with 0 at SIGTERM while nginx does not answer, without force', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  nginx.behaviour.answers = 'never';
  const run = scene.run();
  await waitUntil('nginx is asked', () => nginx.asks.length > 0);
  const startMs = Date.now();
  run.signal('SIGTERM');
  expect(await run.ended).toMatchObject({ code: 0, signal: null });
  // A forced stop would take 1.9 s.
  expect(Date.now() - startMs).toBeLessThan(1800);
});

test.concurrent('leaves the last good file and no socket at SIGTERM', async ({ scene }) => {
  await scene.frontend('frontend');
  const run = scene.run();
  await scene.converged();
  const before = await scene.fileIdentity();
  run.signal('SIGTERM');
  expect(await run.ended).toMatchObject({ code: 0, signal: null });
  expect(await scene.fileIdentity()).toBe(before);
  await expect(scene.status()).rejects.toThrow('ENOENT');
});

test.concurrent('ends at once at a second stop signal', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.engine.faults.add({ ...list, do: 'hang' });
  const run = scene.run();
  await run.waitForLog('engineConnected');
  run.signal('SIGTERM');
  run.signal('SIGTERM');
  run.signal('SIGINT');
  expect(await run.ended).toMatchObject({ code: 0, signal: null });
});
