import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unpackOnce } from '../debian/unpack-once.ts';
import { remappedUser, rootlessUser, type EngineKind } from './engine-kinds.ts';

/** `ip`, `mount` and a shell for the set-up; both kinds of firewall for the engines. */
const usualPackages = ['base-files', 'dash', 'coreutils', 'mount', 'iproute2', 'iptables', 'nftables', 'procps', 'ca-certificates'];
const familyPackages = {
  docker: ['docker.io', 'containerd', 'runc', 'tini'],
  // The folder /etc/containers is in the packages golang-github-containers-*.
  podman: [
    'podman',
    'conmon',
    'crun',
    'netavark',
    'aardvark-dns',
    'catatonit',
    'golang-github-containers-common',
    'golang-github-containers-image',
  ],
};
const rootlessPackages = {
  docker: ['util-linux', 'uidmap', 'slirp4netns', 'rootlesskit', 'grep'],
  podman: ['util-linux', 'uidmap', 'slirp4netns', 'passt'],
};
const titles = { docker: 'Docker', podman: 'Podman' };

/**
 * Unpacks the engine's packages with all dependencies into the cache, once. The folder becomes the root of the engine's
 * programs, which so have the C library of the same release.
 */
export function unpackEngineRoot({ family, suite, isRootless }: EngineKind, log: (line: string) => void): Promise<string> {
  return unpackOnce(
    {
      name: `engine-root-${family}-${suite}${isRootless ? '-rootless' : ''}`,
      title: `${titles[family]} of Debian ${suite}`,
      packages: [...usualPackages, ...familyPackages[family], ...(isRootless ? rootlessPackages[family] : [])],
      suites: [suite],
      withDependencies: true,
      asRoot: true,
      proof: family === 'docker' ? 'usr/sbin/dockerd' : 'usr/bin/podman',
    },
    log,
  );
}

/** Writes the files that Debian's packages make at their installation, and the engine's configuration. */
export function writeConfiguration(folder: string): void {
  const own = [{ ...remappedUser, id: remappedUser.firstId }, rootlessUser];
  const users = [
    'root:x:0:0:root:/root:/bin/sh',
    'nobody:x:65534:65534::/:/bin/sh',
    ...own.map(({ name, id }) => `${name}:x:${id}:${id}::/:/bin/sh`),
  ];
  const groups = ['root:x:0:', 'nogroup:x:65534:', ...own.map(({ name, id }) => `${name}:x:${id}:`)];
  const ids = own.map(({ name, firstId, count }) => `${name}:${firstId}:${count}`);
  const files: Readonly<Record<string, readonly string[]>> = {
    'etc/passwd': users,
    'etc/group': groups,
    'etc/subuid': ids,
    'etc/subgid': ids,
    'etc/hosts': ['127.0.0.1 localhost'],
    'etc/resolv.conf': [],
    'etc/containers/policy.json': [JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] })],
    'etc/containers/containers.conf': containersConf,
  };
  for (const [path, lines] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), lines.map((line) => `${line}\n`).join(''));
  }
  mkdirSync(join(folder, 'usr/sbin'), { recursive: true });
  for (const command of ['iptables', 'iptables-save', 'iptables-restore', 'ip6tables', 'ip6tables-save', 'ip6tables-restore'])
    symlinkSync('xtables-nft-multi', join(folder, 'usr/sbin', command));
}

/** Without systemd: no journal for events, no slices. Within a container, the usual limits may be refused. */
const containersConf = [
  '[containers]',
  'default_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]',
  '[engine]',
  'events_logger = "file"',
  'cgroup_manager = "cgroupfs"',
  '[network]',
  'network_backend = "netavark"',
];
