import { describe, expect } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { composeLabels, network, problemCodes, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

/* Replicas of one service with different labels: the replicas in rotation decide the routes. */

type Health = 'none' | 'starting' | 'healthy' | 'unhealthy';

/** A replica of the service `app`; the greater its host, the newer. */
function addReplica(scene: Scene, name: string, host: number, paths: string, health: Health = 'none'): void {
  scene.engine.world.add({
    name,
    labels: composeLabels('meet', 'app', { 'meet.role': 'service', 'meet.paths': paths, 'meet.port': '3000' }),
    networks: { [network]: scene.address(host) },
    prefixLength: 24,
    image: 'app',
    createdAtSeconds: 1_700_000_000 + host,
    health,
  });
}

/** The paths that the file routes to the service. */
async function routed(scene: Scene): Promise<readonly string[]> {
  return [...(await scene.content()).matchAll(/location \^~ (\/[stu]\/)/g)].map(([, path = '']) => path);
}

async function isServer(scene: Scene, host: number): Promise<boolean> {
  return new RegExp(`server ${scene.address(host)}:3000 [^;]*fail_timeout=0;`).test(await scene.content());
}

describe.concurrent('a newest replica with other paths', () => {
  test('changes the routes twice at most while its health alternates, and its address follows each time', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('backend', 30);
    addReplica(scene, 'old', 20, '/s', 'healthy');
    scene.run(['--wait', '1ms:1ms']);
    await scene.serves('location ^~ /s/');
    addReplica(scene, 'new', 21, '/t', 'healthy');
    // In a rolling update the newest replica decides at once.
    await scene.serves('location ^~ /t/');
    const seen = [await routed(scene)];
    for (let toggle = 0; toggle < 30; toggle += 1) {
      const isIn = toggle % 2 === 1;
      scene.engine.world.health('new', isIn ? 'healthy' : 'unhealthy');
      await waitUntil('the address follows the health', async () => (await isServer(scene, 21)) === isIn);
      seen.push(await routed(scene));
    }
    expect(seen).toEqual([['/t/'], ...Array.from({ length: 30 }, () => ['/s/'])]);
  });

  test('changes the routes twice at most while it crashes in a loop', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('backend', 30);
    addReplica(scene, 'old', 20, '/s');
    const run = scene.run(['--wait', '1ms:1ms']);
    await scene.serves('location ^~ /s/');
    addReplica(scene, 'new', 21, '/t');
    await scene.serves('location ^~ /t/');
    const seen: (readonly string[])[] = [];
    for (let death = 1; death <= 10; death += 1) {
      scene.engine.world.die('new');
      await waitUntil('the crashed replica is out', async () => !(await isServer(scene, 21)));
      seen.push(await routed(scene));
      scene.engine.world.start('new');
      await waitForStatus(scene, 'the replica runs again', ({ instances }) =>
        (instances[0]?.services ?? []).some(({ replicas }) =>
          replicas.some(({ container, state }) => container === 'new' && state === 'running'),
        ),
      );
      seen.push(await routed(scene));
    }
    expect(seen).toEqual(Array.from({ length: 20 }, () => ['/s/']));
    expect(problemCodes(run).filter((code) => code === 'replicas-disagree')).toHaveLength(2);
  });

  test('removes no route if the rollout fails and it never becomes healthy', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('backend', 30);
    addReplica(scene, 'old', 20, '/s', 'healthy');
    const run = scene.run();
    await scene.serves('location ^~ /s/');
    addReplica(scene, 'new', 21, '/t', 'starting');
    await scene.serves(`${scene.address(21)}:3000`);
    scene.engine.world.health('new', 'unhealthy');
    await scene.stopsServing(`${scene.address(21)}:3000`);
    expect(await routed(scene)).toEqual(['/s/']);
    expect(run.logged('problem').map(({ problem }) => problem)).toMatchObject([
      { code: 'replicas-disagree', container: 'new', key: 'meet.paths', message: expect.stringContaining('meet.paths on old applies') },
    ]);
    scene.engine.world.health('new', 'healthy');
    await scene.serves('location ^~ /t/');
    expect(await routed(scene)).toEqual(['/t/']);
    scene.engine.world.remove('old');
    await scene.stopsServing(`${scene.address(20)}:3000`);
    expect(await routed(scene)).toEqual(['/t/']);
  });

  test('removes no route if its value has a typing error; a bad entry of a list costs that entry alone', async ({ scene }) => {
    await scene.frontend('frontend');
    scene.backend('backend', 30);
    addReplica(scene, 'old', 20, '/s');
    const run = scene.run();
    await scene.serves('location ^~ /s/');
    addReplica(scene, 'new', 21, 's');
    await scene.serves(`${scene.address(21)}:3000`);
    expect(await routed(scene)).toEqual(['/s/']);
    addReplica(scene, 'newest', 22, '/t,u');
    await scene.serves(`${scene.address(22)}:3000`);
    expect(await routed(scene)).toEqual(['/s/']);
    scene.engine.world.remove('old');
    await scene.serves('location ^~ /t/');
    expect(await routed(scene)).toEqual(['/t/']);
    const bad = run.logged('problem').flatMap(({ problem }) => {
      const { code, container, value } = problem as Readonly<Record<string, string>>;
      return code === 'bad-label-value' ? [{ container, value }] : [];
    });
    expect(bad).toEqual([
      { container: 'new', value: 's' },
      { container: 'newest', value: 'u' },
    ]);
  });
});

const listening = (listen: string): Parameters<Scene['frontend']>[1] => ({
  container: {
    labels: composeLabels('meet', 'frontend', { 'meet.role': 'frontend', 'meet.listen': listen }),
    createdAtSeconds: listen === '9001' ? 1_700_000_000 : 1_700_000_001,
  },
});

test.concurrent('keeps the port of the first frontend if the port of the second is unreadable', async ({ scene }) => {
  scene.backend('backend', 30);
  await scene.frontend('frontend-1', listening('9001'));
  const run = scene.run();
  await scene.serves('listen 9001;');
  await scene.frontend('frontend-2', { host: 11, ...listening('banana') });
  await waitUntil('the bad value is reported', () => problemCodes(run).includes('bad-label-value'));
  await scene.converged();
  expect(await scene.content()).toContain('listen 9001;');
  expect(problemCodes(run)).toEqual(['bad-label-value', 'replicas-disagree']);
});
