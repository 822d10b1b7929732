import { afterAll, beforeAll, expect, test } from 'vitest';
import { provideCompose, type ComposeVersion } from '../../providers/engine/compose-versions.ts';
import { gunicornImage } from '../../providers/engine/gunicorn-image.ts';
import { providedEngine } from '../../providers/engine/provided.ts';
import type { CommandResult } from '../../providers/run-command.ts';
import { runBlock } from '../docs/run-block.ts';
import { stopAtFirstFailure } from '../in-order.ts';
import { startRollingMeet, type RollingMeet } from './rolling-meet.ts';
import { underLoad } from './under-load.ts';
import { createUserProject, type UserProject } from './user-project.ts';

// The Meet's other services, which must not be recreated.
const idle = { image: gunicornImage, command: ['sleep', 'infinity'], stop_signal: 'SIGKILL', networks: ['internal'] };
const edition = (value: string) => ({ environment: { EDITION: value } });

interface ScriptSuiteOptions {
  /** The least number of requests of each method while a script runs. */
  readonly requestsOfEach: number;
  readonly clients: number;
  /** Which tests run: the recipe and the usual run of the script, also its failures, or everything. */
  readonly extent: 'usual' | 'faults' | 'all';
}

/** Tests the recipes of docs/rolling-updates.md and docs/rolling-update.sh, with real gunicorn under load. */
export function testRollingUpdates(version: ComposeVersion, { requestsOfEach, clients, extent }: ScriptSuiteOptions): void {
  let rolling: RollingMeet;
  let user: UserProject;

  beforeAll(async () => {
    const compose = await provideCompose(version);
    const usual = providedEngine();
    const engine = { ...usual, dockerCli: compose.dockerCli, env: { ...usual.env, ...compose.env } };
    rolling = await startRollingMeet(engine, `script-${version.replace('.', '')}`, {
      backends: 2,
      load: { clients },
      backend: { scale: 2, depends_on: ['redis'], ...edition('1') },
      services: { redis: idle, celery: { ...idle, depends_on: ['redis'] } },
    });
    user = createUserProject(engine, rolling.meet);
    // The stack was started service by service. From here on the test acts as an operator does.
    await user.compose('up', '--detach');
    await rolling.healthy(await rolling.backends());
    await rolling.meet.converged();
  });
  afterAll(async () => {
    user?.remove();
    await rolling?.meet.down();
  });
  stopAtFirstFailure();

  /** Fails the test if a single request fails during the update; returns the update's result. */
  async function loaded<Result>(name: string, act: () => Promise<Result>): Promise<Result> {
    let result: Result | undefined;
    const change = async (): Promise<readonly never[]> => {
      result = await act();
      return [];
    };
    await underLoad(rolling, { name: `${name}-${version}`, requestsOfEach, act: change });
    return result as Result;
  }

  const editions = async (): Promise<readonly string[]> => {
    const found = (await rolling.backends()).map((name) => rolling.meet.inspect(name, '{{range .Config.Env}}{{println .}}{{end}}'));
    return (await Promise.all(found)).map((text) => /^EDITION=(.*)$/m.exec(text)?.[1] ?? '');
  };

  async function expectReplaced(value: string, { code, stdout, stderr }: CommandResult): Promise<void> {
    expect(code, stdout + stderr).toBe(0);
    expect(await editions()).toEqual([value, value]);
    const before = await user.containers();
    await user.compose('up', '--detach');
    expect(await user.containers()).toEqual(before);
  }

  test('the manual recipe replaces only both replicas, and a plain `up` afterwards changes no container', async () => {
    const before = await user.containers();
    await runBlock(user, 'docs/rolling-updates.md', 'replace two');
    const after = await user.containers();
    expect(others(after)).toEqual(others(before));
    await user.compose('up', '--detach');
    expect(await user.containers()).toEqual(after);
  });

  test('the script replaces only the replicas, and a plain `up` afterwards changes no container', async () => {
    const before = await user.containers();
    user.edit(edition('2'));
    await expectReplaced('2', await loaded('script', () => user.update('backend')));
    const after = await user.containers();
    expect(others(after)).toEqual(others(before));
    expect(kept(before, after)).toEqual(Object.keys(others(before)));
  });

  if (extent === 'usual') return;

  test.each([
    { at: 'healthy and in rotation', signal: 'SIGKILL', value: '3' },
    ...(extent === 'all' ? [{ at: ': removed', signal: 'SIGINT', value: '4' } as const] : []),
  ] as const)('continues after an interruption ($signal at "$at") when it runs again', async ({ at, signal, value }) => {
    user.edit(edition(value));
    const result = await loaded(`interrupted-${value}`, async () => {
      const output = await user.interruptedUpdate(at, signal);
      if (signal === 'SIGINT') expect(output).toContain('Run the same command again to continue.');
      return user.update();
    });
    await expectReplaced(value, result);
  });

  test('stops at an unhealthy new replica, keeps the old replicas serving, and shows how to continue', async () => {
    const before = await user.containers();
    const [value = ''] = await editions();
    user.edit({ ...edition('unhealthy'), healthcheck: { test: ['CMD', 'false'], interval: '300ms', retries: 2 } });
    const { code, stderr } = await loaded('unhealthy', () => user.update());
    expect(code).toBe(1);
    expect(stderr).toContain('Listening at: http://0.0.0.0:8000');
    expect(stderr).toContain('running unhealthy');
    expect(stderr).toContain('0 of the old replicas were replaced, the others go on serving');
    expect(await user.containers()).toEqual(before);
    user.edit(edition(value));
    await user.compose('up', '--detach');
    expect(await user.containers()).toEqual(before);
  });

  test.each([
    [['--scale', 'many'], 2, '--scale takes a number from 1 on, not "many".'],
    [['--quickly'], 2, 'There is no option --quickly.'],
    [['backend', 'celery'], 2, 'Give one service, not both backend and celery.'],
    [['nobody'], 1, 'has no service nobody. It has:'],
    [['--meet-gen'], 2, '--meet-gen needs a value.'],
    [['--meet-gen', 'nobody'], 1, 'meet-gen in the container nobody does not answer.'],
  ])('%j: fails with an error that shows the fix', async (args, code, words) => {
    const result = await user.update(...args);
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code, stderr: expect.stringContaining(words) as string });
  });

  test('--help shows the usage', async () => {
    const { code, stdout } = await user.update('--help');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^Usage: rolling-update\.sh /) as string });
  });

  if (extent === 'faults') return;

  test('keeps up-to-date replicas, and replaces them with --all', async () => {
    const before = await user.containers();
    const { code, stdout, stderr } = await user.update('backend');
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain('backend: all replicas are up to date.');
    expect(await user.containers()).toEqual(before);
    const [value = ''] = await editions();
    await expectReplaced(value, await user.update('--all'));
    expect(kept(before, await user.containers())).toEqual(Object.keys(others(before)));
  });

  test('stops if the number of replicas differs from the file, and removes spare replicas with --scale', async () => {
    const [value = ''] = await editions();
    await user.compose('up', '--detach', '--no-recreate', '--scale', 'backend=3');
    const refused = await user.update();
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('backend has 3 replicas, and the compose file says 2.');
    const result = await loaded('down', () => user.update('--scale', '2'));
    await expectReplaced(value, result);
  });
}

type Ids = Readonly<Record<string, string>>;

function others(all: Ids): Ids {
  return Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith('backend-')));
}

function kept(before: Ids, after: Ids): readonly string[] {
  return Object.keys(before).filter((name) => before[name] === after[name]);
}
