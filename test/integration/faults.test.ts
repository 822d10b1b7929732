import { expect } from 'vitest';
import { readGeneration } from '../support/fake-engine/nginx.ts';
import { waitUntil } from '../support/wait-until.ts';
import { problemCodes, test, waitForStatus } from './scene.ts';

const list = { method: 'GET', path: /^\/containers\/json$/ } as const;
const events = { method: 'GET', path: /^\/events$/ } as const;
const kill = { method: 'POST', path: /^\/containers\/[^/]+\/kill$/ } as const;

test.concurrent('a lost signal is sent again', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  nginx.behaviour.loseSignals = 2;
  scene.run();
  await scene.converged();
  expect(nginx.signals).toHaveLength(3);
});

test.concurrent('a signal that the engine refuses is a problem, and sent again', async ({ scene }) => {
  await scene.frontend('frontend');
  const fault = scene.engine.faults.add({ ...kill, do: 'status', status: 500, message: 'no luck', times: 2 });
  const run = scene.run();
  await scene.converged();
  expect(fault.hits()).toBe(2);
  expect(problemCodes(run)).toContain('signal-failed');
  await waitUntil('the problem is gone', () => problemCodes(run, 'problem is gone').includes('signal-failed'));
});

test.concurrent('nginx that goes on with the old configuration is told of, and never loses the others', async ({ scene }) => {
  const stubborn = await scene.frontend('frontend-1');
  const good = await scene.frontend('frontend-2', { host: 11 });
  stubborn.behaviour.refuseReload = true;
  const run = scene.run(['--verify-timeout', '200ms']);
  await waitUntil('the problem is told', () => problemCodes(run).includes('reload-pending'));
  await waitUntil('the other one serves', () => good.generation() === readGeneration(scene.file()));
  scene.backend('backend', 20);
  await waitUntil('it goes on', async () => (await scene.content()).includes(`${scene.address(20)}:8000`));
  await waitUntil('the other one follows', () => good.generation() === readGeneration(scene.file()));
  stubborn.behaviour.refuseReload = false;
  await scene.converged();
});

for (const answers of ['forbidden', 'never'] as const) {
  test.concurrent(`a frontend that answers ${answers} is unverified, with the cure, once`, async ({ scene }) => {
    const nginx = await scene.frontend('frontend');
    nginx.behaviour.answers = answers;
    const run = scene.run(['--verify-timeout', '100ms']);
    await waitUntil('the problem is told', () => problemCodes(run).includes('reload-unverified'));
    const { converged, ready, problems } = await scene.status();
    expect({ converged, ready }).toEqual({ converged: false, ready: true });
    expect(problems).toMatchObject([{ code: 'reload-unverified', container: 'frontend', cure: expect.stringContaining('mount the stub') }]);

    // Looking again is no news: neither is it gone, nor is it told a second time.
    const asked = nginx.asks.length;
    const lists = scene.engine.listCalls().length;
    run.signal('SIGHUP');
    await waitUntil('it was asked again', () => nginx.asks.length > asked + 1 && scene.engine.listCalls().length > lists);
    await waitForStatus(scene, 'unverified again', (status) => status.instances[0]?.frontends[0]?.phase === 'unverified');
    expect(problemCodes(run)).toEqual(['reload-unverified']);
    expect(problemCodes(run, 'problem is gone')).toEqual([]);

    nginx.behaviour.answers = 'normally';
    run.signal('SIGHUP');
    await scene.converged();
  });
}

