import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { findDebianMirror, readOsRelease, type DebianMirror } from './apt-sources.ts';
import { withLock } from '../engine/engine-lock.ts';
import { runCommand, tryCommand } from '../run-command.ts';

// Debian 13 has Engine 26.1, Compose 2.26 and buildx 0.13, whose programs run on Debian 12's C library
// too. Those that don't (runc, iptables with its libraries) come from the running release.
const engineSuite = 'trixie';
const engineSuitePackages = ['docker.io', 'docker-cli', 'docker-compose', 'docker-buildx', 'containerd', 'tini', 'debootstrap'];
const ownSuitePackages = [
  'runc',
  'iptables',
  'libip4tc2',
  'libip6tc2',
  'libxtables12',
  'libnfnetlink0',
  'libnetfilter-conntrack3',
  'libnftnl11',
  'libmnl0',
];

/** Programs unpacked from Debian's packages, used from where they lie; nothing is installed. */
export interface UnpackedPackages {
  readonly root: string;
  readonly mirror: DebianMirror;
  readonly dockerCli: string;
  /** PATH, LD_LIBRARY_PATH and more that the daemon needs to find its helpers in the tree. */
  readonly daemonEnv: Record<string, string>;
  /** For clients: no LD_LIBRARY_PATH, the CLI and its plugins need none. */
  readonly path: string;
  readonly pluginsDirectory: string;
}

/** Why packages cannot be unpacked here, or nothing when they can. */
export function whyNoPackages(): string | undefined {
  if (process.platform !== 'linux') return `this is ${process.platform}, not Linux`;
  if (process.getuid?.() !== 0) return 'this process is not root';
  const { id } = readOsRelease();
  if (id !== 'debian') return `this Linux is "${id}", not Debian`;
  return undefined;
}

/** Downloads and unpacks the engine's packages into the cache, once. */
export async function unpackEnginePackages(cache: string, log: (line: string) => void): Promise<UnpackedPackages> {
  const release = readOsRelease();
  const mirror = findDebianMirror(release.codename);
  const root = join(cache, `engine-${release.codename}-${engineSuite}`);
  if (!existsSync(root)) {
    log(
      `Unpacking Docker Engine 26.1 from Debian's packages into ${root} (about 110 MB to download, 380 MB on disk, once; nothing is installed)`,
    );
    await unpackEngineInto(root, cache, release.codename);
  }
  return describeTree(root, mirror);
}

/** Downloads and unpacks one package of the running release into the cache, once; returns the folder. */
export async function unpackPackage(cache: string, name: string): Promise<string> {
  const { codename } = readOsRelease();
  const root = join(cache, `${name}-${codename}`);
  const apt = join(cache, `apt-${name}`);
  if (!existsSync(root)) await makeTree(root, apt, [codename], (env) => downloadAlone(apt, [name], env));
  return root;
}

export interface ProgramWithDependencies {
  readonly packages: readonly string[];
  /** Told the folder, before anything is downloaded. */
  readonly before: (folder: string) => void;
  /** Adds what is missing and tries what was unpacked, still at another place. @throws Error when it doesn't work */
  readonly finish: (folder: string) => Promise<void>;
}

/**
 * Downloads and unpacks packages of the running release and all that they depend on into the cache, once, whatever the machine has
 * installed; returns the folder. Only the C library stays the machine's, since programs name its loader by an absolute path.
 */
export async function unpackWithDependencies(cache: string, name: string, wanted: ProgramWithDependencies): Promise<string> {
  const { codename } = readOsRelease();
  const root = join(cache, `${name}-${codename}`);
  if (existsSync(root)) return root;
  return withLock(join(cache, `${name}.lock`), async () => {
    if (existsSync(root)) return root;
    wanted.before(root);
    const apt = join(cache, `apt-${name}`);
    await makeTree(root, apt, [codename], (env) => downloadWithDependencies(apt, wanted.packages, env), wanted.finish);
    return root;
  });
}

async function unpackEngineInto(root: string, cache: string, codename: string): Promise<void> {
  const apt = join(cache, 'apt');
  const wanted = [...engineSuitePackages.map((name) => `${name}/${engineSuite}`), ...ownSuitePackages.map((name) => `${name}/${codename}`)];
  await makeTree(
    root,
    apt,
    [codename, engineSuite],
    (env) => downloadAlone(apt, wanted, env),
    async (building) => {
      await linkIptables(building);
      await checkPrograms(building);
    },
  );
}

type AptEnvironment = Record<string, string>;

/**
 * Unpacks what is downloaded beside the folder where it belongs, and puts it there when it is whole and works.
 * @param apt the folder for an apt of our own, for as long as this takes
 * @param download returns the packages' files
 */
async function makeTree(
  root: string,
  apt: string,
  suites: readonly string[],
  download: (env: AptEnvironment) => Promise<readonly string[]>,
  finish: (building: string) => Promise<void> = async () => undefined,
): Promise<void> {
  const building = `${root}.part`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  const env = await writeAptConfiguration(apt, findDebianMirror(readOsRelease().codename), suites);
  await runCommand('apt-get', ['update', '-q'], { env });
  for (const file of await download(env)) await runCommand('dpkg', ['-x', file, building]);
  rmSync(apt, { recursive: true, force: true });
  await finish(building);
  renameSync(building, root);
}

