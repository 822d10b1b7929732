import { expect } from 'vitest';
import { logMessages } from '../../src/util/log-messages.ts';
import type { LogMessageName } from '../../src/util/log-messages.ts';
import type { RunningCommand } from '../support/built-command.ts';
import { waitUntil } from '../support/wait-until.ts';
import { readMetrics, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';
import { situations } from './situations.ts';
import type { SituationName } from './situations.ts';

// The log of each situation, as `docker compose logs meet-gen` and a terminal show it.

type Format = 'json' | 'pretty';

interface Line {
  readonly level: string;
  readonly msg: string;
  /** All fields of the line, as one text. */
  readonly fields: string;
}

/** The lines so far. A text outside the log's format becomes a line without a level. */
function linesOf(run: RunningCommand, format: Format): readonly Line[] {
  return format === 'json' ? run.stderr().split('\n').slice(0, -1).map(readJson) : blocksOf(run.stderr()).map(readPretty);
}

function readJson(text: string): Line {
  try {
    const { level, msg, time: _, ...fields } = JSON.parse(text) as { level: string; msg: string; time: string };
    return { level, msg, fields: JSON.stringify(fields) };
  } catch {
    return { level: '', msg: text, fields: '' };
  }
}

/** On a terminal the fields follow their line, indented. */
function blocksOf(text: string): readonly string[] {
  return text.split(/\n(?! |$)/);
}

function readPretty(block: string): Line {
  const [, level = '', msg = block, fields = ''] = /^\[[\d:.]+\] ([A-Z]+): (.*)\n?([^]*)$/.exec(block) ?? [];
  return { level: level.toLowerCase(), msg, fields };
}

/** An expected line: its message, and texts in its fields. */
type Wanted = readonly [name: LogMessageName, ...words: readonly string[]];

const isOf = (name: LogMessageName, { level, msg }: Line): boolean =>
  level === logMessages[name].level && msg === logMessages[name].message;

const matches = ([name, ...words]: Wanted, line: Line): boolean => isOf(name, line) && words.every((word) => line.fields.includes(word));

/** The lines of a situation, each once. A meet-gen that starts during the situation logs the first line too. */
interface ExpectedLines {
  readonly begins: readonly Wanted[];
  readonly ends: readonly Wanted[];
}

const expectedLines: Readonly<Record<SituationName, ExpectedLines>> = {
  'all well': { begins: [], ends: [] },
  'backend starting': {
    begins: [['routesLive', 'backend-2: out of rotation: health check has not passed yet', 'Ms']],
    ends: [['routesLive', 'backend-2: in rotation: healthy', '+ meet/backend', 'Ms']],
  },
  'backend unhealthy': {
    begins: [
      ['routesLive', 'backend-2: out of rotation: health check fails', 'Ms'],
      ['routesLive', 'backend-2: in rotation: healthy'],
    ],
    ends: [['routesLive', 'backend-2: in rotation: healthy', '+ meet/backend']],
  },
  'backend draining': {
    begins: [
      ['notice', 'drained', 'backend-2', 'meet-gen drain --cancel backend-2'],
      ['routesLive', 'backend-2: out of rotation: drained by an operator'],
      ['routesLive', 'backend-2: in rotation: healthy'],
    ],
    ends: [
      ['problemResolved', 'drained', 'backend-2'],
      ['routesLive', 'backend-2: in rotation: healthy', '+ meet/backend'],
    ],
  },
  'no replica left': {
    begins: [
      ['problemWarning', 'nobody-in-rotation', 'meet/backend', '503', 'meet-gen status'],
      ['routesLive', 'backend-1: out of rotation: exited', '+ meet/backend -> 503'],
    ],
    ends: [
      ['problemResolved', 'nobody-in-rotation', 'meet/backend'],
      ['routesLive', 'backend-1: in rotation', '- meet/backend -> 503'],
    ],
  },
  'label typo': {
    begins: [
      ['problemWarning', 'unknown-label', 'backend-2', 'meet.pahts', 'did you mean meet.paths?'],
      ['routesLive', 'backend-2: in rotation: healthy'],
    ],
    ends: [
      ['problemResolved', 'unknown-label', 'backend-2', 'meet.pahts'],
      ['routesLive', 'backend-2: out of rotation: removed'],
    ],
  },
  'contested route': {
    begins: [
      ['problem', 'contested-route', 'more', 'belong to meet/files', 'give one of the two services other paths'],
      ['routesLive', '+ /files/ -> meet/files', 'files: in rotation'],
    ],
    ends: [['problemResolved', 'contested-route', 'more']],
  },
  'nginx refused': {
    begins: [
      ['problem', 'reload-rejected', '[emerg] upstream meet_meet.bad is refused', 'fix the fault that nginx names'],
      ['problem', 'route-left-out', '=/bad,/bad/', 'meet/bad'],
      ['routesLive', '+ =/bad -> meet/bad', '+ meet/bad -> 503'],
    ],
    ends: [
      ['problemResolved', 'reload-rejected'],
      ['problemResolved', 'route-left-out', '=/bad,/bad/'],
      ['routesLive', '- =/bad -> meet/bad'],
    ],
  },
  'engine away': {
    begins: [['problem', 'engine-unreachable', 'nginx serves the last good file']],
    ends: [
      ['engineConnected', 'unix://'],
      ['problemResolved', 'engine-unreachable'],
    ],
  },
  'frontend not verified': {
    begins: [
      ['problemWarning', 'reload-unverified', 'frontend', 'mount the stub'],
      ['routesUnproven', 'backend-2: in rotation: healthy'],
    ],
    ends: [
      ['problemResolved', 'reload-unverified', 'frontend'],
      ['routesLive', 'backend-2: in rotation: healthy', 'Ms'],
    ],
  },
};

const resyncs = ['--resync', '1s'] as const;

/** Waits for so many further passes. */
async function waitForPasses(scene: Scene, times = 1): Promise<void> {
  const passes = async (): Promise<number> =>
    [...(await readMetrics(scene))].reduce((sum, [name, value]) => sum + (name.startsWith('passes_total') ? value : 0), 0);
  const before = await passes();
  await waitUntil('the passes are over', async () => (await passes()) >= before + times);
}

/** Lines on the abilities of the frontends, which can come in every situation. */
const isUnrelated = (line: Line): boolean => isOf('testsUnavailable', line) || line.fields.includes('keepaliveMinTimeout');

async function waitForLines(wanted: readonly Wanted[], lines: () => readonly Line[]): Promise<void> {
  for (const one of wanted)
    await waitUntil(
      `the log shows ${one.join(' | ')}`,
      () => lines().some((line) => matches(one, line)),
      undefined,
      () => JSON.stringify(lines(), undefined, 1),
    );
}

const numbers = /"?(?:servingMs|liveMs|generation)"?: ?"?[\da-f]+"?/g;

/** Expects these lines, no others, and none twice. */
function expectOnly(wanted: readonly Wanted[], lines: readonly Line[]): void {
  expect(lines.filter((line) => !wanted.some((one) => matches(one, line)))).toEqual([]);
  const texts = lines.map(({ level, msg, fields }) => `${level} ${msg} ${fields.replaceAll(numbers, '')}`);
  expect(texts).toEqual([...new Set(texts)]);
}

for (const format of ['json', 'pretty'] as const)
  for (const { name, arrange } of situations) {
    test.concurrent(`logs the start and the end once: ${name} (${format})`, async ({ scene }) => {
      const { run, fix } = await arrange(scene, ['--log-format', format, ...resyncs]);
      let from = 0;
      const since = (): readonly Line[] =>
        linesOf(run, format)
          .slice(from)
          .filter((line) => !isUnrelated(line));
      const start: readonly Wanted[] = [['starts'], ['engineConnected'], ['routesLive', 'first seen']];
      const { begins, ends } = expectedLines[name];
      await waitForLines([...start, ...begins], since);
      await waitForPasses(scene, 3);
      expectOnly([...start, ...begins], since());
      from = linesOf(run, format).length;
      await fix();
      await waitForLines(ends, since);
      await waitForPasses(scene);
      expectOnly(ends, since());
    });
  }

for (const { name, arrange } of situations) {
  const [begins] = expectedLines[name].begins;
  if (begins === undefined) continue;
  test.concurrent(`logs a situation that began before meet-gen started: ${name}`, async ({ scene }) => {
    await arrange(scene);
    await scene.stopAll();
    const run = scene.run(['--verify-timeout', '2s']);
    await waitForLines([begins], () => linesOf(run, 'json'));
  });
}

test.concurrent('logs a new unhealthy replica, although the routes stay', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20, { health: 'healthy' });
  const run = scene.run();
  await scene.converged();
  scene.backend('backend-2', 21, { health: 'unhealthy' });
  const line = await run.waitForLog('containersChanged');
  expect(line).toMatchObject({
    level: 'info',
    instance: 'meet',
    containers: ['backend-2: out of rotation: health check fails, and others are better'],
    why: ['backend-2: start'],
  });
});

