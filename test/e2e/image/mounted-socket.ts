import type { Engine } from '../../providers/engine/docker-command.ts';
import { runForOutput } from '../../providers/engine/run-for-output.ts';
import type { Images } from '../../providers/engine/stand-ins.ts';

/** The engine's socket where containers can mount it from, and the group that may open it. */
export interface MountedSocket {
  readonly path: string;
  readonly groupId: string;
}

/** Asks a container, which sees the engine's machine where the tests may not. */
export async function findSocket(engine: Engine, images: Images): Promise<MountedSocket> {
  const path = engine.host.startsWith('unix://') ? engine.host.slice('unix://'.length) : '/var/run/docker.sock';
  const mounted = ['--network', 'none', '--volume', `${path}:/engine.sock`];
  const stat = ['--entrypoint', 'stat', images.idle, '-c', '%g', '/engine.sock'];
  return { path, groupId: await runForOutput(engine, [...mounted, ...stat]) };
}
