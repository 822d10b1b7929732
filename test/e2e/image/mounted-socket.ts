import type { Engine } from '../../providers/engine/docker-command.ts';
import { runForOutput } from '../../providers/engine/run-for-output.ts';
import type { Images } from '../../providers/engine/stand-ins.ts';

/** The path from which containers can mount the engine's socket, and the group that may open it. */
export interface MountedSocket {
  readonly path: string;
  readonly groupId: string;
}

/** Reads the group in a container, since the tests may run on another machine than the engine. */
export async function findSocket(engine: Engine, images: Images): Promise<MountedSocket> {
  const path = engine.host.startsWith('unix://') ? engine.host.slice('unix://'.length) : '/var/run/docker.sock';
  const mounted = ['--network', 'none', '--volume', `${path}:/engine.sock`];
  const stat = ['--entrypoint', 'stat', images.idle, '-c', '%g', '/engine.sock'];
  return { path, groupId: await runForOutput(engine, [...mounted, ...stat]) };
}