test.concurrent('warns if the last replica turns unhealthy and keeps its routes, and logs the end', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20, { health: 'healthy' });
  const run = scene.run();
  await scene.converged();
  scene.engine.world.health('backend', 'unhealthy');
  const lines = (): readonly Line[] => linesOf(run, 'json');
  await waitForLines(
    [
      ['problemWarning', 'unhealthy-in-use', 'meet/backend', 'docker inspect'],
      ['containersChanged', 'backend: in rotation: health check fails, and no replica is better'],
    ],
    lines,
  );
  scene.engine.world.health('backend', 'healthy');
  await waitForLines(
    [
      ['problemResolved', 'unhealthy-in-use'],
      ['containersChanged', 'backend: in rotation: healthy'],
    ],
    lines,
  );
});

test.concurrent('logs the beginning of a stop, but not its end', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20);
  scene.backend('backend-2', 21);
  const run = scene.run(resyncs);
  await scene.converged();
  scene.engine.world.beginStop('backend-2');
  await waitForLines([['routesLive', 'backend-2: out of rotation: got a stop signal']], () => linesOf(run, 'json'));
  const linesBefore = run.log().length;
  scene.engine.world.stop('backend-2');
  await waitForStatus(scene, 'the container has ended', ({ instances }) => instances[0]?.services[0]?.replicas[1]?.state === 'exited');
  scene.engine.world.remove('backend-2');
  await waitForStatus(scene, 'the container is removed', ({ instances }) => instances[0]?.services[0]?.replicas.length === 1);
  await waitForPasses(scene);
  expect(run.log().slice(linesBefore)).toEqual([]);
});

test.concurrent('keeps the problem of a service without replicas while its container is recreated', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  const run = scene.run(resyncs);
  await scene.converged();
  scene.engine.world.stop('backend');
  await waitForLines([['problemWarning', 'nobody-in-rotation', 'meet/backend']], () => linesOf(run, 'json'));
  scene.engine.world.remove('backend');
  await waitForStatus(scene, 'the container is removed', ({ instances }) => instances[0]?.services.length === 0);
  await waitForPasses(scene);
  expect(run.logged('problem')).toHaveLength(1);
  expect(run.logged('problemResolved')).toEqual([]);
  scene.backend('backend', 20);
  await waitForLines([['problemResolved', 'nobody-in-rotation', 'meet/backend']], () => linesOf(run, 'json'));
});
