import type { FakeNginx } from '../fake-engine/nginx.ts';
import { readGeneration } from '../fake-engine/nginx.ts';
import { addService } from '../fake-engine/scene.ts';
import type { Scene } from '../fake-engine/scene.ts';
import type { RunningCommand } from '../built-command.ts';
import { waitUntil } from '../wait-until.ts';
import type { HostileAnswer } from './answers.ts';

/** What a call is made on, and by. */
export interface CallStage {
  readonly scene: Scene;
  readonly nginx: FakeNginx;
  readonly run: RunningCommand;
  /** Another number for each time. */
  readonly round: number;
}

/** A call that the sidecar makes, what makes it, and what must come of it when it is answered badly. */
interface Call {
  readonly which: { readonly method: 'GET' | 'POST'; readonly path: RegExp; readonly filters?: RegExp };
  readonly flags?: readonly string[];
  /** Makes the sidecar ask. */
  readonly provoke: (stage: CallStage) => unknown;
  /** Makes it ask where it went another way, and leaves the world as it is. */
  readonly nudge?: (stage: CallStage) => unknown;
  /** The problem that says so; none where the sidecar does without the answer. */
  readonly problem: (answer: HostileAnswer) => 'engine-unreachable' | 'signal-failed' | undefined;
  /** The published file must not change. */
  readonly keepsFile: boolean;
  /** Waits until everything is as it should be, once the call is answered well again. */
  readonly heals: (stage: CallStage) => Promise<unknown>;
}

const steady = 'backend';
const changing = 'backend-2';
const changingHost = 21;

/** Stops or starts a backend. */
function change({ scene: { engine }, round }: CallStage): void {
  if (round % 2 === 0) engine.world.stop(changing);
  else engine.world.start(changing);
}

/** The file says what the world is, and nginx serves the file. */
async function follows({ scene, nginx, round }: CallStage): Promise<void> {
  const endpoint = `server ${scene.address(changingHost)}:8000`;
  await waitUntil('the file follows', async () => (await scene.content()).includes(endpoint) === (round % 2 !== 0));
  await waitUntil('nginx follows', () => nginx.generation() === readGeneration(scene.file()));
}

/** Without waiting for the next try. */
async function followsAtOnce(stage: CallStage): Promise<void> {
  stage.run.signal('SIGHUP');
  await follows(stage);
}

const path = (round: number): string => `/r${round}`;

const ofCommands = {
  provoke: ({ scene, round }: CallStage) => addService(scene, `s${round}`, 40 + round, path(round)),
  // Without a verdict it is published all the same.
  problem: () => undefined,
  keepsFile: false,
  heals: ({ scene, round }: CallStage) => waitUntil('it is published', async () => (await scene.content()).includes(`${path(round)} `)),
} as const;

/** The calls of `meet-gen run`. */
export const calls: Readonly<Record<string, Call>> = {
  '/_ping': {
    which: { method: 'GET', path: /^\/_ping$/ },
    provoke: ({ scene }) => scene.engine.cutEventStreams(),
    problem: ({ kind }) => (kind === 'broken' ? 'engine-unreachable' : undefined),
    keepsFile: true,
    heals: ({ scene }) => waitUntil('events are heard', () => scene.engine.eventStreams() === 1),
  },
  'the list': {
    which: { method: 'GET', path: /^\/containers\/json$/ },
    provoke: (stage) => change(stage),
    problem: () => 'engine-unreachable',
    keepsFile: true,
    heals: followsAtOnce,
  },
  'the list of one': {
    which: { method: 'GET', path: /^\/containers\/json$/, filters: /"id"/ },
    provoke: (stage) => change(stage),
    // A look that a busy host begins late is final, and may be at all of them.
    nudge({ scene: { engine } }) {
      engine.world.stop(steady);
      engine.world.start(steady);
    },
    // All are listed then.
    problem: () => undefined,
    keepsFile: false,
    heals: follows,
  },
  events: {
    which: { method: 'GET', path: /^\/events$/ },
    flags: ['--resync', '1s'],
    provoke: ({ scene }) => scene.engine.cutEventStreams(),
    problem: ({ isQuiet }) => (isQuiet === true ? undefined : 'engine-unreachable'),
    keepsFile: true,
    heals: ({ scene }) => waitUntil('events are heard', () => scene.engine.eventStreams() === 1),
  },
  'the signal': {
    which: { method: 'POST', path: /\/kill$/ },
    provoke: (stage) => change(stage),
    problem: ({ kind }) => (kind === 'body' ? undefined : 'signal-failed'),
    keepsFile: false,
    heals: followsAtOnce,
  },
  'the log': {
    which: { method: 'GET', path: /\/logs$/ },
    flags: ['--verify-timeout', '100ms'],
    provoke(stage) {
      stage.nginx.behaviour.refuseReload = true;
      change(stage);
    },
    problem: () => undefined,
    keepsFile: false,
    async heals(stage) {
      stage.nginx.behaviour.refuseReload = false;
      // A log that was denied is not asked for again in the same life.
      stage.scene.engine.world.stop('frontend');
      stage.nginx.boot();
      stage.scene.engine.world.start('frontend');
      await followsAtOnce(stage);
    },
  },
  'a command, made': { which: { method: 'POST', path: /\/exec$/ }, ...ofCommands },
  'a command, run': { which: { method: 'POST', path: /\/start$/ }, ...ofCommands },
  'a command, ended': { which: { method: 'GET', path: /^\/exec\/.*\/json$/ }, ...ofCommands },
};
