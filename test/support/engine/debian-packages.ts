import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findDebianMirror, readOsRelease, type DebianMirror } from './apt-sources.ts';
import { withLock } from './engine-lock.ts';
import { runCommand, tryCommand } from './run-command.ts';

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
    await unpackInto(root, cache, mirror, release.codename);
  }
  return describeTree(root, mirror);
}

/** Downloads and unpacks one package of the running release into the cache, once; returns the folder. */
export async function unpackPackage(cache: string, name: string): Promise<string> {
  const { codename } = readOsRelease();
  const root = join(cache, `${name}-${codename}`);
  if (existsSync(root)) return root;
  const apt = join(cache, `apt-${name}`);
  const building = `${root}.part`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  const env = await writeAptConfiguration(apt, findDebianMirror(codename), [codename]);
  await runCommand('apt-get', ['update', '-q'], { env });
  await runCommand('apt-get', ['download', '-q', name], { env, cwd: apt });
  for (const file of readdirSync(apt).filter((entry) => entry.endsWith('.deb')))
    await runCommand('dpkg', ['-x', join(apt, file), building]);
  rmSync(apt, { recursive: true, force: true });
  renameSync(building, root);
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
    const building = `${root}.part`;
    rmSync(building, { recursive: true, force: true });
    mkdirSync(building, { recursive: true });
    const env = await writeAptConfiguration(apt, findDebianMirror(codename), [codename]);
    await runCommand('apt-get', ['update', '-q'], { env });
    await runCommand('apt-get', ['install', '-q', '--download-only', '--yes', '--no-install-recommends', ...wanted.packages], { env });
    const archives = join(apt, 'cache', 'archives');
    for (const file of readdirSync(archives).filter((entry) => entry.endsWith('.deb') && !entry.startsWith('libc6_')))
      await runCommand('dpkg', ['-x', join(archives, file), building]);
    rmSync(apt, { recursive: true, force: true });
    await wanted.finish(building);
    renameSync(building, root);
    return root;
  });
}

async function unpackInto(root: string, cache: string, mirror: DebianMirror, codename: string): Promise<void> {
  const apt = join(cache, 'apt');
  const building = `${root}.part`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  const env = await writeAptConfiguration(apt, mirror, [codename, engineSuite]);
  await runCommand('apt-get', ['update', '-q'], { env });
  const downloads = join(apt, 'downloads');
  mkdirSync(downloads, { recursive: true });
  const wanted = [...engineSuitePackages.map((name) => `${name}/${engineSuite}`), ...ownSuitePackages.map((name) => `${name}/${codename}`)];
  await runCommand('apt-get', ['download', '-q', ...wanted], { env, cwd: downloads });
  for (const file of readdirSync(downloads).filter((name) => name.endsWith('.deb'))) {
    await runCommand('dpkg', ['-x', join(downloads, file), building]);
  }
  rmSync(apt, { recursive: true, force: true });
  await linkIptables(building);
  await checkPrograms(building);
  renameSync(building, root);
}

/** An apt of our own: own sources, lists and cache, only the network settings are the machine's. */
async function writeAptConfiguration(apt: string, mirror: DebianMirror, suites: readonly string[]): Promise<Record<string, string>> {
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
