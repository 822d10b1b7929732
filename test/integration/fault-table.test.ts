import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { logMessages } from '../../src/util/log-messages.ts';
import { runCommand } from '../support/built-command.ts';
import type { CommandEnd } from '../support/built-command.ts';
import { readGeneration } from '../support/fake-engine/nginx.ts';
import { parseNginx, walk } from '../support/nginx-parse.ts';
import { isWhole, startBusyReader } from '../support/published-file.ts';
import { waitUntil } from '../support/wait-until.ts';
import { composeLabels, network, problemCodes, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

/*
 * Faults between meet-gen, the engine and the disk: each `describe` names a fault, each test its required outcome. A
 * generator fails here if it trusts events, lists before it subscribes, inspects containers, waits without a deadline,
 * trusts a signal or writes in place.
 */

const list = { method: 'GET', path: /^\/containers\/json$/ } as const;
const events = { method: 'GET', path: /^\/events$/ } as const;
const kill = { method: 'POST', path: /^\/containers\/[^/]+\/kill$/ } as const;

const backendLabels = (more: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  composeLabels('meet', 'backend', { 'meet.role': 'backend', ...more });

describe.concurrent('a change in the gap between list and subscribe', () => {
  test('at the start is found without a further event', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('backend-1', 20);
    scene.backend('backend-2', 21);
    const gap = scene.engine.faults.add({
      ...events,
      do: 'meanwhile',
      run: () => scene.engine.world.silently((world) => world.stop('backend-2')),
      times: 1,
    });
    scene.run();
    await scene.serves(`${scene.address(20)}:8000`);
    await scene.stopsServing(`${scene.address(21)}:8000`);
    expect(gap.hits()).toBe(1);
  });

  test('when the stream is opened again is found without a further event', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('backend-1', 20);
    scene.backend('backend-2', 21);
    scene.run();
    await scene.serves(`${scene.address(21)}:8000`);
    scene.engine.faults.add({
      ...events,
      do: 'meanwhile',
      run: () => scene.engine.world.silently((world) => world.stop('backend-2')),
      times: 1,
    });
    scene.engine.cutEventStreams();
    await scene.stopsServing(`${scene.address(21)}:8000`);
    const order = scene.engine.calls.map(({ path }) => path);
    expect(order.lastIndexOf('/containers/json')).toBeGreaterThan(order.lastIndexOf('/events'));
  });
});

describe.concurrent('a failed list', () => {
  for (const fault of [
    { name: 'answers 500', do: 'status', status: 500 },
    { name: 'is cut in the middle', do: 'cut' },
    { name: 'is dropped', do: 'drop' },
    { name: 'is truncated', do: 'body', body: '[{"Id":"abc","Names":["/fron' },
    { name: 'is of another shape', do: 'body', body: '{"message":"hello"}' },
    { name: 'has an entry without an id', do: 'body', body: '[{}]' },
    { name: 'is empty', do: 'body', body: '' },
  ] as const) {
    test(`keeps the file and is repeated without an event: the list ${fault.name}`, async ({ scene }) => {
      await scene.frontend('frontend');
      scene.backend('backend', 20);
      const run = scene.run();
      await scene.serves(`${scene.address(20)}:8000`);
      const before = await scene.fileIdentity();
      const set = scene.engine.faults.add({ ...list, ...fault });
      scene.engine.world.stop('backend');
      await waitUntil('both lists of the event and a retry have failed', () => set.hits() >= 3);
      expect(await scene.fileIdentity()).toBe(before);
      set.lift();
      await scene.stopsServing(`${scene.address(20)}:8000`);
      expect(problemCodes(run)).toContain('engine-unreachable');
      expect(run.hasEnded()).toBe(false);
    });
  }

  test('is repeated at the start, and nothing is published before a good list', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('backend', 20);
    scene.engine.faults.add({ ...list, do: 'status', status: 500, times: 3 });
    const run = scene.run(['--log-level', 'debug']);
    await scene.serves(`${scene.address(20)}:8000`);
    expect(run.logged('published')).toHaveLength(1);
  });
});

