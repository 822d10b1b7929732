import { setTimeout as sleep } from 'node:timers/promises';
import type { Scene } from '../../support/fake-engine/scene.ts';
import { startReader } from '../../support/swarm/reader.ts';
import { imageOptions } from '../as-in-image.ts';
import { withScene } from '../faked/on-scene.ts';
import type { BenchSettings, Figure } from '../figure.ts';
import { cpuTimeMs } from '../process-clock.ts';
import { createLargeSwarm } from './large-swarm.ts';
import type { LargeSwarm } from './large-swarm.ts';

const managers = ['plain manager', 'reader'] as const;
/** A poll and its consequences take less. */
const settledMs = 150;
/** Between two polls, a second apart, with time to spare. */
const idleMs = 500;
const polledWithinMs = 10_000;

/** The processor time that one poll costs a node, apart from what the node uses between two polls. */
export async function measurePolls({ quick, log, signal }: BenchSettings): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const manager of managers)
    await withScene(signal, async (scene) => {
      const { frontendId, ...large } = await openSwarm(scene);
      await scene.frontend(`meet_frontend.node-1.${frontendId}`, { version: '1.30.3' });
      const flags = manager === 'reader' ? await readerFlags(scene) : ['--managers', scene.engine.host];
      const { pid } = scene.run(['--source', 'swarm', '--node', 'node-1', ...flags], imageOptions());
      await scene.converged();
      for (const [what, change] of [
        ['unchanged', () => undefined],
        ['one task changed', () => large.changeTask()],
      ] as const) {
        const samples = await takePolls(scene, pid, quick ? 4 : 30, change);
        figures.push({ part: 'swarm', what: `own time of a poll, ${what}`, where: manager, who: 'meet-gen', unit: 'ms', samples });
      }
      log(`polls of a ${manager}: measured`);
    });
  return figures;
}

/** The scene's engine is also the manager. */
async function openSwarm(scene: Scene): Promise<LargeSwarm> {
  const large = createLargeSwarm(scene.address(10));
  scene.engine.swarm = large.swarm;
  return large;
}

async function readerFlags(scene: Scene): Promise<readonly string[]> {
  const { port, secretFile } = await startReader(scene, false, imageOptions());
  return ['--managers', `tcp://127.0.0.1:${port}`, '--reader-secret', secretFile];
}

async function takePolls(scene: Scene, pid: number, rounds: number, change: () => void): Promise<readonly number[]> {
  const costs: number[] = [];
  // One round to warm up.
  for (let round = 0; round <= rounds; round += 1) {
    await waitForPoll(scene);
    const [idleCpuMs, idleFromMs] = [cpuTimeMs(pid), performance.now()];
    await sleep(idleMs);
    const [cpuMs, fromMs] = [cpuTimeMs(pid), performance.now()];
    change();
    await waitForPoll(scene);
    const restMs = (performance.now() - fromMs) * ((cpuMs - idleCpuMs) / (fromMs - idleFromMs));
    if (round > 0) costs.push(Math.max(0, cpuTimeMs(pid) - cpuMs - restMs));
  }
  return costs;
}

/** Waits until the engine has answered a poll, and the node has done what follows from it. */
async function waitForPoll({ engine }: Scene): Promise<void> {
  const polls = (): number => engine.answered.filter(({ path }) => path === '/tasks').length;
  const [before, fromMs] = [polls(), performance.now()];
  while (polls() === before) {
    if (performance.now() - fromMs > polledWithinMs) throw new Error(`no poll within ${polledWithinMs} ms`);
    await sleep(2);
  }
  await sleep(settledMs);
}