test.concurrent('a list that answers 500 changes nothing, and is asked again in less than a second', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  const run = scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  const before = await scene.fileIdentity();
  const calls = scene.engine.listCalls().length;
  // Both looks of the event fail, and the first one of the retries.
  const fault = scene.engine.faults.add({ ...list, do: 'status', status: 500, times: 3 });
  scene.engine.world.stop('backend');
  await waitUntil('it has failed', () => fault.hits() === 3);
  expect(await scene.fileIdentity()).toBe(before);
  const failedAtMs = scene.engine.listCalls().at(-1)?.atMs ?? 0;
  const next = await waitUntil('it is asked again', () => scene.engine.listCalls()[calls + 3]);
  expect(next.atMs - failedAtMs).toBeLessThan(1000);
  await scene.servesNoMore(`${scene.address(20)}:8000`);
  expect(problemCodes(run)).toContain('engine-unreachable');
});

for (const fault of [
  { name: 'cut in the middle', do: 'cut' },
  { name: 'dropped', do: 'drop' },
  { name: 'truncated', do: 'body', body: '[{"Id":"abc","Names":["/fron' },
  { name: 'of another shape', do: 'body', body: '{"message":"hello"}' },
  { name: 'with an entry that has no id', do: 'body', body: '[{}]' },
  { name: 'empty', do: 'body', body: '' },
] as const) {
  test.concurrent(`a list that is ${fault.name} changes nothing, and is asked again in less than a second`, async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('backend', 20);
    const run = scene.run();
    await scene.serves(`${scene.address(20)}:8000`);
    const before = await scene.fileIdentity();
    const set = scene.engine.faults.add({ ...list, ...fault, times: 3 });
    scene.engine.world.stop('backend');
    await waitUntil('it has failed', () => set.hits() === 3);
    expect(await scene.fileIdentity()).toBe(before);
    const failedAtMs = scene.engine.listCalls().at(-1)?.atMs ?? 0;
    const calls = scene.engine.listCalls().length;
    const next = await waitUntil('it is asked again', () => scene.engine.listCalls()[calls]);
    expect(next.atMs - failedAtMs).toBeLessThan(1000);
    await scene.servesNoMore(`${scene.address(20)}:8000`);
    expect(run.hasEnded()).toBe(false);
  });
}

test.concurrent('a list that hangs changes nothing, and the next one is asked after its deadline', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  const before = await scene.fileIdentity();
  const fault = scene.engine.faults.add({ ...list, do: 'hang', times: 1 });
  scene.engine.world.stop('backend');
  await waitUntil('it hangs', () => fault.hits() === 1);
  expect(await scene.fileIdentity()).toBe(before);
  await waitUntil('it goes on', async () => !(await scene.content()).includes(`${scene.address(20)}:8000`), 15_000);
});

test.concurrent('a long failure of the list does not multiply the attempts', async ({ scene }) => {
  await scene.frontend('frontend');
  const run = scene.run(['--wait', '1ms:1ms']);
  await scene.converged();
  const fault = scene.engine.faults.add({ ...list, do: 'status', status: 500 });
  for (let round = 1; round <= 30; round += 1) {
    const hits = fault.hits();
    run.signal('SIGHUP');
    await waitUntil('it has tried', () => fault.hits() > hits);
  }
  // With retries at most every 250 ms from here on, ten of them take more than two seconds.
  const reached = fault.hits() + 3;
  await waitUntil('the attempts go on', () => fault.hits() >= reached);
  const [startMs, hits] = [Date.now(), fault.hits()];
  await waitUntil('a second has gone by', () => Date.now() - startMs >= 1000);
  expect(fault.hits() - hits).toBeLessThanOrEqual(6);
});

test.concurrent('an engine that is away is one problem in the log, however often it is tried', async ({ scene }) => {
  await scene.frontend('frontend');
  const run = scene.run(['--resync', '1s']);
  await scene.converged();
  await scene.engine.goAway('socket file');
  await waitUntil('that is told', () => problemCodes(run).includes('engine-unreachable'));
  const startMs = Date.now();
  await waitUntil('two resyncs have failed', () => Date.now() - startMs >= 2500);
  expect(problemCodes(run)).toEqual(['engine-unreachable']);
  await scene.engine.comeBack();
  await scene.converged();
  await waitUntil('that it is over is told', () => problemCodes(run, 'problem is gone').length > 0);
  expect(problemCodes(run, 'problem is gone')).toEqual(['engine-unreachable']);
});

