import { cp, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import type { Problem, ProblemCode } from '../../src/model/problem.ts';
import { startFaultyRun } from '../support/error-boundaries/throw-in-function.ts';
import type { Fault, FaultyRun } from '../support/error-boundaries/throw-in-function.ts';
import { runCommand, startCommand } from '../support/built-command.ts';
import { logMessages } from '../../src/util/log-messages.ts';
import { waitUntil } from '../support/wait-until.ts';
import { addService, askPort, askSocket, composeLabels, freePort, network, problemCodes, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

// An error in one part of the sidecar costs that part alone: it is logged once and retried, and the others go on.

interface Room {
  readonly name: string;
  readonly fault: Fault;
  /** How the failure is reported, once: as a part that fails, by the beginning of its name, or as a problem. */
  readonly told: { readonly part: string } | { readonly problem: ProblemCode };
  readonly flags?: (scene: Scene) => readonly string[];
  readonly prepare?: (scene: Scene) => unknown;
  /** Has the part do something; `nth` counts from 0. */
  readonly act: (scene: Scene, faulty: FaultyRun, nth: number) => unknown;
  /** It is done again only when it is asked for again. */
  readonly isAsked?: true;
  /** Nothing can be published meanwhile. */
  readonly stopsAll?: true;
}

const ask = (scene: Scene, path: string): Promise<unknown> => askSocket(scene.statusSocket, path).catch(() => undefined);
const hangUp = (_: Scene, { run }: FaultyRun): void => run.signal('SIGHUP');

/** The rotation changes, and with it the file. */
function stir(scene: Scene, _: FaultyRun, nth: number): void {
  scene.engine.world.health('backend-2', nth % 2 === 0 ? 'unhealthy' : 'healthy');
}

const templatesOf = (scene: Scene): string => join(scene.folder, 'templates');
const shipped = fileURLToPath(new URL('../../templates', import.meta.url));

const rooms: readonly Room[] = [
  { name: 'a pass', fault: { call: 'toSorted', from: 'sortProblems' }, told: { part: 'a pass' }, act: stir, stopsAll: true },
  {
    name: 'the pass of one instance',
    fault: { call: 'toSorted', from: 'routedServices', about: '"project":"meet"' },
    told: { part: 'the pass of meet' },
    act: stir,
  },
  {
    name: 'rendering',
    fault: { call: 'createHash', from: 'renderWithGeneration' },
    told: { problem: 'template-broken' },
    act: stir,
    stopsAll: true,
  },
  {
    name: 'publishing',
    fault: { call: 'rename', from: '\\w+', about: '/meet/routing.conf' },
    told: { problem: 'publish-failed' },
    act: stir,
  },
  {
    name: 'keeping what nginx said',
    fault: { call: 'join', from: '\\w+', about: '.editions.json' },
    told: { part: 'keeping what nginx said' },
    act: (scene, _, nth) => addService(scene, `service-${nth}`, 40 + nth),
    isAsked: true,
  },
  { name: 'asking nginx', fault: { call: 'setMaxListeners', from: 'askGeneration' }, told: { part: 'the proof of frontend' }, act: stir },
  {
    name: 'asking as a visitor',
    fault: { call: 'setMaxListeners', from: 'visit' },
    told: { part: 'the proof of frontend' },
    act: hangUp,
  },
  { name: 'signalling', fault: { call: 'setMaxListeners', from: 'signalHup' }, told: { problem: 'signal-failed' }, act: stir },
  {
    name: 'probing',
    fault: { call: 'setMaxListeners', from: 'probeOnce' },
    told: { part: 'the probe of ' },
    prepare: (scene) => {
      const labels = { 'meet.role': 'service', 'meet.paths': '/p', 'meet.port': '3000', 'meet.health': 'tcp' };
      scene.engine.world.add({
        name: 'probed',
        labels: composeLabels('meet', 'probed', labels),
        networks: { [network]: scene.address(30) },
        prefixLength: 24,
      });
    },
    act: () => undefined,
  },
  {
    name: 'answering /',
    fault: { call: 'now', from: 'page' },
    told: { part: 'answering /' },
    act: (scene) => ask(scene, '/'),
    isAsked: true,
  },
  {
    name: 'answering /status',
    fault: { call: 'stringify', from: 'send', about: '"changes":' },
    told: { part: 'answering /status' },
    act: (scene) => ask(scene, '/status'),
    isAsked: true,
  },
  {
    name: 'answering /metrics',
    fault: { call: 'flatMap', from: 'metricsOf' },
    told: { part: 'answering /metrics' },
    act: (scene) => ask(scene, '/metrics'),
    isAsked: true,
  },
  {
    name: 'answering explain',
    fault: { call: 'flatMap', from: 'explain\\w*|notesOn|containersFor' },
    told: { part: 'answering /explain' },
    act: (scene) => ask(scene, '/explain?target=/api'),
    isAsked: true,
  },
  {
    name: 'answering drain',
    fault: { call: 'flatMap', from: '(?<!Promise\\.)all' },
    told: { part: 'answering /drain' },
    act: async (scene) => {
      await runCommand(['drain', '--out', scene.out, '--timeout', '10s', 'backend-2']);
      await runCommand(['drain', '--out', scene.out, '--cancel', 'backend-2']);
    },
    isAsked: true,
  },
  {
    name: 'watching templates',
    fault: { call: 'setTimeout', from: 'trigger' },
    told: { part: 'the watch of templates' },
    flags: (scene) => ['--templates', templatesOf(scene)],
    prepare: (scene) => cp(shipped, templatesOf(scene), { recursive: true }),
    act: (scene, _, nth) => writeFile(join(templatesOf(scene), `other-${nth}.eta`), '# nothing\n'),
    isAsked: true,
  },
  {
    name: 'taking in events',
    fault: { call: 'min', from: 'takeEvent|onEvent' },
    told: { part: 'an event of the engine' },
    act: stir,
    isAsked: true,
  },
  {
    name: 'the stream of events',
    fault: { call: 'now', from: 'onConnected' },
    told: { part: 'the event stream' },
    act: async (scene) => {
      await scene.engine.goAway();
      await waitForStatus(scene, 'the engine is gone', ({ engine }) => !engine.connected);
      await scene.engine.comeBack();
      await waitForStatus(scene, 'the engine is back', ({ engine }) => engine.connected);
    },
    isAsked: true,
  },
  { name: 'logging what went live', fault: { call: 'now', from: 'noteProof' }, told: { part: '' }, act: stir },
  {
    name: 'the timer of the resync',
    fault: { call: 'setImmediate', from: 'renewIfSilent' },
    told: { part: 'a look at the event stream' },
    flags: () => ['--resync', '1s'],
    act: () => undefined,
  },
  { name: 'SIGHUP', fault: { call: 'max', from: 'resync' }, told: { part: 'a resync' }, act: hangUp, isAsked: true },
  { name: 'keeping the socket', fault: { call: 'existsSync', from: 'reopen' }, told: { part: 'the status socket' }, act: () => undefined },
  {
    name: 'updating open pages',
    fault: { call: 'setTimeout', from: 'schedule' },
    told: { part: 'updating open pages' },
    act: stir,
    isAsked: true,
  },
];

/** Two Meets that are live; `meet` has a second backend. */
async function startTwo(scene: Scene, flags: readonly string[]): Promise<FaultyRun> {
  await scene.frontend('frontend', { version: '1.30.3' });
  scene.backend('backend-1', 20, { health: 'healthy' });
  scene.backend('backend-2', 21, { health: 'healthy' });
  await scene.frontend('frontend-b', { instance: 'other', host: 11, version: '1.30.3' });
  addOther(scene, 'other-1', 50);
  const faulty = startFaultyRun(scene, flags);
  await scene.converged();
  return faulty;
}

function addOther(scene: Scene, name: string, host: number): void {
  const labels = composeLabels('other', 'backend', { 'meet.role': 'backend' });
  scene.backend(name, host, { labels, networks: { other_default: scene.address(host) } });
}

/** A page that is open; returns how to close it. */
function openPage(scene: Scene): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: scene.statusSocket, path: '/live', agent: false }, (response) => {
      response.on('error', () => undefined);
      response.on('data', () => resolve(() => void asked.destroy()));
    });
    asked.on('error', reject);
    asked.end();
  });
}

