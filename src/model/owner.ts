import { compareText } from './untrusted-text.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';

/**
 * Why a compose project owns an instance: `--project` names the project, an earlier pass remembered it, the names are
 * equal, or its frontends came first.
 */
export type OwnerReason = 'option' | 'remembered' | 'name' | 'first';

/** The owner of an instance; without a project where all frontends were started by hand. */
export interface Owner {
  readonly project?: string;
  readonly reason?: OwnerReason;
}

/** Facts about owners that don't come from containers: projects by instance. */
export interface KnownOwners {
  /** The projects from `--project`. */
  readonly given?: ReadonlyMap<string, string> | undefined;
  /** The owners from earlier passes; undefined for a single pass, which has no memory and reports its assumption. */
  readonly remembered?: ReadonlyMap<string, string> | undefined;
  /** Instances with an unreadable memory: an owner may be remembered there. */
  readonly unread?: ReadonlySet<string> | undefined;
}

/**
 * The owner of an instance, or its claimants if no owner can be decided. Age decides nothing: a recreated container is
 * newer than the others.
 * @param claimants the projects of its frontends and routers, undefined for a container without a project
 * @param strict do not choose from several unknown claimants
 */
export function decideOwner(
  instance: string,
  claimants: readonly (string | undefined)[],
  { given, remembered, unread }: KnownOwners,
  strict: boolean,
): Owner | { readonly undecided: readonly string[] } {
  const configured = given?.get(instance);
  if (configured !== undefined) return { project: configured, reason: 'option' };
  const known = remembered?.get(instance);
  if (known !== undefined) return { project: known, reason: known === instance ? 'name' : 'remembered' };
  const projects = projectsOf(claimants);
  if (unread?.has(instance) === true && projects.length > 1) return { undecided: projects };
  if (projects.includes(instance)) return { project: instance, reason: 'name' };
  const [first, ...others] = projects;
  if (strict && others.length > 0) return { undecided: projects };
  return first === undefined ? {} : { project: first, reason: 'first' };
}

/** The problem of a single pass that assumes an owner while other projects claim the instance. */
export function assumedOwner(
  instance: string,
  { project, reason }: Owner,
  claimants: readonly (string | undefined)[],
  { remembered }: KnownOwners,
): readonly Problem[] {
  const others = projectsOf(claimants).filter((claimant) => claimant !== project);
  if (remembered !== undefined || project === undefined || reason === 'option' || others.length === 0) return [];
  const why = reason === 'name' ? 'the instance has its name' : 'it is the first by name';
  return [
    problem('owner-assumed', {
      instance,
      value: project,
      message: `several compose projects claim the instance: ${others.join(', ')} and ${project}. This single pass takes ${project} as the owner, since ${why}; the running meet-gen may remember another owner`,
      cure: `name the owner: --project ${instance}=${project}`,
    }),
  ];
}

/** The problem of an instance without a decided owner; meet-gen publishes nothing for it. */
export function undecidedOwner(instance: string, claimants: readonly string[]): Problem {
  return problem('owner-undecided', {
    instance,
    value: claimants.join(', '),
    message: `the compose projects ${claimants.join(' and ')} claim the instance, and its owner is unknown, so its file stays unchanged`,
    cure: `name the owner, for example --project ${instance}=${claimants[0] ?? ''} (MEET_GEN_PROJECT), or correct meet.instance on the containers of the others`,
  });
}

function projectsOf(claimants: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(claimants.flatMap((project) => project ?? []))].toSorted(compareText);
}
