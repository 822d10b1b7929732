import { EventEmitter, once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runCommand } from '../support/built-command.ts';
import type { FakeNginx } from '../support/fake-engine/nginx.ts';
import { waitUntil } from '../support/wait-until.ts';
import { addService, composeLabels, network, problemCodes, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

// Refusals, as opposed to lost signals, with the fake engine. test/e2e/refusal has the same with a real nginx.

const rejected = 'reload-rejected';

/** The part of the service `bad` that nginx refuses. At 503 the service has no upstream. */
const upstreamOfBad = 'upstream meet_meet.bad';

/** A Meet with a frontend and a backend. */
async function servedMeet(scene: Scene): Promise<FakeNginx> {
  const nginx = await scene.frontend('frontend');
  scene.backend('backend', 20);
  return nginx;
}

function isHeldBack({ code, message }: { readonly code: string; readonly message: string }): boolean {
  return code === rejected && message.includes('the whole change is held back');
}

/** Waits for the file's content, since a refused change never converges. */
async function published(scene: Scene, what: string, holds: (content: string) => boolean): Promise<void> {
  await waitUntil(`${what} is published`, async () => holds(await scene.content().catch(() => '')));
}

test.concurrent("a refusal is reported in the log's words, rolled back, and the rest of the change goes live", async ({ scene }) => {
  const nginx = await servedMeet(scene);
  const run = scene.run();
  await scene.converged();
  nginx.behaviour.refuseText = upstreamOfBad;
  // Both services appear in one look.
  scene.engine.world.silently(() => {
    addService(scene, 'bad', 30);
    addService(scene, 'more', 31);
  });
  run.signal('SIGHUP');
  await waitForStatus(scene, 'everything except one path is served', ({ problems, instances }) => {
    const isServed = instances[0]?.frontends[0]?.runningGeneration === instances[0]?.publishedGeneration;
    return isServed && problems.some((item) => item.code === 'route-left-out' && item.value === '=/bad,/bad/');
  });
  expect(run.logged('problem').map((line) => (line['problem'] as { value?: string }).value)).not.toContain('=/more,/more/');
  const { problems, converged } = await scene.status();
  expect(converged).toBe(false);
  expect(problems.find(({ code }) => code === rejected)?.message).toContain(`[emerg] ${upstreamOfBad} is refused`);
  expect(await scene.content()).toContain('location ^~ /more/ {');
  expect(await scene.content()).toMatch(/location \^~ \/bad\/ \{\s+return 503;/);
  expect(await scene.content()).not.toContain(upstreamOfBad);
  expect(await readFile(join(scene.out, 'meet/.rejected.conf'), 'utf8')).toContain(upstreamOfBad);
  expect(await readFile(join(scene.out, 'meet/.rejected.txt'), 'utf8')).toContain(`[emerg] ${upstreamOfBad} is refused`);

  nginx.behaviour.refuseText = undefined;
  run.signal('SIGHUP');
  await scene.serves(upstreamOfBad);
  expect((await scene.status()).problems).toEqual([]);
});

test.concurrent('the old routes stay during a test, and status, explain and the log say why', async ({ scene }) => {
  await servedMeet(scene);
  const run = scene.run();
  await scene.converged();
  const engine = new EventEmitter();
  const asked = scene.engine.faults.add({ method: 'POST', path: /\/exec$/, do: 'late', until: once(engine, 'answer') });
  addService(scene, 'more', 31);
  const status = await waitForStatus(scene, 'nginx tests the change', ({ instances: [meet] }) => {
    return meet?.onTrial === true && meet.desiredGeneration !== meet.publishedGeneration;
  });
  await waitUntil('the engine is asked to run the test', () => asked.hits() === 1);
  expect(status.converged).toBe(false);
  expect(status.instances[0]?.routes.find(({ path }) => path === '/more')).toMatchObject({ leftOut: true });
  const { stdout } = await runCommand(['status', '--out', scene.out]);
  expect(stdout).toContain('not everything that labels ask for is published yet, nginx is testing it first');
  expect((await runCommand(['explain', '--out', scene.out, '/more'])).stdout).toContain('but that is not published yet');
  // This engine can't run commands.
  engine.emit('answer');
  await scene.serves('location = /more {');
  await scene.converged();
  expect((await scene.status()).instances[0]?.onTrial).toBeUndefined();
  expect(run.logged('testsUnavailable')).toHaveLength(1);
});

test.concurrent("nginx's words are found among thousands of requests in the log, and visitors can not forge them", async ({ scene }) => {
  const nginx = await servedMeet(scene);
  scene.run();
  await scene.converged();
  Object.assign(nginx.behaviour, { refuseText: '^~ /bad/', requestsAfterRefusal: 3000 });
  addService(scene, 'bad', 30);
  const { problems } = await waitForStatus(scene, 'the refusal is reported', (status) =>
    status.problems.some(({ code }) => code === rejected),
  );
  const message = problems.find(({ code }) => code === rejected)?.message;
  expect(message).toContain('[emerg] ^~ /bad/ is refused');
  expect(message).not.toContain('forged');
});

test.concurrent('one of two frontends is enough to refuse, and is named', async ({ scene }) => {
  await servedMeet(scene);
  const stubborn = await scene.frontend('frontend-2', { host: 11 });
  scene.run();
  await scene.converged();
  stubborn.behaviour.refuseText = '/bad/';
  addService(scene, 'bad', 30);
  const { problems } = await waitForStatus(scene, 'the refusal is reported', (status) =>
    status.problems.some(({ code }) => code === rejected),
  );
  expect(problems.find(({ code }) => code === rejected)?.message).toContain('(frontend-2: [emerg] /bad/ is refused');
  await published(scene, 'a file without the refused route', (content) => !content.includes('^~ /bad/'));
});

test.concurrent('a frontend of another project can not block a route or decide the nginx version', async ({ scene }) => {
  const nginx = await scene.frontend('frontend', { version: '1.30.0' });
  const stranger = await scene.frontend('stranger', {
    host: 11,
    version: '1.22.1',
    container: {
      labels: composeLabels('evil', 'frontend', { 'meet.role': 'frontend', 'meet.instance': 'meet' }),
      networks: { [network]: scene.address(11) },
    },
  });
  scene.backend('backend', 20);
  scene.run();
  await scene.converged();
  stranger.behaviour.refuseText = '^~ /more/';
  addService(scene, 'more', 31);
  const { problems } = await waitForStatus(scene, "the other project's frontend refuses", (status) =>
    status.problems.some(({ code, container }) => code === 'reload-pending' && container === 'stranger'),
  );
  expect(problems.map(({ code }) => code)).not.toContain(rejected);
  const content = await scene.content();
  expect(content).toContain('^~ /more/');
  expect(content).toContain('keepalive_min_timeout');
  await waitUntil("the instance's own frontend serves the file", () => content.includes(nginx.generation()));
});

test.concurrent("a crash of another project's frontend withdraws no file before the owner's frontends have reported", async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  nginx.behaviour.answers = 'forbidden';
  await scene.frontend('stranger', {
    host: 11,
    container: {
      labels: composeLabels('evil', 'frontend', { 'meet.role': 'frontend', 'meet.instance': 'meet' }),
      networks: { [network]: scene.address(11) },
    },
  });
  scene.backend('backend', 20);
  const run = scene.run(['--check', 'off', '--verify-timeout', '10m']);
  await waitUntil('the file is published', async () => (await scene.content().catch(() => '')).includes(`${scene.address(20)}:8000`));
  for (const host of [21, 22, 23]) {
    scene.engine.world.die('stranger');
    scene.engine.world.start('stranger');
    scene.backend(`backend-${host}`, host);
    await waitUntil('the file has the new address', async () =>
      (await scene.content().catch(() => '')).includes(`${scene.address(host)}:8000`),
    );
  }
  expect(problemCodes(run)).not.toContain(rejected);
  expect(existsSync(join(scene.out, 'meet/.rejected.conf'))).toBe(false);
});

test.concurrent('lost signals never count as a refusal if the log has no reason', async ({ scene }) => {
  const nginx = await servedMeet(scene);
  const run = scene.run();
  await scene.converged();
  nginx.behaviour.loseSignals = 4;
  addService(scene, 'more', 31);
  await scene.serves('location = /more {');
  expect(nginx.behaviour.loseSignals).toBe(0);
  expect(problemCodes(run)).not.toContain(rejected);
  expect(existsSync(join(scene.out, 'meet/.rejected.conf'))).toBe(false);
});

test.concurrent('a signal that the engine rejects does not count as a refusal, even without a log', async ({ scene }) => {
  await servedMeet(scene);
  const run = scene.run(['--check', 'off']);
  await scene.converged();
  const failing = scene.engine.faults.add({ method: 'POST', path: /\/kill$/, do: 'status', status: 500, times: 4 });
  addService(scene, 'more', 31);
  await scene.serves('location = /more {');
  expect(failing.hits()).toBe(4);
  expect(problemCodes(run)).not.toContain(rejected);
});

test.concurrent('three signals without effect count as a refusal without access to the log, which is not read', async ({ scene }) => {
  const nginx = await servedMeet(scene);
  scene.run(['--check', 'off']);
  await scene.converged();
  nginx.behaviour.refuseText = upstreamOfBad;
  addService(scene, 'bad', 30);
  const { problems } = await waitForStatus(scene, 'the refusal is reported', (status) =>
    status.problems.some(({ code }) => code === rejected),
  );
  expect(problems.find(({ code }) => code === rejected)?.message).toContain('three signals');
  await published(scene, 'a file without the refused route', (content) => !content.includes('^~ /bad/'));
  expect(scene.engine.calls.filter(({ path }) => /logs|exec/.test(path))).toEqual([]);
});

test.concurrent('without access to the log, a bad label holds back its whole change, and the cure says how to find the label', async ({
  scene,
}) => {
  const nginx = await servedMeet(scene);
  const run = scene.run(['--check', 'off']);
  await scene.converged();
  const before = await scene.content();
  nginx.behaviour.refuseText = upstreamOfBad;
  scene.engine.world.silently(() => {
    addService(scene, 'bad', 30);
    addService(scene, 'more', 31);
  });
  run.signal('SIGHUP');
  const { problems } = await waitForStatus(scene, 'the change is held back', (status) => status.problems.some(isHeldBack));
  const { message, cure } = problems.find(isHeldBack) ?? {};
  expect(message).toContain('its log, which says why, can not be read from here');
  expect(message).toContain('(=/bad, /bad/, =/more, /more/)');
  expect(cure).toContain("read nginx's reason in the frontend's log");
  expect(cure).toContain('docs/refused-reloads.md');
  expect(problems.map(({ code }) => code)).toEqual([rejected]);
  const { length } = nginx.signals;
  scene.backend('backend-2', 21);
  await published(scene, 'the new address', (content) => content.includes(`${scene.address(21)}:8000`));
  await waitUntil('the frontend is live', async () => (await scene.status()).instances[0]?.frontends[0]?.phase === 'live');
  expect(await scene.content()).not.toMatch(/\/bad\/|\/more/);
  // No reload has tried a part of the change.
  expect(nginx.signals.length - length).toBe(1);
  scene.engine.world.remove('bad');
  await scene.serves('location ^~ /more/ {');
  expect(before).not.toContain('/more/');
});

test.concurrent('a change of addresses is never rolled back, and the signal is repeated until nginx accepts it', async ({ scene }) => {
  const nginx = await servedMeet(scene);
  const run = scene.run();
  await scene.converged();
  nginx.behaviour.refuseReload = true;
  scene.backend('backend-2', 21);
  const { problems } = await waitForStatus(scene, 'the refusal is reported', (status) =>
    status.problems.some(({ code }) => code === 'reload-pending'),
  );
  expect(problems[0]?.message).toContain('[emerg] it is refused');
  expect(await scene.content()).toContain(`${scene.address(21)}:8000`);
  nginx.behaviour.refuseReload = false;
  await scene.converged();
  expect(await scene.content()).toContain(`${scene.address(21)}:8000`);
  expect(problemCodes(run)).not.toContain(rejected);
});

test.concurrent('the next process does not publish a refused change, and knows the good edition', async ({ scene }) => {
  const nginx = await servedMeet(scene);
  const first = scene.run();
  await scene.converged();
  nginx.behaviour.refuseText = '/bad/';
  addService(scene, 'bad', 30);
  await waitForStatus(scene, 'the whole change is held back', ({ problems }) => problems.some(isHeldBack));
  await waitUntil('the good edition is live', async () => (await scene.status()).instances[0]?.frontends[0]?.phase === 'live');
  first.signal('SIGKILL');
  await first.ended;
  const signalled = nginx.signals.length;
  scene.backend('backend-2', 21);
  const second = scene.run();
  await published(scene, 'the new address', (content) => content.includes(`${scene.address(21)}:8000`));
  await waitUntil('the problem is logged again', () => problemCodes(second).includes(rejected));
  expect((await scene.status()).problems.filter(isHeldBack)).toHaveLength(1);
  await waitUntil('nginx serves the new address', async () => (await scene.status()).instances[0]?.frontends[0]?.phase === 'live');
  expect(await scene.content()).not.toContain('^~ /bad/');
  expect(nginx.signals.length - signalled).toBe(1);
});

for (const { what, text } of [
  { what: 'is invalid JSON', text: '{"format":1' },
  { what: 'has another format', text: '{"format":2,"refused":[]}' },
  {
    what: 'has a template that does not compile',
    text: '{"format":1,"refused":[],"lives":"","good":{"templates":[["routing.conf.eta","<% if"]],"structure":{}}}',
  },
  {
    what: 'has an invalid structure',
    text: '{"format":1,"refused":[],"lives":"","good":{"templates":[["routing.conf.eta","<%= it.x %>"]],"structure":null}}',
  },
]) {
  test.concurrent(`a stored state that ${what} has no effect`, async ({ scene }) => {
    await servedMeet(scene);
    const first = scene.run();
    await scene.converged();
    await first.stop();
    await writeFile(join(scene.out, 'meet/.editions.json'), text);
    scene.run();
    await scene.converged();
    expect((await scene.status()).problems).toEqual([]);
  });
}

test.concurrent('a refused first file is withdrawn, and the earlier file is back', async ({ scene }) => {
  const nginx = await servedMeet(scene);
  const first = scene.run();
  await scene.converged();
  await first.stop();
  const before = await scene.content();
  await rm(join(scene.out, 'meet/.editions.json'));
  nginx.behaviour.refuseReload = true;
  addService(scene, 'more', 31);
  scene.run();
  await waitForStatus(scene, 'the refusal is reported', ({ problems }) => problems.some(({ code }) => code === rejected));
  await waitUntil('the earlier file is back', async () => (await scene.content()) === before);
  expect(nginx.generation()).not.toBe('none');
});
