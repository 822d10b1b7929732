import { compareText } from './foreign-text.ts';
import { isComposeOneOff, isNginx } from './member.ts';
import type { FrontendMember, Member, ServiceMember } from './member.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';

/** Whether its nginx may include the file, and stays. */
export function isLastingNginx(member: Member): member is FrontendMember {
  return isNginx(member) && !isComposeOneOff(member.container);
}

/**
 * The project that an instance is: the one it is named after, else the first by name, so that redeploying never changes
 * it. A container of another project may say that it belongs here, but its labels and networks decide nothing for others.
 */
export function ownProject(instance: string, frontends: readonly Member[]): string | undefined {
  const projects = frontends.map((member) => member.project ?? '').toSorted(compareText);
  return (projects.includes(instance) ? instance : projects[0]) || undefined;
}

/** A container of another project is told of, whether it is taken or not. */
export function tellForeignProjects(instance: string, foreign: readonly Member[], strict: boolean, problems: Problem[]): void {
  for (const { container, project } of foreign) {
    problems.push(
      problem(strict ? 'foreign-project-refused' : 'foreign-project', {
        instance,
        container: container.name,
        value: project ?? '',
        message: `the container belongs to another compose project than the frontends of its instance${strict ? ', and is refused' : ''}`,
        cure: strict
          ? 'correct meet.instance, or run meet-gen without --strict-instance'
          : 'nothing, if that is meant; otherwise correct meet.instance',
      }),
    );
  }
}

/**
 * Whose nginx includes the file, and who else serves the SPA. A router of another project makes no difference: it would take
 * the place of the instance's own frontends.
 */
export function splitRouters(
  lasting: readonly FrontendMember[],
  project: string | undefined,
): { readonly frontends: readonly FrontendMember[]; readonly spa?: readonly FrontendMember[] } {
  const routers = lasting.filter((member) => member.role === 'router');
  const frontends = lasting.filter((member) => member.role === 'frontend');
  if (!routers.some((member) => member.project === project)) return { frontends };
  const own = frontends.filter((member) => member.project === project);
  return { frontends: routers, spa: own.map((member) => ({ ...member, isBehindRouter: true })) };
}

/** The members of one service; there is always one. */
export type Group = readonly [ServiceMember, ...ServiceMember[]];

/** The services: the members of each, and those that stay are among them. */
export function groupServices(members: readonly Member[]): readonly Group[] {
  const groups = new Map<string, [ServiceMember, ...ServiceMember[]]>();
  for (const member of members) {
    if (isNginx(member)) continue;
    // Never one with others: a path of theirs would then lead to S3, past what the backend allows.
    const key = JSON.stringify([member.project, member.service, member.role === 'media']);
    const others = groups.get(key);
    if (others === undefined) groups.set(key, [member]);
    else others.push(member);
  }
  // A one-off alone is no service: nothing lasting stands behind its labels.
  return [...groups]
    .toSorted(([left], [right]) => compareText(left, right))
    .flatMap(([, group]) => (group.every((member) => isComposeOneOff(member.container)) ? [] : [group]));
}
