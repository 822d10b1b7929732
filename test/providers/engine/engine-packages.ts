import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { findDebianMirror } from '../debian/apt-sources.ts';
import { readOsRelease } from '../debian/running-debian.ts';
import { unpackOnce } from '../debian/unpack-once.ts';
import { NotProvided } from '../not-provided.ts';
import { tryCommand } from '../run-command.ts';

// Debian 13 has Engine 26.1, Compose 2.26 and buildx 0.13. Their programs also run on Debian 12's C library, except
// runc and iptables with its libraries, which come from the running release.
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

/** Docker's programs, unpacked from Debian's packages. */
export interface EnginePackages {
  readonly root: string;
  /** The mirror for debootstrap. */
  readonly mirrorUri: string;
  readonly dockerCli: string;
  /** PATH, LD_LIBRARY_PATH and more, so that the daemon finds its helpers in the folder. */
  readonly daemonEnv: Record<string, string>;
  /** PATH for clients. The CLI and its plugins need no LD_LIBRARY_PATH. */
  readonly path: string;
  readonly pluginsDirectory: string;
}

const inSuite = (suite: string, names: readonly string[]): string[] => names.map((name) => `${name}/${suite}`);

/** Downloads and unpacks the engine's packages into the cache, once. */
export async function unpackEnginePackages(log: (line: string) => void): Promise<EnginePackages> {
  const { codename } = readOsRelease();
  const root = await unpackOnce(
    {
      name: `engine-${codename}-${engineSuite}`,
      title: 'Docker Engine 26.1',
      packages: [...inSuite(engineSuite, engineSuitePackages), ...inSuite(codename, ownSuitePackages)],
      suites: [...new Set([codename, engineSuite])],
      proof: 'usr/sbin/dockerd',
      async finish(building) {
        await linkIptables(building);
        await checkPrograms(building);
      },
    },
    log,
  );
  return describeTree(root, findDebianMirror(codename, codename).uri);
}

/** Links Debian's alternatives, which `dpkg -x` doesn't: nft if the kernel supports it, else legacy. */
async function linkIptables(root: string): Promise<void> {
  const env = libraryEnv(root);
  const kinds = ['nft', 'legacy'] as const;
  for (const kind of kinds) {
    const program = join(root, 'usr/sbin', `xtables-${kind}-multi`);
    const rule = ['-t', 'nat', '-A', 'POSTROUTING', '-m', 'addrtype', '--dst-type', 'LOCAL', '-j', 'MASQUERADE'];
    // In a network namespace that ends with the command, so that the machine's rules stay unchanged.
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
    throw new NotProvided(
      `${program} of Debian's packages does not run here: ${tried.stderr.trim().split('\n')[0]}.`,
      'Start a Docker engine yourself and set DOCKER_HOST.',
    );
  }
}

function describeTree(root: string, mirrorUri: string): EnginePackages {
  const path = ['links', 'usr/bin', 'usr/sbin'].map((part) => join(root, part)).join(':');
  const rest = process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin';
  return {
    root,
    mirrorUri,
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
