import { join } from 'node:path';
import type { RunningCommand } from '../support/built-command.ts';
import { startFakeEngine } from '../support/fake-engine/engine.ts';
import type { FakeEngine } from '../support/fake-engine/engine.ts';
import type { FakeNginx } from '../support/fake-engine/nginx.ts';
import { createFakeSwarm } from '../support/fake-engine/swarm.ts';
import type { FakeSwarm } from '../support/fake-engine/swarm.ts';
import type { Scene } from '../support/fake-engine/scene.ts';
import { test as plainTest } from './scene.ts';

export { waitForStatus } from './scene.ts';

/** A stack `meet` on a swarm: a frontend on this node, and backends. The engine of the scene is that of this node. */
export interface SwarmScene {
  readonly scene: Scene;
  readonly swarm: FakeSwarm;
  readonly managers: readonly FakeEngine[];
  readonly nginx: FakeNginx;
  readonly frontendId: string;
  /** Adds a running backend. `host` is the last number of its address. @returns the task's id */
  backend(host: number, slot?: number): string;
  /** Where nginx reaches it. */
  server(host: number): string;
  /** The server's line in the file while it is in rotation. */
  inRotation(host: number): string;
  /** The server's line in the file while it is a standby. */
  standby(host: number): string;
  run(flags?: readonly string[]): RunningCommand;
}

export const backendLabels = { 'meet.role': 'backend' };

/** A test with a swarm that has three managers. */
export const test = plainTest.extend<{ meet: SwarmScene }>({
  meet: async ({ scene }, use) => {
    const managers: FakeEngine[] = [];
    try {
      for (const name of ['m1', 'm2', 'm3']) managers.push(await startFakeEngine(join(scene.folder, `${name}.sock`)));
      await use(await createSwarmScene(scene, managers));
    } finally {
      await scene.stopAll();
      for (const manager of managers) await manager.close();
    }
  },
});

async function createSwarmScene(scene: Scene, managers: readonly FakeEngine[]): Promise<SwarmScene> {
  const swarm = createFakeSwarm();
  for (const manager of managers) manager.swarm = swarm;
  swarm.service('meet_frontend', { containerLabels: { 'meet.role': 'frontend' } });
  swarm.service('meet_backend', { containerLabels: backendLabels });
  swarm.service('other_database', {});
  swarm.task({ service: 'other_database', slot: 1, address: scene.address(99) });
  const frontendId = swarm.task({ service: 'meet_frontend', address: scene.address(10) });
  const nginx = await scene.frontend(`meet_frontend.node-1.${frontendId}`);
  return {
    scene,
    swarm,
    managers,
    nginx,
    frontendId,
    backend: (host, slot = host) => swarm.task({ service: 'meet_backend', slot, address: scene.address(host) }),
    server: (host) => `${scene.address(host)}:8000`,
    inRotation: (host) => `${scene.address(host)}:8000 max_fails=0 fail_timeout=0;`,
    standby: (host) => `${scene.address(host)}:8000 max_fails=0 fail_timeout=0 backup;`,
    run: (flags = []) =>
      scene.run(['--source', 'swarm', '--node', 'node-1', '--managers', managers.map(({ host }) => host).join(','), ...flags]),
  };
}
