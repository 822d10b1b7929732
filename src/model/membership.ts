import { compareText } from './foreign-text.ts';
import { isComposeOneOff, isNginx } from './member.ts';
import type { FrontendMember, Member, ServiceMember } from './member.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';

/** Whether its nginx may include the file, and stays. */
export function isLastingNginx(member: Member): member is FrontendMember {
  return isNginx(member) && !isComposeOneOff(member.container);
}

/** A container of another project is told of, whether it is taken or not. */
export function tellForeignProjects(
  instance: string,
  owner: string | undefined,
  foreign: readonly Member[],
  strict: boolean,
  problems: Problem[],
): void {
  for (const { container, project } of foreign) {
    problems.push(
      problem(strict ? 'foreign-project-refused' : 'foreign-project', {
        instance,
        container: container.name,
        value: project ?? '',
        message: `the container belongs to ${nameOf(project)}, and the instance ${instance} to ${nameOf(owner)}${strict ? '; the container is refused' : ''}`,
        cure: strict
          ? 'correct meet.instance, or run meet-gen without --strict-instance'
          : 'nothing, if that is meant; otherwise correct meet.instance',
      }),
    );
  }
}

function nameOf(project: string | undefined): string {
  return project === undefined ? 'no compose project' : `the compose project ${project}`;
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

/**
 * The services: the members of each, and those that stay are among them. A role is a service of its own, so that no container changes
 * what another one's service is: a `service` that has the name of a backend of its project is called after its role besides.
 */
export function groupServices(
  instance: string,
  members: readonly Member[],
): { readonly groups: readonly Group[]; readonly problems: readonly Problem[] } {
  const lasting = members.filter((member): member is ServiceMember => !isNginx(member) && !isComposeOneOff(member.container));
  const backends = new Set(lasting.flatMap((member) => (member.role === 'backend' ? [titleOf(member)] : [])));
  const isApart = (member: ServiceMember): boolean => member.role === 'service' && backends.has(titleOf(member));
  const groups = new Map<string, [ServiceMember, ...ServiceMember[]]>();
  for (const found of members) {
    if (isNginx(found)) continue;
    const member = isApart(found) ? { ...found, service: `${found.service}${apart}` } : found;
    const key = JSON.stringify([member.project, member.service, member.role]);
    const others = groups.get(key);
    if (others === undefined) groups.set(key, [member]);
    else others.push(member);
  }
  return {
    // A one-off alone is no service: nothing lasting stands behind its labels.
    groups: [...groups]
      .toSorted(([left], [right]) => compareText(left, right))
      .flatMap(([, group]) => (group.every((member) => isComposeOneOff(member.container)) ? [] : [group])),
    problems: lasting.filter(isApart).map((member) => twoRoles(instance, member)),
  };
}

/** No label can say a name that ends so. */
const apart = '~service';

function titleOf({ project, service }: ServiceMember): string {
  return JSON.stringify([project, service]);
}

function twoRoles(instance: string, { container, service }: ServiceMember): Problem {
  return problem('replicas-disagree', {
    instance,
    container: container.name,
    key: 'meet.role',
    value: 'service',
    message: `the service ${service} has containers with meet.role=backend, too; this one is a service of its own, ${service}${apart}`,
    cure: 'give it another meet.service, or the same meet.role',
  });
}

/** Running ones when there are any: what doesn't run must not decide for what does. */
export function preferRunning<Kind extends Member>(members: readonly Kind[]): readonly Kind[] {
  const running = members.filter((member) => member.container.state === 'running');
  return running.length > 0 ? running : members;
}
