import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cacheDirectory } from '../cache-directory.ts';
import { withLock } from '../file-lock.ts';
import { NotProvided } from '../not-provided.ts';
import { runCommand } from '../run-command.ts';
import { withOwnApt, type OwnApt } from './own-apt.ts';
import { readOsRelease } from './running-debian.ts';

/** Packages that are unpacked into a folder of the cache. Their programs run from there, without an installation. */
export interface PackageTree {
  /** The folder's name. */
  readonly name: string;
  /** The name in the log. */
  readonly title: string;
  /** `name`, or `name/suite`. */
  readonly packages: readonly string[];
  /** The suites for apt. Default: the running release. */
  readonly suites?: readonly string[];
  /** Also unpacks the dependencies, except the C library: programs name the library's loader by an absolute path. */
  readonly withDependencies?: boolean;
  /** Also unpacks the C library, for a folder that becomes the root of its programs. */
  readonly asRoot?: boolean;
  /** A path in the folder. A folder without this path is unpacked again. */
  readonly proof: string;
  /** Completes and tests the folder before it is moved to its place. @throws when the programs don't run here */
  readonly finish?: (folder: string) => Promise<void>;
}

/**
 * Downloads and unpacks the packages unless the cache has them; returns the folder. If several callers run at once,
 * also in other processes, the first unpacks and the others wait.
 * @param log called before a download, with its size and folder
 */
export async function unpackOnce(tree: PackageTree, log: (line: string) => void): Promise<string> {
  const folder = join(cacheDirectory(), tree.name);
  const isThere = (): boolean => existsSync(join(folder, tree.proof));
  if (isThere()) return folder;
  return withLock(`${folder}.lock`, async () => {
    if (isThere()) return folder;
    const { codename } = readOsRelease();
    const suites = tree.suites ?? [codename];
    log(`${tree.title}: reading the package lists of Debian ${suites.join(' and ')} (about 10 MB each)`);
    const options = { codename, suites, withDependencies: tree.withDependencies ?? false };
    await explainFailure(withOwnApt(`${folder}.apt`, options, (apt) => unpack(tree, folder, apt, log)));
    return folder;
  });
}

/** Unpacks into a folder beside the final one. The new folder is renamed once it is complete and its programs run. */
async function unpack(tree: PackageTree, folder: string, apt: OwnApt, log: (line: string) => void): Promise<void> {
  const { packages, megabytes } = await apt.sizeOf(tree.packages);
  log(
    `${tree.title}: downloading ${packages} of Debian's packages (${megabytes} MB) and unpacking them into ${folder}; this happens once, and installs nothing`,
  );
  const building = `${folder}.part`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  const files = await apt.download(tree.packages);
  if (tree.asRoot === true) linkMergedFolders(building);
  for (const file of files.filter((name) => tree.asRoot === true || !isCLibrary(name))) await runCommand('dpkg', ['-x', file, building]);
  await tree.finish?.(building);
  if (!existsSync(join(building, tree.proof))) throw new Error(`Debian's ${tree.packages.join(', ')} have no ${tree.proof}`);
  rmSync(folder, { recursive: true, force: true });
  renameSync(building, folder);
}

/** Some packages still name these folders by their old paths. `dpkg -x` follows the links. */
function linkMergedFolders(root: string): void {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(root, name));
  }
}

const isCLibrary = (file: string): boolean => basename(file).startsWith('libc6_');

async function explainFailure(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (cause) {
    const isApt = cause instanceof Error && cause.message.startsWith('`apt-get ');
    if (!isApt) throw cause;
    const reason = cause.message.split('\n').find((line) => line.startsWith('E:')) ?? cause.message;
    throw new NotProvided(
      `Debian's packages can't be downloaded: ${reason.replace(/\s+/g, ' ').slice(0, 400)}`,
      'Check the network and the sources of apt, or install the program yourself: test/providers/README.md lists it.',
      { cause },
    );
  }
}
