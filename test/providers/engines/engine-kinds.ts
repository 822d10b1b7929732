/** An engine of the conformance tests: its packages, and how it starts. */
export interface EngineKind {
  readonly name: string;
  readonly family: 'docker' | 'podman';
  /** The beginning of the version that it reports. */
  readonly version: string;
  /** The Debian release of its packages. */
  readonly suite: 'bookworm' | 'trixie' | 'forky';
  /** Runs as a user, who has no cgroups. */
  readonly isRootless?: true;
  /** More arguments of dockerd. */
  readonly daemonArguments?: readonly string[];
  /** A node of a swarm. Its dockerd can't leave containers running at its own end (`--live-restore`). */
  readonly isSwarmNode?: boolean;
}

/** Users in the root of each engine, with these ids. Docker's engine with remapped users needs a user. */
export const remappedUser = { name: 'meetgen', firstId: 231_072, count: 65_536 };
export const rootlessUser = { name: 'rootless', id: 1000, firstId: 300_000, count: 65_536 };

/** The releases that Debian ships, and Docker's variants that show other ids, owners or image stores. */
export const engineKinds: readonly EngineKind[] = [
  { name: 'docker-20.10', family: 'docker', version: '20.10.', suite: 'bookworm' },
  { name: 'docker-28', family: 'docker', version: '28.', suite: 'forky' },
  {
    name: 'docker-28-containerd-store',
    family: 'docker',
    version: '28.',
    suite: 'forky',
    daemonArguments: ['--feature', 'containerd-snapshotter=true'],
  },
  {
    name: 'docker-28-remapped-users',
    family: 'docker',
    version: '28.',
    suite: 'forky',
    daemonArguments: [`--userns-remap=${remappedUser.name}`],
  },
  { name: 'podman-4.3', family: 'podman', version: '4.3.', suite: 'bookworm' },
  { name: 'podman-5.4', family: 'podman', version: '5.4.', suite: 'trixie' },
];

/** Engines that run as a user, for the long tests. */
export const rootlessKinds: readonly EngineKind[] = [
  { name: 'docker-28-rootless', family: 'docker', version: '28.', suite: 'forky', isRootless: true },
  { name: 'podman-5.4-rootless', family: 'podman', version: '5.4.', suite: 'trixie', isRootless: true },
];
