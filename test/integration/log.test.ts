import { expect } from 'vitest';
import { logMessages } from '../../src/util/log-messages.ts';
import type { LogMessageName } from '../../src/util/log-messages.ts';
import type { RunningCommand } from '../support/built-command.ts';
import { waitUntil } from '../support/wait-until.ts';
import { readMetrics, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';
import { situations } from './situations.ts';
import type { SituationName } from './situations.ts';

// What somebody learns of each situation who has nothing but `docker compose logs meet-gen`, or a terminal.

type Format = 'json' | 'pretty';

interface Line {
  readonly level: string;
  readonly msg: string;
  /** All of its fields. */
  readonly fields: string;
}

/** The lines so far; what is no line of the log shows as one of no level. */
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

/** A line for a terminal is followed by its fields, further in. */
function blocksOf(text: string): readonly string[] {
  return text.split(/\n(?! |$)/);
}

function readPretty(block: string): Line {
  const [, level = '', msg = block, fields = ''] = /^\[[\d:.]+\] ([A-Z]+): (.*)\n?([^]*)$/.exec(block) ?? [];
  return { level: level.toLowerCase(), msg, fields };
}

/** A line that is looked for: its message, and texts in its fields. */
type Wanted = readonly [name: LogMessageName, ...words: readonly string[]];

const isOf = (name: LogMessageName, { level, msg }: Line): boolean =>
  level === logMessages[name].level && msg === logMessages[name].message;

const tells = ([name, ...words]: Wanted, line: Line): boolean => isOf(name, line) && words.every((word) => line.fields.includes(word));

/** What is told of a situation, each once; the first line tells it to one that starts in the middle of it, too. */
interface Telling {
  readonly begins: readonly Wanted[];
  readonly ends: readonly Wanted[];
}

const tellings: Readonly<Record<SituationName, Telling>> = {
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
      ['problem', 'contested-route', 'more', 'meet/files already has', 'give one of the two other paths'],
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
    begins: [['problem', 'engine-unreachable', 'the last good file is served']],
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

/** Waits until all has been looked at again, so often. */
async function lookAgain(scene: Scene, times = 1): Promise<void> {
  const passes = async (): Promise<number> =>
    [...(await readMetrics(scene))].reduce((sum, [name, value]) => sum + (name.startsWith('passes_total') ? value : 0), 0);
  const before = await passes();
  await waitUntil('it has looked', async () => (await passes()) >= before + times);
}

/** What is told however a situation goes: what is found out of the frontends on the way. */
const isAside = (line: Line): boolean => isOf('testsUnavailable', line) || line.fields.includes('keepaliveMinTimeout');

async function waitForLines(wanted: readonly Wanted[], lines: () => readonly Line[]): Promise<void> {
  for (const one of wanted)
    await waitUntil(
      `the log tells ${one.join(' | ')}`,
      () => lines().some((line) => tells(one, line)),
      undefined,
      () => JSON.stringify(lines(), undefined, 1),
    );
}

const numbers = /"?(?:servingMs|liveMs|generation)"?: ?"?[\da-f]+"?/g;

/** That there are these lines, no others, and none twice. */
function expectOnly(wanted: readonly Wanted[], lines: readonly Line[]): void {
  expect(lines.filter((line) => !wanted.some((one) => tells(one, line)))).toEqual([]);
  const told = lines.map(({ level, msg, fields }) => `${level} ${msg} ${fields.replaceAll(numbers, '')}`);
  expect(told).toEqual([...new Set(told)]);
}

for (const format of ['json', 'pretty'] as const)
  for (const { name, arrange } of situations) {
    test.concurrent(`${format}: ${name}: told once, and when it is over`, async ({ scene }) => {
      const { run, fix } = await arrange(scene, ['--log-format', format, ...resyncs]);
      let from = 0;
      const since = (): readonly Line[] =>
        linesOf(run, format)
          .slice(from)
          .filter((line) => !isAside(line));
      const start: readonly Wanted[] = [['starts'], ['engineConnected'], ['routesLive', 'first seen']];
      const { begins, ends } = tellings[name];
      await waitForLines([...start, ...begins], since);
      await lookAgain(scene, 3);
      expectOnly([...start, ...begins], since());
      from = linesOf(run, format).length;
      await fix();
      await waitForLines(ends, since);
      await lookAgain(scene);
      expectOnly(ends, since());
    });
  }

for (const { name, arrange } of situations) {
  const [begins] = tellings[name].begins;
  if (begins === undefined) continue;
  test.concurrent(`one that starts in the middle of it tells it, too: ${name}`, async ({ scene }) => {
    await arrange(scene);
    await scene.stopAll();
    const run = scene.run(['--verify-timeout', '2s']);
    await waitForLines([begins], () => linesOf(run, 'json'));
  });
}

test.concurrent('one that comes unhealthy changes no route, and is told all the same', async ({ scene }) => {
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

test.concurrent('the last one that turns unhealthy keeps its routes: a warning, and when it is over', async ({ scene }) => {
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

test.concurrent('a stop is told when it begins; how the end goes on is not', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20);
  scene.backend('backend-2', 21);
  const run = scene.run(resyncs);
  await scene.converged();
  scene.engine.world.beginStop('backend-2');
  await waitForLines([['routesLive', 'backend-2: out of rotation: got a stop signal']], () => linesOf(run, 'json'));
  const told = run.log().length;
  scene.engine.world.stop('backend-2');
  await waitForStatus(scene, 'it has ended', ({ instances }) => instances[0]?.services[0]?.replicas[1]?.state === 'exited');
  scene.engine.world.remove('backend-2');
  await waitForStatus(scene, 'it is gone', ({ instances }) => instances[0]?.services[0]?.replicas.length === 1);
  await lookAgain(scene);
  expect(run.log().slice(told)).toEqual([]);
});

test.concurrent('the service that has nobody stays the same problem while its container is recreated', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  const run = scene.run(resyncs);
  await scene.converged();
  scene.engine.world.stop('backend');
  await waitForLines([['problemWarning', 'nobody-in-rotation', 'meet/backend']], () => linesOf(run, 'json'));
  scene.engine.world.remove('backend');
  await waitForStatus(scene, 'it is gone', ({ instances }) => instances[0]?.services.length === 0);
  await lookAgain(scene);
  expect(run.logged('problem')).toHaveLength(1);
  expect(run.logged('problemResolved')).toEqual([]);
  scene.backend('backend', 20);
  await waitForLines([['problemResolved', 'nobody-in-rotation', 'meet/backend']], () => linesOf(run, 'json'));
});