describe.concurrent('a call about one container that answers 500', () => {
  test('is never an inspection, and costs no route', async ({ scene }) => {
    await scene.frontend('frontend');
    const inspect = scene.engine.faults.add({ method: 'GET', path: /^\/containers\/[^/]+\/json$/, do: 'status', status: 500 });
    scene.backend('backend-1', 20);
    scene.run();
    await scene.serves(`${scene.address(20)}:8000`);
    scene.backend('backend-2', 21);
    await scene.serves(`${scene.address(21)}:8000`);
    expect(await scene.content()).toContain(`${scene.address(20)}:8000`);
    expect(inspect.hits()).toBe(0);
  });

  test('keeps the last good list in use, if the container lends its network to another', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.engine.world.add({ name: 'tunnel', networks: { [network]: scene.address(30) }, prefixLength: 24 });
    scene.backend('behind', 20, { networkMode: `container:${scene.engine.world.idOf('tunnel')}` });
    scene.backend('backend', 21);
    scene.run();
    await scene.serves(`${scene.address(30)}:8000`);
    const before = await scene.fileIdentity();
    const second = scene.engine.faults.add({ ...list, filters: /"id"/, do: 'status', status: 500 });
    scene.engine.world.stop('backend');
    await waitUntil('the second list has failed', () => second.hits() >= 3);
    expect(await scene.fileIdentity()).toBe(before);
    second.lift();
    await scene.stopsServing(`${scene.address(21)}:8000`);
    expect(await scene.content()).toContain(`${scene.address(30)}:8000`);
  });
});

describe.concurrent('a call that hangs', () => {
  test('is repeated after its deadline, and changes nothing: a list', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('backend', 20);
    scene.run();
    await scene.serves(`${scene.address(20)}:8000`);
    const before = await scene.fileIdentity();
    const fault = scene.engine.faults.add({ ...list, do: 'hang', times: 1 });
    scene.engine.world.stop('backend');
    await waitUntil('the list hangs', () => fault.hits() === 1);
    expect(await scene.fileIdentity()).toBe(before);
    await scene.stopsServing(`${scene.address(20)}:8000`);
  });

  test('is repeated after its deadline: a list that trickles in without an end', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('backend', 20);
    scene.run();
    await scene.serves(`${scene.address(20)}:8000`);
    const fault = scene.engine.faults.add({ ...list, do: 'trickle', bytes: 1, everyMs: 500, times: 1 });
    scene.engine.world.stop('backend');
    await waitUntil('the list trickles in', () => fault.hits() === 1);
    await scene.stopsServing(`${scene.address(20)}:8000`);
  });

  test('is repeated after its deadline: the subscription', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.engine.faults.add({ ...events, do: 'hang', times: 1 });
    scene.run();
    await scene.converged();
    expect(scene.engine.eventStreams()).toBe(1);
    scene.backend('backend', 20);
    await scene.serves(`${scene.address(20)}:8000`);
  });

  test('is repeated after its deadline, and delays no other frontend: a signal', async ({ scene }) => {
    const hung = await scene.frontend('frontend-1');
    const good = await scene.frontend('frontend-2', { host: 11 });
    const fault = scene.engine.faults.add({ method: 'POST', path: /frontend-1\/kill$/, do: 'hang', times: 1 });
    scene.run();
    await waitUntil('the other frontend serves', () => good.generation() !== 'none');
    expect(hung.generation()).toBe('none');
    scene.backend('backend', 20);
    await waitUntil('the new backend is published', async () => (await scene.content()).includes(`${scene.address(20)}:8000`));
    await waitUntil('the other frontend serves the new backend', () => good.generation() === readGeneration(scene.file()));
    await scene.converged();
    expect(fault.hits()).toBe(1);
  });

  for (const [what, fault] of [
    ['the subscription', events],
    ['a list', list],
    ['a signal', kill],
  ] as const) {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      test(`does not delay the stop at ${signal}: ${what}`, async ({ scene }) => {
        await scene.frontend('frontend');
        const set = scene.engine.faults.add({ ...fault, do: 'hang' });
        const run = scene.run();
        await waitUntil('the call hangs', () => set.hits() > 0);
        run.signal(signal);
        expect(await run.ended).toMatchObject({ code: 0, signal: null });
        expect(run.log().at(-1)?.msg).toBe(logMessages.stopped.message);
      });
    }
  }
});

