import { unpackObstacle } from '../debian/running-debian.ts';
import { unpackEnginePackages } from '../engine/engine-packages.ts';
import { provideRootFileSystem } from '../engine/root-file-system.ts';
import { newSystem } from '../engine/stand-ins.ts';
import { requireProgram } from '../find-program.ts';
import { NotProvided } from '../not-provided.ts';
import { engineKinds } from './engine-kinds.ts';
import { unpackEngineRoot } from './engine-root.ts';

const log = (line: string): void => void process.stderr.write(`${line}\n`);

/** Unpacks every engine and the system of its containers before the tests, once. */
export async function setup(): Promise<void> {
  const obstacle = unpackObstacle();
  if (obstacle !== undefined) {
    throw new NotProvided(
      `The conformance tests start each engine from Debian's packages, which can't be unpacked: ${obstacle}.`,
      'Run test:engines as root on Debian.',
    );
  }
  for (const program of ['nsenter', 'pivot_root', 'setpriv', 'unshare']) requireProgram(program, 'util-linux');
  await unpackEnginePackages(log);
  await provideRootFileSystem(newSystem, log);
  for (const kind of engineKinds) await unpackEngineRoot(kind, log);
}