test.concurrent('a list and events that come in small pieces are read as a whole', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20, { labels: { 'meet.role': 'backend', 'com.docker.compose.project': 'meet', remark: 'größer, 会议, 🙂' } });
  scene.engine.faults.add({ ...list, do: 'split', bytes: 7 });
  scene.engine.faults.add({ ...events, do: 'split', bytes: 3 });
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  scene.engine.world.stop('backend');
  await scene.servesNoMore(`${scene.address(20)}:8000`);
});

test.concurrent('an event stream that is cut is opened again, and what changed in the gap is found', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  scene.engine.cutEventStreams();
  scene.engine.world.silently((world) => world.stop('backend'));
  await scene.servesNoMore(`${scene.address(20)}:8000`);
  await waitUntil('it has subscribed again', () => scene.engine.eventStreams() === 1);
  const order = scene.engine.calls.map(({ path }) => path);
  expect(order.lastIndexOf('/containers/json')).toBeGreaterThan(order.lastIndexOf('/events'));
});

test.concurrent('a stop signal in the gap of the stream is replayed', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20);
  scene.backend('backend-2', 21);
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  scene.backend('backend-3', 22);
  await scene.serves(`${scene.address(22)}:8000`);
  scene.engine.cutEventStreams();
  // The engine goes on saying that it runs: only the event tells.
  scene.engine.world.beginStop('backend-1');
  await scene.servesNoMore(`${scene.address(20)}:8000`);
});

test.concurrent('a stream that is cut again and again is no tight loop, and one problem', async ({ scene }) => {
  await scene.frontend('frontend');
  const fault = scene.engine.faults.add({ ...events, do: 'cut' });
  const run = scene.run();
  await waitUntil('it was cut often', () => fault.hits() >= 8);
  expect(run.logged('connected to the engine').length).toBeLessThanOrEqual(1);
  expect(problemCodes(run)).toEqual(['engine-unreachable']);
  expect(problemCodes(run, 'problem is gone')).toEqual([]);
  const calls = scene.engine.calls.filter(({ path }) => path === '/events');
  const [first, last] = [calls[0]?.atMs ?? 0, calls[4]?.atMs ?? 0];
  expect(last - first).toBeGreaterThanOrEqual(4 * 50);
  fault.lift();
  await scene.converged();
});

test.concurrent('a subscription that answers 500 is tried again', async ({ scene }) => {
  await scene.frontend('frontend');
  const fault = scene.engine.faults.add({ ...events, do: 'status', status: 500, times: 3 });
  scene.run();
  await scene.converged();
  expect(fault.hits()).toBe(3);
});

test.concurrent('a half-open stream is made good by the resync', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.engine.faults.add({ ...events, do: 'half-open' });
  scene.run(['--resync', '1s']);
  await scene.serves(`${scene.address(20)}:8000`);
  scene.engine.world.stop('backend');
  await scene.servesNoMore(`${scene.address(20)}:8000`);
});

for (const leaving of ['nothing', 'socket file'] as const) {
  test.concurrent(`an engine that is away for a while (leaving ${leaving}) is right again in less than a second after it is back`, async ({
    scene,
  }) => {
    const nginx = await scene.frontend('frontend');
    scene.backend('backend', 20);
    const run = scene.run();
    await scene.serves(`${scene.address(20)}:8000`);
    const before = await scene.fileIdentity();
    await scene.engine.goAway(leaving);
    await waitUntil('that is told', () => problemCodes(run).includes('engine-unreachable'));
    await waitForStatus(scene, 'not connected', ({ engine }) => !engine.connected);
    expect(await scene.fileIdentity()).toBe(before);
    scene.engine.world.silently((world) => world.stop('backend'));
    scene.backend('backend-2', 21);
    const generation = nginx.generation();
    await scene.engine.comeBack();
    const backAtMs = Date.now();
    await waitUntil('nginx serves the new state', () => nginx.generation() !== generation);
    expect(Date.now() - backAtMs).toBeLessThan(1000);
    await scene.servesNoMore(`${scene.address(20)}:8000`);
    expect(await scene.content()).toContain(scene.address(21));
  });
}