describe.concurrent('a signal call that fails once', () => {
  for (const fault of [
    { name: 'answers 500', do: 'status', status: 500, message: 'no luck' },
    { name: 'is dropped', do: 'drop' },
  ] as const) {
    test(`is reported, and repeated until the reload is proven: the call ${fault.name}`, async ({ scene }) => {
      const nginx = await scene.frontend('frontend');
      const set = scene.engine.faults.add({ ...kill, ...fault, times: 1 });
      const run = scene.run();
      await scene.converged();
      expect(set.hits()).toBe(1);
      expect(nginx.signals).toHaveLength(1);
      expect(problemCodes(run)).toContain('signal-failed');
      await waitUntil('the problem is resolved', () => problemCodes(run, 'problemResolved').includes('signal-failed'));
    });
  }
});

describe.concurrent('a slow pass', () => {
  test('runs alone, and a newer pass corrects its outdated list', async ({ scene }) => {
    const nginx = await scene.frontend('frontend');
    scene.backend('backend-1', 20);
    scene.backend('backend-2', 21);
    scene.run();
    await scene.serves(`${scene.address(21)}:8000`);
    const lists = scene.engine.listCalls().length;
    const gate = createGate();
    const slow = scene.engine.faults.add({ ...list, do: 'late', until: gate.opened, times: 1 });
    scene.engine.world.pause('backend-1');
    await waitUntil('the slow list is under way', () => slow.hits() === 1);
    // From here on, the answer of the slow list is outdated.
    scene.engine.world.unpause('backend-1');
    scene.engine.world.stop('backend-2');
    // Long enough for a second pass to begin.
    await sleep(800);
    expect(scene.engine.listCalls().length - lists).toBe(1);
    gate.open();
    await scene.stopsServing(`${scene.address(21)}:8000`);
    await scene.serves(`${scene.address(20)}:8000`);
    expect(nginx.generation()).toBe(readGeneration(scene.file()));
  });
});

for (const leaving of ['nothing', 'socket file'] as const) {
  describe.concurrent(`an engine that is away for 1 s while addresses change (leaving ${leaving})`, () => {
    test('is reported, keeps the file, and is read without a further event when it is back', async ({ scene }) => {
      await scene.frontend('frontend');
      scene.backend('backend', 20);
      const run = scene.run();
      await scene.serves(`${scene.address(20)}:8000`);
      const before = await scene.fileIdentity();
      await scene.engine.goAway(leaving);
      await waitUntil('the problem is reported', () => problemCodes(run).includes('engine-unreachable'));
      await waitForStatus(scene, 'the status shows no connection', ({ engine }) => !engine.connected);
      await sleep(1000);
      expect(await scene.fileIdentity()).toBe(before);
      scene.engine.world.silently((world) => {
        world.stop('backend');
        scene.backend('backend-2', 21);
      });
      await scene.engine.comeBack();
      await scene.stopsServing(`${scene.address(20)}:8000`);
      await scene.serves(`${scene.address(21)}:8000`);
      await waitUntil('the problem is reported as resolved', () => problemCodes(run, 'problemResolved').includes('engine-unreachable'));
    });
  });
}

describe.concurrent('an engine that is away at the start', () => {
  test('keeps the file, and is read without a further event when it is back', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('backend', 20);
    await scene.run().waitForLog('routesLive');
    await scene.stopAll();
    const before = await scene.fileIdentity();
    await scene.engine.goAway();
    scene.engine.world.stop('backend');
    const run = scene.run();
    await waitUntil('the problem is reported', () => problemCodes(run).includes('engine-unreachable'));
    expect(await scene.fileIdentity()).toBe(before);
    await expect(scene.status()).resolves.toMatchObject({ ready: false, converged: false, engine: { connected: false } });
    await scene.engine.comeBack();
    await scene.stopsServing(`${scene.address(20)}:8000`);
  });

  test('is tried again with growing pauses from 100 ms on', async ({ scene }) => {
    await scene.frontend('frontend');
    const fault = scene.engine.faults.add({ ...events, do: 'status', status: 500, times: 5 });
    scene.run();
    await scene.converged();
    expect(fault.hits()).toBe(5);
    const atMs = scene.engine.calls.filter(({ path }) => path === '/events').map((call) => call.atMs);
    const pauses = atMs.slice(1).map((time, index) => time - (atMs[index] ?? 0));
    // Half of each pause is jitter: 50 to 100 ms, 100 to 200, 200 to 400, then up to the cap.
    expect(pauses.map((pause, index) => pause >= [50, 100, 200, 250, 250][index]! - 2)).toEqual([true, true, true, true, true]);
  });
});