type Wrap = (program: string, args: readonly string[]) => readonly string[];

/** Starts a program by a line of shell, in which it is `"$@"`. */
const byShell =
  (line: string): Wrap =>
  (program, args) => ['sh', '-c', line, 'sh', program, ...args];

/** No line says what another one says already. */
function expectOnce(reported: readonly unknown[], why: string): void {
  const texts = reported.map((one) => JSON.stringify(one, (key, value: unknown) => (key === 'time' || key === 'err' ? undefined : value)));
  expect(texts.length, why).toBeGreaterThan(0);
  expect(new Set(texts).size, why).toBe(texts.length);
}

describe.concurrent('an error in a part', () => {
  for (const { name, fault, told, flags, prepare, act, isAsked, stopsAll } of rooms) {
    test(`${name}: is logged once, costs no other part, and is retried until it works`, async ({ scene, onTestFinished }) => {
      await prepare?.(scene);
      const faulty = await startTwo(scene, flags?.(scene) ?? []);
      const { run, setFault, thrown } = faulty;
      if (name === 'updating open pages') onTestFinished(await openPage(scene));
      const told0 = run.log().length;
      const reported = (): readonly unknown[] =>
        'part' in told
          ? run.logged('partFailed').filter(({ part }) => String(part).startsWith(told.part))
          : run
              .logged('problem')
              .map(({ problem }) => problem as Problem)
              .filter(({ code }) => code === told.problem);

      await setFault(fault);
      let nth = 0;
      const describeRun = (): string => `thrown ${thrown()} times\n${run.stderr().split('\n').slice(told0).join('\n')}`;
      await waitUntil(
        'it has failed, and failed again',
        async () => {
          if (run.hasEnded()) throw new Error(`the process has ended:\n${run.stderr()}`);
          if (nth === 0 || isAsked === true) await act(scene, faulty, nth++);
          return thrown() >= 2;
        },
        undefined,
        describeRun,
      );
      await waitUntil('it is reported', () => reported().length > 0, undefined, describeRun);
      expect(await askSocket(scene.statusSocket, '/healthz')).toMatchObject({ status: 200 });
      if (stopsAll !== true) {
        addOther(scene, 'other-2', 51);
        await waitUntil(
          'the other Meet follows',
          async () => (await scene.content('other')).includes(`${scene.address(51)}:8000`),
          undefined,
          describeRun,
        );
      }
      expectOnce(reported(), describeRun());

      await setFault();
      addOther(scene, 'other-3', 52);
      await waitUntil(
        'it works again',
        async () => {
          if (isAsked === true) await act(scene, faulty, nth++);
          return 'part' in told
            ? run.logged('partWorks').some(({ part }) => String(part).startsWith(told.part))
            : problemCodes(run, 'problemResolved').includes(told.problem);
        },
        undefined,
        describeRun,
      );
      scene.engine.world.health('backend-2', 'healthy');
      await scene.serves(`${scene.address(52)}:8000`, 'other');
      await scene.serves(`${scene.address(21)}:8000`);
      const { problems } = await waitForStatus(
        scene,
        'nothing is wrong any more',
        (status) => status.converged && status.problems.length === 0,
      );
      expect(problems).toEqual([]);
      expect(run.hasEnded()).toBe(false);
      expectOnce(reported(), describeRun());
    });
  }
});

