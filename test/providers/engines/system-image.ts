import { docker, type Engine } from '../engine/docker-command.ts';
import { inspectImage } from '../engine/image-build.ts';
import { provideRootFileSystem } from '../engine/root-file-system.ts';
import { newSystem } from '../engine/stand-ins.ts';

/** Debian with nginx and Node. Podman 4.3 ignores another tag at an import. */
export const systemImage = 'meet-gen-test/system:latest';

/** Imports the image unless the engine has it. */
export async function importSystem(engine: Engine, log: (line: string) => void): Promise<void> {
  if ((await inspectImage(engine, systemImage)) !== undefined) return;
  const tarFile = await provideRootFileSystem(newSystem, log);
  await docker(engine, ['import', '--change', 'LABEL meet-gen.test=1', tarFile, systemImage]);
}
