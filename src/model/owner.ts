import { compareText } from './foreign-text.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';

/**
 * How it is known which compose project an instance belongs to: `--project` says it, an earlier pass remembered it, the instance has
 * its name, or its frontends were the first ones that were seen.
 */
export type OwnerReason = 'option' | 'remembered' | 'name' | 'first';

/** The owner of an instance; without a project where all its frontends were started by hand. */
export interface Owner {
  readonly project?: string;
  readonly reason?: OwnerReason;
}

/** What is known of owners before anybody looks at containers: projects by the names of instances. */
export interface KnownOwners {
  /** What `--project` says. */
  readonly given?: ReadonlyMap<string, string> | undefined;
  /** Of earlier passes; undefined for a single pass, which has no memory and says what it assumes. */
  readonly remembered?: ReadonlyMap<string, string> | undefined;
  /** Instances whose memory could not be read: somebody may be remembered. */
  readonly unread?: ReadonlySet<string> | undefined;
}

/**
 * The owner of an instance, or who claims it where that can't be decided. No age decides: who is recreated is the newer one.
 * @param claimants the projects of its frontends and routers, undefined for one that is of none
 * @param strict several claimants of whom nothing is known are not chosen from
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

/** What a single pass assumes, where others claim the instance, too. */
export function assumedOwner(
  instance: string,
  { project, reason }: Owner,
  claimants: readonly (string | undefined)[],
  { remembered }: KnownOwners,
): readonly Problem[] {
  const others = projectsOf(claimants).filter((one) => one !== project);
  if (remembered !== undefined || project === undefined || reason === 'option' || others.length === 0) return [];
  const why = reason === 'name' ? 'both have that name' : 'it is the first by name';
  return [
    problem('owner-assumed', {
      instance,
      value: project,
      message: `the compose project ${project} is taken for the owner of the instance, since ${why}; ${others.join(', ')} claims it, too. The running meet-gen may remember another owner`,
      cure: `name the owner: --project ${instance}=${project}`,
    }),
  ];
}

/** Nothing is published for the instance until somebody decides. */
export function undecidedOwner(instance: string, claimants: readonly string[]): Problem {
  return problem('owner-undecided', {
    instance,
    value: claimants.join(', '),
    message: `the compose projects ${claimants.join(' and ')} claim the instance, and it is not known whose it is; its file stays as it is`,
    cure: `name the owner, for example --project ${instance}=${claimants[0] ?? ''} (MEET_GEN_PROJECT), or correct meet.instance of the others`,
  });
}

function projectsOf(claimants: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(claimants.flatMap((project) => project ?? []))].toSorted(compareText);
}