describe.concurrent('a label with a bad value', () => {
  const bad = { 'meet.port': '99999', 'meet.read-timeout': 'soon', 'meet.body-size': '-1', 'meet.connect-timeout': '∞' };

  test('costs that label alone, and is reported until it is fixed', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('good', 20);
    const run = scene.run();
    await scene.serves(`${scene.address(20)}:8000`);
    scene.backend('bad', 21, { labels: backendLabels(bad) });
    await scene.serves(`${scene.address(21)}:8000`);
    expect(await scene.content()).toContain(`${scene.address(20)}:8000`);
    const { problems } = await scene.status();
    const reported = problems.filter(({ code }) => code === 'bad-label-value');
    expect(
      reported.map(({ container, key }) => ({ container, key })).toSorted((left, right) => (left.key ?? '').localeCompare(right.key ?? '')),
    ).toEqual(
      Object.keys(bad)
        .toSorted()
        .map((key) => ({ container: 'bad', key })),
    );
    scene.engine.world.remove('bad');
    scene.backend('fixed', 22);
    await scene.serves(`${scene.address(22)}:8000`);
    await scene.stopsServing(`${scene.address(21)}:8000`);
    await waitUntil('the problems are reported as resolved', () => problemCodes(run, 'problemResolved').length >= reported.length);
    expect(run.hasEnded()).toBe(false);
  });

  test('on a frontend gives way to the default, too', async ({ scene }) => {
    await scene.frontend('frontend', {
      container: {
        labels: composeLabels('meet', 'frontend', {
          'meet.role': 'frontend',
          'meet.listen': 'x',
          'meet.host': 'a b',
          'meet.status-port': '0',
        }),
      },
    });
    scene.backend('backend', 20);
    scene.run();
    await scene.serves(`${scene.address(20)}:8000`);
    expect(await scene.content()).toMatch(/listen 8083;[^]*listen 8084;/);
  });
});

describe.concurrent('a missing out directory', () => {
  test('is a clear error at the start', async ({ scene }) => {
    const end = await runCommand(['run', '--out', join(scene.folder, 'none')]);
    expect(end).toMatchObject({ code: 2, signal: null, stdout: '' });
    expect(end.stderr).toBe(
      `meet-gen: --out: ${scene.folder}/none does not exist; mount the volume that the frontend shares there, or name another directory\n`,
    );
  });

  test('is a problem later, and the file is published again when the directory is back', async ({ scene }) => {
    const file = join(scene.out, 'routing.conf');
    await scene.frontend('frontend', { file });
    scene.backend('backend', 20);
    const run = scene.run(['--instance', 'meet']);
    await run.waitForLog('routesLive');

    // meet-gen can't replace a file that has the directory's name.
    await rename(scene.out, `${scene.out}.away`);
    await writeFile(scene.out, '');
    const looked = scene.engine.listCalls().length;
    scene.backend('backend-2', 21);
    await waitUntil('the problem is reported', () => problemCodes(run).includes('publish-failed'));
    await waitUntil('meet-gen retries after both lists of the event', () => scene.engine.listCalls().length >= looked + 4);
    expect(run.hasEnded()).toBe(false);
    await rm(scene.out);
    await mkdir(scene.out, { recursive: true });
    await waitUntil('the file is published again', () => readGeneration(file) !== 'none');
    await waitUntil('the problem is resolved', () => problemCodes(run, 'problemResolved').includes('publish-failed'));
    await waitForStatus(scene, 'the status is converged, on a new socket', ({ converged }) => converged);
    expect(await runHealthcheck(scene)).toMatchObject({ code: 0 });
  });

  test('is created again at the next change', async ({ scene }) => {
    const file = join(scene.out, 'routing.conf');
    await scene.frontend('frontend', { file });
    const run = scene.run(['--instance', 'meet']);
    await run.waitForLog('routesLive');
    // meet-gen may still be writing the state that it keeps.
    await rm(scene.out, { recursive: true, maxRetries: 10 });
    scene.backend('backend', 20);
    await run.waitForLog('routesLive', 2);
    expect(readGeneration(file)).not.toBe('none');
  });
});