describe.concurrent('an error that no part has caught', () => {
  for (const call of ['a timer outside all parts', 'a promise outside all parts'])
    test(`${call}: is logged as a bug, with whom to tell, and ends the process with 1`, async ({ scene }) => {
      const { run, setFault } = await startTwo(scene, []);
      await setFault({ call });
      expect(await run.ended).toMatchObject({ code: 1, stdout: '' });
      const [bug, ...others] = run.log().filter(({ level }) => level === 'fatal');
      expect(others).toEqual([]);
      expect(bug).toMatchObject({ msg: logMessages.bug.message, cure: expect.stringContaining('docs/contributing.md') as string });
      expect(bug?.['err']).toMatchObject({ type: 'TypeError', message: 'thrown by a test' });
      // A restart goes on where it was.
      scene.run();
      await scene.converged();
    });
});

test.concurrent('a log that nobody can write costs lines alone', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  for (const format of ['json', 'pretty']) {
    const run = scene.run(['--log-format', format], { wrap: byShell('exec "$@" 2>/dev/full') });
    await scene.converged();
    expect(run.hasEnded()).toBe(false);
    expect(await run.stop()).toMatchObject({ code: 0 });
  }
});

test.concurrent('results that nobody can write: said, and exit 1', async () => {
  const end = await startCommand(['hook'], { wrap: byShell('exec "$@" >/dev/full') }).ended;
  expect(end).toMatchObject({ code: 1, stderr: 'meet-gen: the output could not be written: ENOSPC: no space left on device, write\n' });
});

test.concurrent('more connections than descriptors: those wait or fail, meet-gen goes on', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  const port = await freePort();
  const run = scene.run(['--listen', `127.0.0.1:${port}`], { wrap: byShell('ulimit -n 60; exec "$@"') });
  await scene.converged();
  let closed = 0;
  const sockets = Array.from({ length: 120 }, () =>
    connect(port, '127.0.0.1')
      .on('error', () => undefined)
      .on('close', () => (closed += 1)),
  );
  await waitUntil('it has none left', () => run.hasEnded() || closed > 0, undefined, run.stderr);
  for (const socket of sockets) socket.destroy();
  await waitUntil(
    'it answers again',
    async () => run.hasEnded() || (await askPort(port, '/healthz').catch(() => undefined))?.status === 200,
  );
  expect(run.hasEnded(), run.stderr()).toBe(false);
  scene.backend('backend-2', 21);
  await scene.serves(`${scene.address(21)}:8000`);
});
