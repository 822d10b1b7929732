import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../run-command.ts';
import { findDebianMirror } from './apt-sources.ts';

/** An apt with separate sources, lists and cache. Only the mirrors, keys and network settings are the machine's. */
export interface OwnApt {
  /** The download's size, as apt reports it. */
  sizeOf(packages: readonly string[]): Promise<{ readonly packages: number; readonly megabytes: number }>;
  /** Downloads the packages; returns the paths of their files. */
  download(packages: readonly string[]): Promise<readonly string[]>;
}

export interface OwnAptOptions {
  readonly codename: string;
  readonly suites: readonly string[];
  /** Also downloads all dependencies, including the machine's installed packages. */
  readonly withDependencies: boolean;
}

/** Downloads the package lists of these suites into a new folder, which is removed after `work`. */
export async function withOwnApt<T>(folder: string, options: OwnAptOptions, work: (apt: OwnApt) => Promise<T>): Promise<T> {
  rmSync(folder, { recursive: true, force: true });
  try {
    const env = { APT_CONFIG: await writeConfiguration(folder, options) };
    // Without this setting, apt only warns of a mirror that doesn't answer.
    await runCommand('apt-get', ['update', '-q', '-o', 'APT::Update::Error-Mode=any'], { env });
    return await work(options.withDependencies ? installer(folder, env) : downloader(folder, env));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type AptEnvironment = Record<string, string>;

function installer(folder: string, env: AptEnvironment): OwnApt {
  const install = ['install', '--yes', '--no-install-recommends'];
  return {
    sizeOf: (packages) => sizeFrom(['-qq', ...install, '--print-uris', ...packages], env),
    async download(packages) {
      await runCommand('apt-get', ['-q', ...install, '--download-only', ...packages], { env });
      return packagesIn(join(folder, 'cache', 'archives'));
    },
  };
}

function downloader(folder: string, env: AptEnvironment): OwnApt {
  return {
    sizeOf: (packages) => sizeFrom(['-qq', 'download', '--print-uris', ...packages], env),
    async download(packages) {
      const downloads = join(folder, 'downloads');
      mkdirSync(downloads);
      await runCommand('apt-get', ['download', '-q', ...packages], { env, cwd: downloads });
      return packagesIn(downloads);
    },
  };
}

/** Parses lines of `--print-uris`: the address in quotes, the file's name, its size, its hash. */
async function sizeFrom(args: readonly string[], env: AptEnvironment): Promise<{ packages: number; megabytes: number }> {
  const lines = (await runCommand('apt-get', args, { env })).matchAll(/^'[^']+' \S+ (\d+)/gm);
  const sizes = [...lines].map(([, bytes]) => Number(bytes));
  return { packages: sizes.length, megabytes: Math.ceil(sizes.reduce((sum, bytes) => sum + bytes, 0) / 1e6) };
}

function packagesIn(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => (name.endsWith('.deb') ? [join(folder, name)] : []));
}

async function writeConfiguration(folder: string, { codename, suites }: OwnAptOptions): Promise<string> {
  mkdirSync(join(folder, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
  // An empty status file: apt then downloads even the dependencies that the machine has.
  const installed = join(folder, 'status');
  writeFileSync(installed, '');
  const sources = join(folder, 'sources.list');
  const sourceLine = (suite: string): string => {
    const { uri, options } = findDebianMirror(suite, codename);
    return `deb ${options} ${uri} ${suite} main\n`;
  };
  writeFileSync(sources, suites.map(sourceLine).join(''));
  const dump = await runCommand('apt-config', ['dump', '--no-empty', 'Acquire']);
  const network = dump.split('\n').filter((line) => line.startsWith('Acquire::'));
  const config = join(folder, 'apt.conf');
  writeFileSync(
    config,
    [
      ...network,
      'Acquire::Languages "none";',
      // The user _apt can't write below the cache folder, so root downloads as itself.
      'APT::Sandbox::User "root";',
      'Dir::Etc::Parts "/dev/null";',
      'Dir::Etc::Main "/dev/null";',
      'Dir::Etc::SourceParts "/dev/null";',
      'Dir::Etc::Preferences "/dev/null";',
      'Dir::Etc::PreferencesParts "/dev/null";',
      `Dir::Etc::SourceList "${sources}";`,
      `Dir::State "${folder}";`,
      `Dir::State::status "${installed}";`,
      `Dir::State::Lists "${join(folder, 'lists')}";`,
      `Dir::Cache "${join(folder, 'cache')}";`,
      '',
    ].join('\n'),
  );
  return config;
}
