import { isServed } from '../../src/status/headline.ts';
import type { StatusSnapshot } from '../../src/status/snapshot.ts';
import { runCommand } from '../support/built-command.ts';
import type { RunningCommand } from '../support/built-command.ts';
import type { FakeNginx } from '../support/fake-engine/nginx.ts';
import { addService, composeLabels, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

/** The situations that an operator asks about. */
export type SituationName =
  | 'all well'
  | 'backend starting'
  | 'backend unhealthy'
  | 'backend draining'
  | 'no replica left'
  | 'label typo'
  | 'contested route'
  | 'nginx refused'
  | 'engine away'
  | 'frontend not verified';

/** A situation under way. */
interface Arranged {
  readonly run: RunningCommand;
  /** Ends the situation; resolves when the Meet is well again. */
  fix(): Promise<StatusSnapshot>;
}

/** A situation of a Meet, for comparison with every output of meet-gen. */
export interface Situation {
  readonly name: SituationName;
  /**
   * Starts `meet-gen run` on an empty scene, with these flags and the scene's own. Then brings the situation about, and
   * waits until `/status` shows it.
   */
  arrange(scene: Scene, flags?: readonly string[]): Promise<Arranged>;
}

type Turn = (scene: Scene, nginx: FakeNginx) => unknown;

/** Begins with a live frontend and a healthy `backend-1` at .20. `happens` and `ends` change that. */
function situation(name: SituationName, happens: Turn, ends: Turn = () => undefined, ownFlags: readonly string[] = []): Situation {
  return {
    name,
    async arrange(scene, flags = []) {
      const nginx = await scene.frontend('frontend', { version: '1.30.3' });
      scene.backend('backend-1', 20, { health: 'healthy' });
      const run = scene.run([...ownFlags, ...flags]);
      await scene.converged();
      await happens(scene, nginx);
      return {
        run,
        async fix() {
          await ends(scene, nginx);
          return waitForStatus(scene, 'all is well again', isWell);
        },
      };
    },
  };
}

export const situations: readonly Situation[] = [
  situation('all well', (scene) => waitForStatus(scene, 'all is well', isWell)),
  situation(
    'backend starting',
    async (scene) => {
      scene.backend('backend-2', 21, { health: 'starting' });
      await ranked(scene, 'backend-2', 'starting');
    },
    (scene) => scene.engine.world.health('backend-2', 'healthy'),
  ),
  situation(
    'backend unhealthy',
    async (scene) => {
      scene.backend('backend-2', 21, { health: 'healthy' });
      await ranked(scene, 'backend-2', 'ready');
      scene.engine.world.health('backend-2', 'unhealthy');
      await ranked(scene, 'backend-2', 'unhealthy');
    },
    (scene) => scene.engine.world.health('backend-2', 'healthy'),
  ),
  situation(
    'backend draining',
    async (scene) => {
      scene.backend('backend-2', 21, { health: 'healthy' });
      await ranked(scene, 'backend-2', 'ready');
      await drain(scene, 'backend-2');
      await ranked(scene, 'backend-2', 'draining');
    },
    (scene) => drain(scene, '--cancel', 'backend-2'),
  ),
  situation(
    'no replica left',
    async (scene) => {
      scene.engine.world.stop('backend-1');
      await ranked(scene, 'backend-1', 'never');
    },
    (scene) => {
      scene.engine.world.start('backend-1');
      scene.engine.world.health('backend-1', 'healthy');
    },
  ),
  situation(
    'label typo',
    async (scene) => {
      const labels = composeLabels('meet', 'backend', { 'meet.role': 'backend', 'meet.pahts': '+/more' });
      scene.backend('backend-2', 21, { health: 'healthy', labels });
      await problemShown(scene, 'unknown-label');
    },
    (scene) => scene.engine.world.remove('backend-2'),
  ),
  situation(
    'contested route',
    async (scene) => {
      addService(scene, 'files', 30);
      addService(scene, 'more', 31, '/files');
      await problemShown(scene, 'contested-route');
    },
    (scene) => scene.engine.world.remove('more'),
  ),
  situation(
    'nginx refused',
    async (scene, nginx) => {
      nginx.behaviour.refuseText = 'upstream meet_meet.bad';
      addService(scene, 'bad', 30);
      await problemShown(scene, 'reload-rejected');
      await problemShown(scene, 'route-left-out');
      await waitForStatus(scene, 'the other routes are live', ({ instances }) => instances.length > 0 && instances.every(isServed));
    },
    (scene, nginx) => {
      nginx.behaviour.refuseText = undefined;
      scene.engine.world.remove('bad');
    },
  ),
  situation(
    'engine away',
    async (scene) => {
      await scene.engine.goAway();
      await problemShown(scene, 'engine-unreachable');
    },
    (scene) => scene.engine.comeBack(),
  ),
  situation(
    'frontend not verified',
    async (scene, nginx) => {
      nginx.behaviour.answers = 'never';
      scene.backend('backend-2', 21, { health: 'healthy' });
      await problemShown(scene, 'reload-unverified');
    },
    (_, nginx) => (nginx.behaviour.answers = 'normally'),
    ['--verify-timeout', '2s'],
  ),
];

/** Waits until a container has this rank, and its routes are live. */
async function ranked(scene: Scene, container: string, rank: string): Promise<void> {
  await waitForStatus(
    scene,
    `${container} is ${rank}`,
    ({ converged, instances }) =>
      converged &&
      instances.some(({ services }) =>
        services.some(({ replicas }) => replicas.some((replica) => replica.container === container && replica.rank === rank)),
      ),
  );
  await scene.converged();
}

async function problemShown(scene: Scene, code: string): Promise<void> {
  await waitForStatus(scene, `the status shows ${code}`, ({ problems }) => problems.some((item) => item.code === code));
}

async function drain(scene: Scene, ...args: readonly string[]): Promise<void> {
  const end = await runCommand(['drain', '--out', scene.out, ...args]);
  if (end.code !== 0) throw new Error(`meet-gen drain ended with ${String(end.code)}: ${end.stderr}`);
}

function isWell({ converged, engine, instances, problems }: StatusSnapshot): boolean {
  const replicas = instances.flatMap(({ services }) => services.flatMap((service) => service.replicas));
  return converged && engine.connected && problems.length === 0 && replicas.length > 0 && replicas.every(({ inRotation }) => inRotation);
}