/** These packages and no others. */
async function downloadAlone(apt: string, packages: readonly string[], env: AptEnvironment): Promise<readonly string[]> {
  const folder = join(apt, 'downloads');
  mkdirSync(folder);
  await runCommand('apt-get', ['download', '-q', ...packages], { env, cwd: folder });
  return packagesIn(folder);
}

/** All that they depend on, too, but the C library. */
async function downloadWithDependencies(apt: string, packages: readonly string[], env: AptEnvironment): Promise<readonly string[]> {
  await runCommand('apt-get', ['install', '-q', '--download-only', '--yes', '--no-install-recommends', ...packages], { env });
  return packagesIn(join(apt, 'cache', 'archives')).filter((file) => !basename(file).startsWith('libc6_'));
}

function packagesIn(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => (name.endsWith('.deb') ? [join(folder, name)] : []));
}

/** An apt of our own: own sources, lists and cache, only the network settings are the machine's. */
async function writeAptConfiguration(apt: string, mirror: DebianMirror, suites: readonly string[]): Promise<AptEnvironment> {
  rmSync(apt, { recursive: true, force: true });
  mkdirSync(join(apt, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(apt, 'cache', 'archives', 'partial'), { recursive: true });
  // As if nothing were installed: what a package depends on is brought even where the machine has it.
  const installed = join(apt, 'status');
  writeFileSync(installed, '');
  const sources = join(apt, 'sources.list');
  const distinct = [...new Set(suites)];
  writeFileSync(sources, distinct.map((suite) => `deb ${mirror.options} ${mirror.uri} ${suite} main\n`).join(''));
  const dump = await runCommand('apt-config', ['dump', '--no-empty', 'Acquire']);
  const network = dump.split('\n').filter((line) => line.startsWith('Acquire::'));
  const config = join(apt, 'apt.conf');
  writeFileSync(
    config,
    [
      ...network,
      'Acquire::Languages "none";',
      // Root downloads as itself: the user _apt may not write below the cache folder.
      'APT::Sandbox::User "root";',
      'Dir::Etc::Parts "/dev/null";',
      'Dir::Etc::Main "/dev/null";',
      'Dir::Etc::SourceParts "/dev/null";',
      'Dir::Etc::Preferences "/dev/null";',
      'Dir::Etc::PreferencesParts "/dev/null";',
      `Dir::Etc::SourceList "${sources}";`,
      `Dir::State "${apt}";`,
      `Dir::State::status "${installed}";`,
      `Dir::State::Lists "${join(apt, 'lists')}";`,
      `Dir::Cache "${join(apt, 'cache')}";`,
      '',
    ].join('\n'),
  );
  return { APT_CONFIG: config };
}

/** Debian's alternatives, which `dpkg -x` doesn't make: nft where the kernel has it, else legacy. */
async function linkIptables(root: string): Promise<void> {
  const env = libraryEnv(root);
  const kinds = ['nft', 'legacy'] as const;
  for (const kind of kinds) {
    const program = join(root, 'usr/sbin', `xtables-${kind}-multi`);
    const rule = ['-t', 'nat', '-A', 'POSTROUTING', '-m', 'addrtype', '--dst-type', 'LOCAL', '-j', 'MASQUERADE'];
    // In a network namespace that ends with the command: nothing of the machine is touched.
    const tried = await tryCommand('unshare', ['--net', program, 'iptables', ...rule], { env });
    if (tried.code !== 0 && kind !== kinds.at(-1)) continue;
    const links = join(root, 'links');
    mkdirSync(links, { recursive: true });
    for (const name of ['iptables', 'iptables-save', 'iptables-restore', 'ip6tables', 'ip6tables-save', 'ip6tables-restore']) {
      symlinkSync(program.replace(root, '..'), join(links, name));
    }
    return;
  }
}

async function checkPrograms(root: string): Promise<void> {
  const env = libraryEnv(root);
  for (const program of ['usr/sbin/dockerd', 'usr/bin/docker', 'usr/bin/containerd', 'usr/sbin/runc', 'links/iptables']) {
    const tried = await tryCommand(join(root, program), ['--version'], { env });
    if (tried.code === 0) continue;
    throw new Error(
      `${program} of Debian's packages does not run here: ${tried.stderr.trim()}. Start a Docker engine yourself and set DOCKER_HOST.`,
    );
  }
}

function describeTree(root: string, mirror: DebianMirror): UnpackedPackages {
  const path = ['links', 'usr/bin', 'usr/sbin'].map((part) => join(root, part)).join(':');
  const rest = process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin';
  return {
    root,
    mirror,
    dockerCli: join(root, 'usr/bin/docker'),
    daemonEnv: { ...libraryEnv(root), PATH: `${path}:${rest}` },
    path: `${join(root, 'usr/bin')}:${rest}`,
    pluginsDirectory: join(root, 'usr/libexec/docker/cli-plugins'),
  };
}

function libraryEnv(root: string): Record<string, string> {
  const triplet = readdirSync(join(root, 'usr/lib')).find((name) => /-linux-gnu/.test(name)) ?? '';
  const libraries = join(root, 'usr/lib', triplet);
  return { LD_LIBRARY_PATH: libraries, XTABLES_LIBDIR: join(libraries, 'xtables') };
}
