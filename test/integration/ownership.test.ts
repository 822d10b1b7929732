import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { runCommand } from '../support/built-command.ts';
import type { RunningCommand } from '../support/built-command.ts';
import { waitUntil } from '../support/wait-until.ts';
import { composeLabels, problemCodes, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

/*
 * The owner of an instance that has another name than its project: the instance `prod` belongs to `visio`, and other
 * projects claim it.
 */

const shared = 'proxy';

function labels(project: string | undefined, role: 'frontend' | 'backend'): Readonly<Record<string, string>> {
  const ours = { 'meet.role': role, 'meet.instance': 'prod' };
  return project === undefined ? ours : composeLabels(project, role, ours);
}

async function startVictim(scene: Scene): Promise<void> {
  await scene.frontend('visio-frontend', {
    instance: 'prod',
    container: { labels: labels('visio', 'frontend'), networks: { [shared]: scene.address(10) } },
  });
  scene.backend('visio-backend', 20, { labels: labels('visio', 'backend'), networks: { [shared]: scene.address(20) } });
}

/** Adds a frontend and a backend that claim the instance, of another project or without a project. */
async function claim(scene: Scene, project: string | undefined, host: number): Promise<void> {
  const name = project ?? 'nobody';
  await scene.frontend(`${name}-frontend`, {
    instance: 'prod',
    host,
    container: { labels: labels(project, 'frontend'), networks: { [shared]: scene.address(host) } },
  });
  scene.backend(`${name}-backend`, host + 1, { labels: labels(project, 'backend'), networks: { [shared]: scene.address(host + 1) } });
}

/** The address that `/api` goes to. */
async function apiOf(scene: Scene): Promise<string | undefined> {
  const content = await scene.content('prod');
  const upstream = /location \^~ \/api\/ \{[^}]*proxy_pass http:\/\/([^;/]+)/.exec(content)?.[1] ?? '';
  return new RegExp(`upstream ${upstream.replaceAll('.', '\\.')} \\{[^}]*?server ([\\d.]+:\\d+)`).exec(content)?.[1];
}

/** The number of reported containers of other projects. */
function countForeign(run: RunningCommand): number {
  const codes = [...problemCodes(run), ...problemCodes(run, 'notice')];
  return codes.filter((code) => code.startsWith('foreign-project')).length;
}

describe.concurrent.each(['default', 'strict'] as const)('an instance with another name than its project (%s)', (mode) => {
  const flags = mode === 'strict' ? ['--strict-instance'] : [];
  test('stays with its owner despite other claims, after a restart and with new containers', async ({ scene }) => {
    const victim = `${scene.address(20)}:8000`;
    await startVictim(scene);
    const first = scene.run(flags);
    await scene.serves(victim, 'prod');
    for (const [index, project] of ['aaa', 'prod', undefined].entries()) {
      await claim(scene, project, 30 + 10 * index);
      await waitUntil('both claims are reported', () => countForeign(first) === 2 * index + 2);
    }
    await scene.converged();
    expect(await apiOf(scene)).toBe(victim);
    await first.stop();
    scene.engine.world.remove('visio-backend');
    scene.backend('visio-backend-2', 21, { labels: labels('visio', 'backend'), networks: { [shared]: scene.address(21) } });
    scene.run(flags);
    await scene.serves(`${scene.address(21)}:8000`, 'prod');
    expect(await apiOf(scene)).toBe(`${scene.address(21)}:8000`);
    expect((await scene.status()).instances[0]?.owner).toEqual({ project: 'visio', reason: 'remembered' });
  });
});

test.concurrent('keeps the file with --strict-instance, several claimants and no remembered owner, until --project names one', async ({
  scene,
}) => {
  await startVictim(scene);
  await claim(scene, 'aaa', 30);
  await mkdir(join(scene.out, 'prod'));
  await writeFile(scene.file('prod'), '# of the day before\n');
  const run = scene.run(['--strict-instance']);
  await waitForStatus(scene, 'the undecided owner is reported', ({ problems }) => problems.some(({ code }) => code === 'owner-undecided'));
  expect((await scene.status()).problems).toMatchObject([{ code: 'owner-undecided', instance: 'prod', value: 'aaa, visio' }]);
  expect(await scene.content('prod')).toBe('# of the day before\n');
  expect(scene.engine.killCalls()).toEqual([]);
  await run.stop();
  scene.run(['--strict-instance', '--project', 'prod=visio']);
  await scene.serves(`${scene.address(20)}:8000`, 'prod');
  expect((await scene.status()).instances[0]?.owner).toEqual({ project: 'visio', reason: 'option' });
  expect(JSON.parse(await readFile(join(scene.out, 'prod', '.owner.json'), 'utf8'))).toEqual({ format: 1, project: 'visio' });
});

test.concurrent('leaves the owner undecided while the owner file is unreadable, and decides when it is readable again', async ({
  scene,
}) => {
  await startVictim(scene);
  const first = scene.run();
  await scene.serves(`${scene.address(20)}:8000`, 'prod');
  const file = join(scene.out, 'prod', '.owner.json');
  const kept = await waitUntil('the owner is remembered', () => readFile(file, 'utf8').catch(() => undefined));
  await first.stop();
  await claim(scene, 'aaa', 30);
  await rm(file);
  await mkdir(file);
  const before = await scene.content('prod');
  const second = scene.run();
  await waitForStatus(scene, 'the undecided owner is reported', ({ problems }) => problems.some(({ code }) => code === 'owner-undecided'));
  expect(await scene.content('prod')).toBe(before);
  await rmdir(file);
  await writeFile(file, kept);
  second.signal('SIGHUP');
  await scene.serves(`${scene.address(20)}:8000`, 'prod');
  expect((await scene.status()).instances[0]?.owner).toEqual({ project: 'visio', reason: 'remembered' });
});

test.concurrent('writes a removed owner file again at the resync', async ({ scene }) => {
  await startVictim(scene);
  const run = scene.run();
  await scene.serves(`${scene.address(20)}:8000`, 'prod');
  const file = join(scene.out, 'prod', '.owner.json');
  const isThere = (): Promise<boolean> => readFile(file, 'utf8').then(Boolean, () => false);
  await waitUntil('the owner file is written', isThere);
  await rm(file);
  run.signal('SIGHUP');
  await waitUntil('the owner file is written again', isThere);
});

test.concurrent("keeps the file if the owner's containers are removed, and shows the fix after a renaming", async ({ scene }) => {
  await startVictim(scene);
  scene.run();
  await scene.serves(`${scene.address(20)}:8000`, 'prod');
  const before = await scene.content('prod');
  await claim(scene, 'aaa', 30);
  scene.engine.world.remove('visio-frontend');
  scene.engine.world.remove('visio-backend');
  await waitForStatus(scene, 'the missing frontend is reported', ({ problems }) => problems.some(({ code }) => code === 'no-frontend'));
  expect((await scene.status()).problems.find(({ code }) => code === 'no-frontend')?.cure).toContain('--project prod=<project>');
  expect(await scene.content('prod')).toBe(before);
});

test.concurrent('reports an invalid owner file, and decides the owner again', async ({ scene }) => {
  await startVictim(scene);
  await mkdir(join(scene.out, 'prod'));
  await writeFile(join(scene.out, 'prod', '.owner.json'), '{"format":1,"project":"a;b"}');
  const run = scene.run();
  await scene.serves(`${scene.address(20)}:8000`, 'prod');
  expect(run.logged('ownerInvalid')).toHaveLength(1);
  expect((await scene.status()).instances[0]?.owner).toMatchObject({ project: 'visio' });
});

test.concurrent('render prints the owner that it assumes, and --project names another', async ({ scene }) => {
  await startVictim(scene);
  await claim(scene, 'aaa', 30);
  const render = (...flags: readonly string[]): ReturnType<typeof runCommand> =>
    runCommand(['render', '--docker-host', scene.engine.host, '--instance', 'prod', ...flags]);
  const assumed = await render();
  expect(assumed.stderr).toContain('This single pass takes aaa as the owner');
  expect(assumed.stderr).toContain('--project prod=aaa');
  const chosen = await render('--project', 'visio');
  expect(chosen.stderr).not.toContain('as the owner');
  expect(chosen.stdout).toContain(`server ${scene.address(20)}:8000`);
});

test.concurrent('refuses --project without the name of an instance if --instance is missing', async () => {
  const { code, stderr } = await runCommand(['render', '--project', 'visio']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('the project has no Meet; name the Meet')]);
});
