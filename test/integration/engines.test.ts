import { describe, expect } from 'vitest';
import type { RunningCommand } from '../support/built-command.ts';
import type { FakeKind } from '../support/fake-engine/kind.ts';
import { waitUntil } from '../support/wait-until.ts';
import { finalAfterMs } from '../../src/source/engine-view.ts';
import { addService, network, problemCodes, readMetrics, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

/*
 * Routes on engines that differ from Docker's newest. The resync is off, so only events and the looks that follow them can
 * bring a change about.
 */

const podmans = ['podman 4', 'podman 5'] as const satisfies readonly FakeKind[];

/** A frontend and backends in rotation on an engine of this kind. */
async function begin(scene: Scene, kind: FakeKind, hosts: readonly number[], flags: readonly string[] = []): Promise<RunningCommand> {
  scene.engine.behaveAs(kind);
  await scene.frontend('frontend');
  for (const host of hosts) scene.backend(`backend-${host}`, host);
  const run = scene.run(['--reload', 'none', ...flags]);
  for (const host of hosts) await published(scene, host);
  return run;
}

const lineOf = (scene: Scene, host: number): string => `server ${scene.address(host)}:8000 `;

async function published(scene: Scene, host: number): Promise<void> {
  await waitUntil(`.${host} is published`, async () => (await scene.content().catch(() => '')).includes(lineOf(scene, host)));
}

async function withdrawn(scene: Scene, host: number): Promise<void> {
  await waitUntil(`.${host} is published no more`, async () => !(await scene.content()).includes(lineOf(scene, host)));
}

async function isBackup(scene: Scene, host: number): Promise<boolean> {
  return (await scene.content()).includes(`${lineOf(scene, host)}max_fails=0 fail_timeout=0 backup;`);
}

for (const kind of podmans) {
  describe.concurrent(`on ${kind}, without a resync, the routes follow`, () => {
    test('stops, starts, kills and removals', async ({ scene }) => {
      await begin(scene, kind, [20, 21, 22, 23]);
      scene.engine.world.stop('backend-20');
      await withdrawn(scene, 20);
      scene.engine.world.start('backend-20');
      await published(scene, 20);
      scene.engine.world.kill('backend-21', 'KILL');
      await withdrawn(scene, 21);
      scene.engine.world.remove('backend-22');
      await withdrawn(scene, 22);
    });

    test('connections to networks, pauses and new names', async ({ scene }) => {
      await begin(scene, kind, [20, 21]);
      scene.engine.world.disconnect('backend-20', network);
      await withdrawn(scene, 20);
      scene.engine.world.connect('backend-20', network, scene.address(30));
      await published(scene, 30);
      scene.engine.world.pause('backend-20');
      await withdrawn(scene, 30);
      scene.engine.world.unpause('backend-20');
      await published(scene, 30);
      scene.engine.world.rename('backend-20', 'renamed');
      await waitForStatus(scene, 'the new name is known', ({ instances }) => JSON.stringify(instances).includes('"renamed"'));
    });

    test('a restart at another address, also of a container that was stopping', async ({ scene }) => {
      await begin(scene, kind, [20, 21]);
      scene.engine.world.beginStop('backend-20');
      scene.engine.world.silently((world) => {
        world.die('backend-20', 0);
        world.connect('backend-20', network, scene.address(30));
      });
      scene.engine.world.start('backend-20');
      await published(scene, 30);
    });

    test('the health, with one more call, and two while a replica is not healthy', async ({ scene }) => {
      scene.engine.behaveAs(kind);
      await scene.frontend('frontend');
      scene.backend('backend-20', 20, { health: 'healthy' });
      scene.backend('backend-21', 21, { health: 'starting' });
      scene.backend('backend-22', 22, { health: 'unhealthy' });
      scene.run(['--reload', 'none']);
      await published(scene, 20);
      await waitUntil('the starting one is a standby', () => isBackup(scene, 21));
      expect(await scene.content()).not.toContain(scene.address(22));
      const { instances } = await waitForStatus(
        scene,
        'three replicas',
        (status) => status.instances[0]?.services[0]?.replicas.length === 3,
      );
      const standings = instances[0]?.services[0]?.replicas.map(({ rank, reason }) => [rank, reason]);
      expect(standings).toEqual([
        ['ready', 'running, and no health check fails'],
        ['starting', 'health check has not passed yet, and others are better'],
        ['unhealthy', 'health check fails, and others are better'],
      ]);
      const asked = scene.engine.listCalls().map(({ query }) => JSON.parse(query.get('filters') ?? '{}') as object);
      expect(asked.slice(0, 3)).toEqual([
        { label: ['meet.role'] },
        { label: ['meet.role'], health: ['starting', 'unhealthy'] },
        { label: ['meet.role'], health: ['unhealthy'] },
      ]);
      scene.engine.world.health('backend-21', 'healthy');
      await waitUntil('the healthy one is in rotation', async () => !(await isBackup(scene, 21)));
      scene.engine.world.remove('backend-22');
      await waitForStatus(scene, 'the unhealthy one is gone', (status) => status.instances[0]?.services[0]?.replicas.length === 2);
      const before = scene.engine.listCalls().length;
      scene.engine.world.connect('backend-20', network, scene.address(30));
      await published(scene, 30);
      const [first, second] = scene.engine
        .listCalls()
        .slice(before, before + 2)
        .map(({ query }) => JSON.parse(query.get('filters') ?? '{}') as { readonly id?: readonly string[] });
      expect(first?.id).toContain(scene.engine.world.idOf('backend-20'));
      expect(second).toEqual({ ...first, health: ['starting', 'unhealthy'] });
    });

    for (const exitCode of [0, 137, 143]) {
      test(`restarts with exit code ${exitCode}: a crash loop by the restart policy, and none by a command`, async ({ scene }) => {
        const run = await begin(scene, kind, [20, 21]);
        for (let time = 0; time < 4; time += 1) {
          scene.engine.world.restart('backend-20', exitCode);
          scene.engine.world.die('backend-20', exitCode);
          scene.engine.world.start('backend-20');
        }
        // The next change comes after those events.
        scene.engine.world.pause('backend-21');
        await withdrawn(scene, 21);
        await published(scene, 20);
        expect(problemCodes(run)).not.toContain('crash-loop');
        for (let time = 0; time < 3; time += 1) {
          scene.engine.world.die('backend-20', exitCode);
          scene.engine.world.restartByPolicy('backend-20');
        }
        await waitUntil('the crash loop is reported', () => problemCodes(run).includes('crash-loop'));
      });
    }

    test('crash loops by any other exit code', async ({ scene }) => {
      const run = await begin(scene, kind, [20, 21]);
      for (let time = 0; time < 3; time += 1) {
        scene.engine.world.die('backend-20', 1);
        scene.engine.world.start('backend-20');
      }
      await waitUntil('the crash loop is reported', () => problemCodes(run).includes('crash-loop'));
    });

    test('a stop from the first look that shows it', async ({ scene }) => {
      await begin(scene, kind, [20, 21], ['--resync', '1s']);
      scene.engine.world.beginStop('backend-20');
      await withdrawn(scene, 20);
      await waitForStatus(scene, 'the running replica is stopping', ({ instances }) => {
        const replica = instances[0]?.services[0]?.replicas[0];
        return replica?.state === 'running' && replica.rank === 'stopping';
      });
    });

    test('a restart from its beginning', async ({ scene }) => {
      await begin(scene, kind, [20, 21]);
      scene.engine.world.silently((world) => world.beginStop('backend-20'));
      scene.engine.world.announceRestart('backend-20');
      await withdrawn(scene, 20);
    });
  });
}

test.concurrent('on podman 5, health checks without a change lead to no look', async ({ scene }) => {
  scene.engine.behaveAs('podman 5');
  await scene.frontend('frontend');
  for (const host of [20, 21]) scene.backend(`backend-${host}`, host, { health: 'healthy' });
  scene.run(['--reload', 'none', '--wait', '1ms:1ms']);
  await published(scene, 21);
  const changedAtMs = Date.now();
  scene.engine.world.health('backend-20', 'unhealthy');
  await withdrawn(scene, 20);
  // On a busy machine the first look may begin so late that it is the final one.
  const isFinal = ({ query, atMs }: { readonly query: URLSearchParams; readonly atMs: number }): boolean =>
    !/health/.test(query.get('filters') ?? '') && atMs >= changedAtMs + finalAfterMs;
  await waitUntil('the final look has begun', () => scene.engine.listCalls().some(isFinal));
  await waitForStatus(scene, 'the health is known', ({ instances }) => instances[0]?.services[0]?.replicas[0]?.health === 'unhealthy');
  for (let check = 0; check < 10; check += 1) scene.engine.world.health('backend-21', 'healthy');
  scene.engine.world.pause('backend-20');
  await waitForStatus(scene, 'the pause is known', ({ instances }) => instances[0]?.services[0]?.replicas[0]?.state === 'paused');
  // This metric counts the events that lead to a look.
  expect((await readMetrics(scene)).get('events_total{action="health_status"}')).toBe(1);
});

test.concurrent("on podman 5, a backend in host mode is reached at the gateway of the frontends' network", async ({ scene }) => {
  scene.engine.behaveAs('podman 5');
  await scene.frontend('frontend');
  scene.backend('backend', 20, { networkMode: 'host' });
  scene.run(['--reload', 'none']);
  await published(scene, 1);
});

describe.concurrent.each(['docker', 'podman 4'] as const)('on %s, a frontend that starts again at its address', (kind) => {
  test('is asked again for its generation', async ({ scene }) => {
    scene.engine.behaveAs(kind);
    const nginx = await scene.frontend('frontend');
    scene.backend('backend', 20);
    scene.run(['--reload', 'none']);
    await waitForStatus(scene, 'the frontend has not read the file', ({ converged, instances }) => !converged && instances.length === 1);
    nginx.boot();
    await scene.converged();
    nginx.behaviour.answers = 'forbidden';
    restartAtOnce(scene, 'frontend');
    await waitForStatus(scene, 'the frontend is unproven', ({ converged }) => !converged);
    nginx.behaviour.answers = 'normally';
    await scene.converged();
  });

  test('gets a refused file again', async ({ scene }) => {
    scene.engine.behaveAs(kind);
    const nginx = await scene.frontend('frontend');
    scene.backend('backend', 20);
    scene.run(['--check', 'off']);
    await scene.converged();
    nginx.behaviour.refuseText = 'upstream meet_meet.bad';
    addService(scene, 'bad', 30);
    await waitForStatus(scene, 'the refusal is known', ({ problems }) => problems.some(({ code }) => code === 'reload-rejected'));
    await waitUntil('the last good file is back', async () => !(await scene.content()).includes('upstream meet_meet.bad'));
    nginx.behaviour.refuseText = undefined;
    restartAtOnce(scene, 'frontend');
    nginx.boot();
    await scene.serves('upstream meet_meet.bad');
  });
});

/** The first list after the end shows the container running again. */
function restartAtOnce(scene: Scene, name: string): void {
  scene.engine.world.die(name, 0);
  scene.engine.world.start(name);
}

describe.concurrent('on docker 20.10, where an end is announced before the list shows it', () => {
  test('each end is one change of the file', async ({ scene }) => {
    await begin(scene, 'docker 20.10', [20, 21]);
    for (const end of ['stop', 'kill', 'die'] as const) {
      const from = scene.engine.listCalls().length;
      if (end === 'kill') scene.engine.world.kill('backend-20', 'KILL');
      else scene.engine.world[end]('backend-20');
      await withdrawn(scene, 20);
      const before = await scene.fileIdentity();
      await hasLooked(scene, 'backend-20', from);
      scene.engine.world.showEnd('backend-20');
      await waitForStatus(scene, 'the end is known', ({ instances }) => instances[0]?.services[0]?.replicas[0]?.state === 'exited');
      expect(await scene.fileIdentity(), end).toBe(before);
      scene.engine.world.start('backend-20');
      await published(scene, 20);
    }
  });

  test('the end of the only replica is found without another event', async ({ scene }) => {
    await begin(scene, 'docker 20.10', [20]);
    const from = scene.engine.listCalls().length;
    scene.engine.world.die('backend-20');
    await hasLooked(scene, 'backend-20', from);
    scene.engine.world.silently((world) => world.showEnd('backend-20'));
    await withdrawn(scene, 20);
  });

  test('a container that started again without an event is in rotation again', async ({ scene }) => {
    await begin(scene, 'docker 20.10', [20, 21]);
    scene.engine.world.kill('backend-20', 'KILL');
    await withdrawn(scene, 20);
    scene.engine.world.silently((world) => {
      world.showEnd('backend-20');
      world.start('backend-20');
    });
    await published(scene, 20);
  });
});

/** Waits until meet-gen has looked at a container three times: at once, a final time, and for its end. */
async function hasLooked(scene: Scene, name: string, fromCall: number): Promise<void> {
  const id = scene.engine.world.idOf(name);
  const looks = (): number =>
    scene.engine
      .listCalls()
      .slice(fromCall)
      .filter(({ query }) => /label/.test(query.get('filters') ?? '') || (query.get('filters') ?? '').includes(id)).length;
  await waitUntil(`${name} is looked at three times`, () => looks() >= 3);
}
