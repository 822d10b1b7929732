import { describe, expect } from 'vitest';
import { runCommand } from '../support/built-command.ts';
import { waitUntil } from '../support/wait-until.ts';
import { problemCodes, test, waitForStatus, type Scene } from './scene.ts';

/** The ping of an engine on which a signal through the API ends every restart policy (Podman 5.4.2). */
const headers = { server: 'Libpod/5.4.2 (linux)', 'libpod-api-version': '5.4.2' };
/** Without the test of candidates, every command is a reload. */
const flags = ['--check', 'off'] as const;

const commands = ({ engine }: Scene): number => engine.calls.filter(({ path }) => /^\/containers\/[^/]+\/exec$/.test(path)).length;

async function twoContainers(scene: Scene, runsCommands: boolean): Promise<void> {
  const { engine } = scene;
  engine.pingHeaders = headers;
  engine.runsCommands = runsCommands;
  const nginx = await scene.frontend('frontend');
  engine.onCommand = () => nginx.boot();
  scene.backend('backend', 20);
  await scene.listens([20, 8000]);
}

describe.concurrent('an engine on which a signal ends every restart policy', () => {
  test('gets no signal if meet-gen may run commands: a command makes nginx reload', async ({ scene }) => {
    await twoContainers(scene, true);
    const run = scene.run(flags);
    await scene.serves(`${scene.address(20)}:8000`);
    expect(scene.engine.killCalls()).toEqual([]);
    expect(commands(scene)).toBeGreaterThan(0);
    expect(problemCodes(run)).toEqual([]);
    expect(await runCommand(['status', '--out', scene.out])).toMatchObject({ code: 0 });
  });

  test('is a problem for each frontend while commands are refused, with the cure, and gets no signal', async ({ scene }) => {
    await twoContainers(scene, false);
    const other = await scene.frontend('frontend-2', { host: 11 });
    const run = scene.run(flags);
    const { problems } = await waitForStatus(
      scene,
      'both frontends have the problem',
      (status) => status.problems.filter(({ code }) => code === 'signal-unsafe').length === 2,
    );
    expect(new Set(problems.map(({ container }) => container))).toEqual(new Set(['frontend', 'frontend-2']));
    expect(problems[0]).toMatchObject({ severity: 'error', cure: expect.stringContaining('--reload hook') as string });
    expect(problems[0]?.message).toContain('running a command in frontend');
    const { code, stdout } = await runCommand(['status', '--out', scene.out]);
    expect([code, stdout]).toEqual([7, expect.stringContaining('signal-unsafe')]);
    expect(scene.engine.killCalls()).toEqual([]);
    scene.engine.runsCommands = true;
    const bootFirst = scene.engine.onCommand;
    scene.engine.onCommand = (container) => (container === 'frontend-2' ? other.boot() : bootFirst(container));
    run.signal('SIGHUP');
    await scene.serves(`${scene.address(20)}:8000`);
    await waitUntil('both problems are over', () => problemCodes(run, 'problemResolved').length === 2);
    expect(await runCommand(['status', '--out', scene.out])).toMatchObject({ code: 0 });
    expect(scene.engine.killCalls()).toEqual([]);
  });
});