describe.concurrent('a reader during 60 writes', () => {
  test('sees whole files only', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('backend-0', 20);
    const run = scene.run(['--wait', '10ms:10ms', '--log-level', 'debug']);
    await scene.serves(`${scene.address(20)}:8000`);
    const published = run.logged('published').length;
    const reader = await startBusyReader(scene.file());
    for (let write = 1; write <= 60; write += 1) {
      // The removal is silent: only one event for each write, so that no write waits for the quiet time.
      scene.engine.world.silently((world) => world.remove(`backend-${write - 1}`));
      scene.backend(`backend-${write}`, 20 + write);
      await waitUntil('the file is written', async () =>
        (await scene.content().catch(() => '')).includes(`${scene.address(20 + write)}:8000`),
      );
    }
    const { reads, failed, contents } = await reader.stop();
    expect({ failed, empty: contents.filter((content) => content === '').length }).toEqual({ failed: 0, empty: 0 });
    expect(contents.filter((content) => !isWhole(content))).toEqual([]);
    await waitUntil('the log shows 60 published files', () => run.logged('published').length - published >= 60);
    expect(reads).toBeGreaterThan(60);
    expect(contents.length).toBeGreaterThan(1);
  });
});

const otherBackend = composeLabels('other', 'backend', { 'meet.role': 'backend' });

describe.concurrent('100 irrelevant health events of 50 containers', () => {
  for (const { whose, labels, flags, folder } of [
    { whose: 'without a role', labels: {}, flags: [], folder: 'meet' },
    // With --instance the file lies in the out directory itself.
    { whose: 'of another instance', labels: otherBackend, flags: ['--instance', 'meet'], folder: '.' },
  ] as const) {
    test(`cause no call: containers ${whose}`, async ({ scene }) => {
      await scene.frontend('frontend', { file: scene.file(folder) });
      scene.backend('backend', 20);
      for (let host = 100; host < 150; host += 1)
        scene.engine.world.add({ name: `stranger-${host}`, networks: { [network]: scene.address(host) }, health: 'healthy', labels });
      scene.run(flags);
      await scene.serves(`${scene.address(20)}:8000`, folder);
      const before = { lists: scene.engine.listCalls().length, calls: scene.engine.calls.length, events: scene.engine.sentEvents() };

      for (const health of ['unhealthy', 'healthy'] as const) {
        for (let host = 100; host < 150; host += 1) {
          scene.engine.world.health(`stranger-${host}`, health);
          // Spread out: a burst of any size would cause a single look.
          if (host % 10 === 0) await sleep(100);
        }
      }
      for (const name of ['frontend', 'backend', 'stranger-100']) scene.engine.world.exec(name);
      scene.engine.world.kill('frontend', 'USR1');
      scene.engine.world.disconnect('stranger-101', network);
      scene.engine.world.stop('stranger-102');
      scene.engine.world.remove('stranger-103');
      expect(scene.engine.sentEvents() - before.events).toBeGreaterThan(100);
      // The stream is in order: meet-gen reads this event after all the others.
      scene.backend('last', 21);
      await scene.serves(`${scene.address(21)}:8000`, folder);
      expect(scene.engine.listCalls().length - before.lists).toBeLessThanOrEqual(2);
      expect(scene.engine.calls.length - before.calls).toBeLessThanOrEqual(3);
    });
  }
});

describe.concurrent('an event with a short or odd id', () => {
  test('is ignored, and the stream goes on', async ({ scene }) => {
    await scene.frontend('frontend');
    const run = scene.run();
    await scene.converged();
    const before = scene.engine.listCalls().length;
    for (const id of ['x', '', 'abc123', '../../etc', 'x'.repeat(100_000), 'ünï\u0000', 7, null, {}, undefined])
      scene.engine.writeToEventStreams(`${JSON.stringify({ Type: 'container', Action: 'start', Actor: { ID: id, Attributes: {} } })}\n`);
    for (const line of ['{}', 'null', '[]', 'no json', '{"Type":"container"}', '{"Type":"container","Action":7,"Actor":{"ID":"x"}}', '']) {
      scene.engine.writeToEventStreams(`${line}\n`);
    }
    scene.engine.writeToEventStreams('{"Type":"network","Action":"connect","Actor":{"ID":"x","Attributes":null}}\n');
    scene.backend('backend', 20);
    await scene.serves(`${scene.address(20)}:8000`);
    expect(scene.engine.listCalls().length - before).toBeLessThanOrEqual(2);
    expect(scene.engine.eventStreams()).toBe(1);
    expect(scene.engine.calls.filter(({ path }) => path === '/events')).toHaveLength(1);
    expect(run.hasEnded()).toBe(false);
  });

  test('causes at most a look if it claims a role', async ({ scene }) => {
    await scene.frontend('frontend');
    const run = scene.run();
    await scene.converged();
    const before = await scene.fileIdentity();
    const lists = scene.engine.listCalls().length;
    const claim = { Type: 'container', Action: 'kill', Actor: { ID: 'x', Attributes: { 'meet.role': 'backend', signal: '15' } } };
    scene.engine.writeToEventStreams(`${JSON.stringify(claim)}\n`);
    await waitUntil('the event has caused a look', () => scene.engine.listCalls().length === lists + 2);
    await scene.converged();
    expect(await scene.fileIdentity()).toBe(before);
    expect(run.hasEnded()).toBe(false);
  });
});

