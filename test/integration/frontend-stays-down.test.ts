import { describe, expect } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { problemCodes, test, waitForStatus, type Scene } from './scene.ts';

const code = 'frontend-stays-down';

/** Two frontends that got a reload signal each, and serve the published file. */
async function signalledFrontends(scene: Scene): Promise<ReturnType<Scene['run']>> {
  await scene.frontend('frontend');
  await scene.frontend('frontend-2', { host: 11 });
  scene.backend('backend', 20);
  const run = scene.run();
  await scene.serves(`${scene.address(20)}:8000`);
  expect(new Set(scene.engine.killCalls().map(({ name }) => name))).toEqual(new Set(['frontend', 'frontend-2']));
  return run;
}

async function isDown(scene: Scene, name: string): Promise<void> {
  await waitForStatus(scene, `${name} is down`, ({ instances }) =>
    instances.some(({ frontends }) => frontends.some((frontend) => frontend.container === name && frontend.state !== 'running')),
  );
}

describe.concurrent('a frontend that got a reload signal', () => {
  test('is a problem if it crashes and stays down, until it starts', async ({ scene }) => {
    const run = await signalledFrontends(scene);
    const inspects = (): number => scene.engine.calls.filter(({ path }) => /^\/containers\/[^/]+\/json$/.test(path)).length;
    scene.engine.world.die('frontend');
    const { problems } = await waitForStatus(scene, code, (status) => status.problems.some((problem) => problem.code === code));
    expect(problems.filter((problem) => problem.code === code)).toMatchObject([{ container: 'frontend', severity: 'error' }]);
    scene.engine.world.start('frontend');
    await waitUntil('the problem is over', () => problemCodes(run, 'problemResolved').includes(code));
    expect(inspects()).toBe(0);
  });

  test('is no problem if it is stopped, or if it crashes and starts again', async ({ scene }) => {
    const run = await signalledFrontends(scene);
    scene.engine.world.die('frontend-2');
    scene.engine.world.start('frontend-2');
    scene.engine.world.stop('frontend');
    await isDown(scene, 'frontend');
    await scene.converged();
    expect(problemCodes(run)).not.toContain(code);
  });

  test('is no problem if it got the signal before its last start', async ({ scene }) => {
    const run = await signalledFrontends(scene);
    scene.engine.world.die('frontend');
    scene.engine.world.start('frontend');
    await scene.converged();
    scene.engine.world.die('frontend');
    await isDown(scene, 'frontend');
    await scene.converged();
    expect(scene.engine.killCalls().filter(({ name }) => name === 'frontend')).toHaveLength(1);
    expect(problemCodes(run)).not.toContain(code);
  });
});
