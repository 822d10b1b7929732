import { readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { readOsRelease, unpackObstacle } from '../debian/running-debian.ts';
import { unpackOnce } from '../debian/unpack-once.ts';
import { findProgram } from '../find-program.ts';
import { NotProvided } from '../not-provided.ts';
import { tryCommand } from '../run-command.ts';

/** The load generator wrk, and its environment variables. */
export interface Wrk {
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
}

const log = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * Finds wrk on the PATH, or unpacks Debian's into the cache once (as root on Debian), without an installation.
 * @throws NotProvided if there is no wrk
 */
export async function findWrk(): Promise<Wrk> {
  const program = findProgram(['wrk']);
  if (program !== undefined) return { program, env: {} };
  const obstacle = unpackObstacle();
  if (obstacle !== undefined) {
    throw new NotProvided(
      `There is no wrk on the PATH, and Debian's can't be unpacked: ${obstacle}.`,
      'Install wrk 4, run the bench as root on Debian, or skip this part (--only live,faked,files,footprint).',
    );
  }
  const root = await unpackOnce(
    {
      name: `wrk-${readOsRelease().codename}`,
      title: 'wrk',
      packages: ['wrk'],
      withDependencies: true,
      proof: 'usr/bin/wrk',
      finish: mustRun,
    },
    log,
  );
  return wrkIn(root);
}

/** Debian's program, with its unpacked libraries. */
function wrkIn(root: string): Wrk {
  const libraries = ['usr/lib', 'lib'].flatMap((folder) =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name.includes('-linux-gnu'))
      .map((entry) => join(root, folder, entry.name)),
  );
  return { program: join(root, 'usr/bin/wrk'), env: { LD_LIBRARY_PATH: libraries.join(delimiter) } };
}

/** `wrk -v` prints its version, and exits with 1. */
async function mustRun(root: string): Promise<void> {
  const { program, env } = wrkIn(root);
  const { stdout, stderr } = await tryCommand(program, ['-v'], { env });
  if (!stdout.startsWith('wrk ')) throw new Error(`Debian's wrk does not run: ${stderr.trim()}`);
}