test.concurrent('an engine that is away at the start: the file is kept, then right', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.backend('backend', 20);
  await scene.run().waitForLog('routes are live');
  await scene.stopAll();
  const before = await scene.fileIdentity();
  await scene.engine.goAway();
  scene.engine.world.stop('backend');
  const run = scene.run();
  await waitUntil('that is told', () => problemCodes(run).includes('engine-unreachable'));
  expect(await scene.fileIdentity()).toBe(before);
  await expect(scene.status()).resolves.toMatchObject({ ready: false, converged: false, engine: { connected: false } });
  const generation = nginx.generation();
  await scene.engine.comeBack();
  const backAtMs = Date.now();
  await waitUntil('nginx serves the new state', () => nginx.generation() !== generation);
  expect(Date.now() - backAtMs).toBeLessThan(1500);
  await scene.servesNoMore(`${scene.address(20)}:8000`);
});

for (const [what, fault] of [
  ['the subscription', events],
  ['a list', list],
  ['a signal', kill],
] as const) {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test.concurrent(`${signal} while ${what} hangs ends it with 0 within 2 s`, async ({ scene }) => {
      await scene.frontend('frontend');
      const set = scene.engine.faults.add({ ...fault, do: 'hang' });
      const run = scene.run();
      await waitUntil('it hangs', () => set.hits() > 0);
      const startMs = Date.now();
      run.signal(signal);
      expect(await run.ended).toMatchObject({ code: 0, signal: null });
      expect(Date.now() - startMs).toBeLessThan(2000);
      expect(run.log().at(-1)?.msg).toBe('stopped');
    });
  }
}

test.concurrent('SIGTERM while nginx does not answer ends it with 0 within 2 s', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  nginx.behaviour.answers = 'never';
  const run = scene.run();
  await waitUntil('it asks', () => nginx.asks.length > 0);
  const startMs = Date.now();
  run.signal('SIGTERM');
  expect(await run.ended).toMatchObject({ code: 0, signal: null });
  expect(Date.now() - startMs).toBeLessThan(2000);
});

test.concurrent('SIGTERM leaves the last good file, and no socket', async ({ scene }) => {
  await scene.frontend('frontend');
  const run = scene.run();
  await scene.converged();
  const before = await scene.fileIdentity();
  run.signal('SIGTERM');
  expect(await run.ended).toMatchObject({ code: 0, signal: null });
  expect(await scene.fileIdentity()).toBe(before);
  await expect(scene.status()).rejects.toThrow('ENOENT');
});

test.concurrent('a second stop signal ends it at once', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.engine.faults.add({ ...list, do: 'hang' });
  const run = scene.run();
  await run.waitForLog('connected to the engine');
  run.signal('SIGTERM');
  run.signal('SIGTERM');
  run.signal('SIGINT');
  expect(await run.ended).toMatchObject({ code: 0, signal: null });
});

test.concurrent('one signal that hangs does not keep another frontend waiting', async ({ scene }) => {
  await scene.frontend('frontend-1');
  const good = await scene.frontend('frontend-2', { host: 11 });
  scene.engine.faults.add({ method: 'POST', path: /frontend-1\/kill$/, do: 'hang', times: 1 });
  scene.run();
  await waitUntil('the other one serves', () => good.generation() !== 'none');
  scene.backend('backend', 20);
  await waitUntil('it goes on', async () => (await scene.content()).includes(`${scene.address(20)}:8000`));
  await waitUntil('the other one follows', () => good.generation() === readGeneration(scene.file()));
});
