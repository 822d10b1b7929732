import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../cache-directory.ts';
import { unpackObstacle } from '../debian/running-debian.ts';
import { requireProgram } from '../find-program.ts';
import { NotProvided } from '../not-provided.ts';
import { unpackEnginePackages } from './engine-packages.ts';
import { unmountBelow } from './leftovers.ts';
import { runCommand } from '../run-command.ts';

export interface RootFileSystem {
  /** The Debian release of the packages. */
  readonly suite: string;
  readonly packages: readonly string[];
  /** The approximate size of the download. */
  readonly downloadMegabytes: number;
}

const needless = [
  'var/cache/apt',
  'var/lib/apt/lists',
  'var/log',
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'usr/share/info',
  'usr/share/i18n',
];

/** Makes a small Debian with debootstrap, once. Returns the path of its tar file in the cache. */
export async function provideRootFileSystem(wanted: RootFileSystem, log: (line: string) => void): Promise<string> {
  const folder = join(cacheDirectory(), 'root-file-systems');
  const tarFile = join(folder, `${wanted.suite}.tar.gz`);
  if (existsSync(tarFile)) return tarFile;
  const obstacle = unpackObstacle();
  if (obstacle !== undefined) {
    throw new NotProvided(
      `No image can be pulled, and no image can be made from Debian's packages: ${obstacle}.`,
      'Pull node:24-slim, nginx:1.30 and nginx:1.22 where a registry can be reached, or run the tests as root on Debian.',
    );
  }
  requireProgram('wget', 'wget');
  log(
    `Making a Debian ${wanted.suite} with ${wanted.packages.join(', ')} for the stand-in images in ${tarFile} (about ${wanted.downloadMegabytes} MB to download, a minute, once)`,
  );
  mkdirSync(folder, { recursive: true });
  const building = join(folder, `${wanted.suite}.part`);
  await removeTree(building);
  await bootstrap(wanted, building, log);
  for (const path of needless) emptyFolder(join(building, path));
  await runCommand('tar', [
    '--create',
    '--use-compress-program',
    'gzip -1',
    '--file',
    `${tarFile}.part`,
    '--directory',
    building,
    '--numeric-owner',
    '.',
  ]);
  renameSync(`${tarFile}.part`, tarFile);
  await removeTree(building);
  return tarFile;
}

async function bootstrap(wanted: RootFileSystem, target: string, log: (line: string) => void): Promise<void> {
  const packages = await unpackEnginePackages(log);
  const scripts = join(packages.root, 'usr/share/debootstrap');
  const args = ['--variant=minbase', `--include=${wanted.packages.join(',')}`, wanted.suite, target, packages.mirrorUri];
  // A release that is newer than this debootstrap is made like the release under development.
  if (!existsSync(join(scripts, 'scripts', wanted.suite))) args.push(join(scripts, 'scripts/sid'));
  await runCommand('sh', [join(packages.root, 'usr/sbin/debootstrap'), ...args], {
    env: { DEBOOTSTRAP_DIR: scripts, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin` },
  });
}

/** Keeps the folders, which programs expect. */
function emptyFolder(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
}

/** debootstrap mounts proc in the target folder. If killed, debootstrap leaves the mount there. */
async function removeTree(folder: string): Promise<void> {
  await unmountBelow([folder]);
  rmSync(folder, { recursive: true, force: true });
}