describe.concurrent('render without an engine', () => {
  for (const leaving of ['nothing', 'socket file'] as const) {
    test(`exits with 3 and one line with the fix, without output (leaving ${leaving})`, async ({ scene }) => {
      await scene.engine.goAway(leaving);
      const { code, stdout, stderr } = await runCommand(['render', '--docker-host', scene.engine.host]);
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(stderr).toContain(scene.engine.host);
      expect(stderr).toMatch(/; .*--docker-host/);
    });
  }
});

describe.concurrent('a hostile label', () => {
  const injections = [
    '/x { return 200; } } server { listen 1; } #',
    '/x;\nserver { listen 1; }',
    '"; } server { listen 1; } "',
    '8000; } server { listen 1; }',
  ];

  const hostileKeys = ['meet.port', 'meet.read-timeout', 'meet.body-size', 'meet.connect-timeout', 'meet.service', 'meet.network'];

  /** Adds two services: one with a good path, and one with the injected text as its only path. */
  function addServices(scene: Scene, name: string, injection: string | undefined): void {
    const hostile = injection === undefined ? {} : Object.fromEntries(hostileKeys.map((key) => [key, injection]));
    const paths = [
      [`${name}-good`, 40, `/${name}`],
      [`${name}-bad`, 60, injection],
    ] as const;
    for (const [service, host, path] of paths) {
      const more = { 'meet.role': 'service', ...hostile, ...(path === undefined ? {} : { 'meet.paths': path }) };
      scene.backend(service, host + Number(name.at(-1)), { labels: composeLabels('meet', service, more), ports: [8000] });
    }
  }

  test('is refused on every key, and adds no directive', async ({ scene }) => {
    const { world } = scene.engine;
    const frontend = { 'meet.role': 'frontend', 'meet.host': 'meet.example.com; } server { listen 1; }' };
    await scene.frontend('frontend', { container: { labels: composeLabels('meet', 'frontend', frontend) } });
    scene.backend('backend', 20);
    const names = injections.map((_, index) => `service-${index}`);
    for (const name of names) addServices(scene, name, undefined);
    const run = scene.run();
    await scene.serves(`${scene.address(20)}:8000`);
    const before = directiveCounts(await scene.content());
    expect(await scene.content()).toContain('/service-3/');

    for (const name of names) for (const service of [`${name}-good`, `${name}-bad`]) world.remove(service);
    names.forEach((name, index) => addServices(scene, name, injections[index]));
    scene.backend('last', 21);
    await scene.serves(`${scene.address(21)}:8000`);
    await waitUntil(
      'the bad values are reported',
      () => problemCodes(run).filter((code) => code === 'bad-label-value').length > hostileKeys.length,
    );
    expect(await scene.content()).toContain('/service-3/');
    const after = directiveCounts(await scene.content());
    expect({ ...after, 'upstream/server': 0 }).toEqual({ ...before, 'upstream/server': 0 });
    expect(await scene.content()).not.toContain('listen 1;');
  });
});

/** For a state that must last this long; `waitUntil` waits for a change. */
function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

function createGate(): Gate {
  let resolveOpened: (() => void) | undefined;
  const opened = new Promise<void>((resolve) => (resolveOpened = resolve));
  return { opened, open: () => resolveOpened?.() };
}

/** The number of each directive in a file, by the blocks around it. */
function directiveCounts(content: string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { path, directive } of walk(parseNginx(content))) {
    const name = `${path}/${directive.name}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function runHealthcheck(scene: Scene): Promise<CommandEnd> {
  return runCommand(['healthcheck', '--out', scene.out]);
}
