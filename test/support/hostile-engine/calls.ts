import type { FakeNginx } from '../fake-engine/nginx.ts';
import { readGeneration } from '../fake-engine/nginx.ts';
import { addService } from '../fake-engine/scene.ts';
import type { Scene } from '../fake-engine/scene.ts';
import type { RunningCommand } from '../built-command.ts';
import { waitUntil } from '../wait-until.ts';
import type { HostileAnswer } from './answers.ts';

/** The setting of a call. */
export interface CallStage {
  readonly scene: Scene;
  readonly nginx: FakeNginx;
  readonly run: RunningCommand;
  /** A different number each time. */
  readonly round: number;
}

/** A call that the sidecar makes, how a test causes the call, and the expected result of a bad answer. */
interface Call {
  readonly which: { readonly method: 'GET' | 'POST'; readonly path: RegExp; readonly filters?: RegExp };
  readonly flags?: readonly string[];
  /** Makes the sidecar send the call. */
  readonly provoke: (stage: CallStage) => unknown;
  /** Causes the call again if the sidecar chose another call. Doesn't change the world. */
  readonly nudge?: (stage: CallStage) => unknown;
  /** The expected problem. Undefined if the sidecar works without the answer. */
  readonly problem: (answer: HostileAnswer) => 'engine-unreachable' | 'signal-failed' | undefined;
  /** Whether the published file must not change. */
  readonly keepsFile: boolean;
  /** Waits until everything is right again, after the call gets good answers. */
  readonly recovers: (stage: CallStage) => Promise<unknown>;
}

const steady = 'backend';
const changing = 'backend-2';
const changingHost = 21;

/** Stops or starts a backend. */
function change({ scene: { engine }, round }: CallStage): void {
  if (round % 2 === 0) engine.world.stop(changing);
  else engine.world.start(changing);
}

/** Waits until the file shows the world, and nginx serves the file. */
async function follows({ scene, nginx, round }: CallStage): Promise<void> {
  const endpoint = `server ${scene.address(changingHost)}:8000`;
  await waitUntil('the published file shows the change', async () => (await scene.content()).includes(endpoint) === (round % 2 !== 0));
  await waitUntil('nginx serves the published file', () => nginx.generation() === readGeneration(scene.file()));
}

/** Like `follows`, without waiting for the next retry. */
async function followsAtOnce(stage: CallStage): Promise<void> {
  stage.run.signal('SIGHUP');
  await follows(stage);
}

const path = (round: number): string => `/r${round}`;

const ofCommands = {
  provoke: ({ scene, round }: CallStage) => addService(scene, `s${round}`, 40 + round, path(round)),
  // Without a verdict of nginx, meet-gen still publishes.
  problem: () => undefined,
  keepsFile: false,
  recovers: ({ scene, round }: CallStage) =>
    waitUntil('the new service is published', async () => (await scene.content()).includes(`${path(round)} `)),
} as const;

/** The calls of `meet-gen run`. */
export const calls: Readonly<Record<string, Call>> = {
  '/_ping': {
    which: { method: 'GET', path: /^\/_ping$/ },
    provoke: ({ scene }) => scene.engine.cutEventStreams(),
    problem: ({ kind }) => (kind === 'broken' ? 'engine-unreachable' : undefined),
    keepsFile: true,
    recovers: ({ scene }) => waitUntil('the event stream is open', () => scene.engine.eventStreams() === 1),
  },
  'the list': {
    which: { method: 'GET', path: /^\/containers\/json$/ },
    provoke: (stage) => change(stage),
    problem: () => 'engine-unreachable',
    keepsFile: true,
    recovers: followsAtOnce,
  },
  'the list of one': {
    which: { method: 'GET', path: /^\/containers\/json$/, filters: /"id"/ },
    provoke: (stage) => change(stage),
    // On a busy host, a late look counts as final and may list all containers.
    nudge({ scene: { engine } }) {
      engine.world.stop(steady);
      engine.world.start(steady);
    },
    // meet-gen then lists all containers.
    problem: () => undefined,
    keepsFile: false,
    recovers: follows,
  },
  events: {
    which: { method: 'GET', path: /^\/events$/ },
    flags: ['--resync', '1s'],
    provoke: ({ scene }) => scene.engine.cutEventStreams(),
    problem: ({ isQuiet }) => (isQuiet === true ? undefined : 'engine-unreachable'),
    keepsFile: true,
    recovers: ({ scene }) => waitUntil('the event stream is open', () => scene.engine.eventStreams() === 1),
  },
  'the signal': {
    which: { method: 'POST', path: /\/kill$/ },
    provoke: (stage) => change(stage),
    problem: ({ kind }) => (kind === 'body' ? undefined : 'signal-failed'),
    keepsFile: false,
    recovers: followsAtOnce,
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
    async recovers(stage) {
      stage.nginx.behaviour.refuseReload = false;
      // After a refusal, the same container's log is not read again until its next start.
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
