import { compareText } from './untrusted-text.ts';
import { isComposeOneOff, isNginx } from './member.ts';
import type { FrontendMember, Member, ServiceMember } from './member.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';

/** Whether the container is a frontend or router, and no one-off. */
export function isLastingNginx(member: Member): member is FrontendMember {
  return isNginx(member) && !isComposeOneOff(member.container);
}

/** Adds a problem for each container of another project, taken or refused. */
export function reportForeignProjects(
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
        message: `the container belongs to ${nameOf(project)}, the instance ${instance} belongs to ${nameOf(owner)}${strict ? ', so the container is refused' : ''}`,
        cure: strict
          ? 'correct meet.instance, or run meet-gen without --strict-instance'
          : 'none needed if this is intended; otherwise correct meet.instance',
      }),
    );
  }
}

function nameOf(project: string | undefined): string {
  return project === undefined ? 'no project' : `the project ${project}`;
}

/**
 * The containers whose nginx includes the file, and the frontends behind routers. A router of another project changes
 * nothing: it would replace the instance's own frontends.
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

/** The members of one service, at least one. */
export type Group = readonly [ServiceMember, ...ServiceMember[]];

/**
 * Groups members into services; each service has a member that is no one-off. Each role is a separate service, so no
 * container changes the service of another role. A `service` with the name of a backend gets a suffix.
 */
export function groupServices(
  instance: string,
  members: readonly Member[],
): { readonly groups: readonly Group[]; readonly problems: readonly Problem[] } {
  const lasting = members.filter((member): member is ServiceMember => !isNginx(member) && !isComposeOneOff(member.container));
  const backends = new Set(lasting.flatMap((member) => (member.role === 'backend' ? [titleOf(member)] : [])));
  const hasNameOfBackend = (member: ServiceMember): boolean => member.role === 'service' && backends.has(titleOf(member));
  const groups = new Map<string, [ServiceMember, ...ServiceMember[]]>();
  for (const found of members) {
    if (isNginx(found)) continue;
    const member = hasNameOfBackend(found) ? { ...found, service: `${found.service}${roleSuffix}` } : found;
    const key = JSON.stringify([member.project, member.service, member.role]);
    const others = groups.get(key);
    if (others === undefined) groups.set(key, [member]);
    else others.push(member);
  }
  return {
    // No service consists of one-offs alone: they end soon.
    groups: [...groups]
      .toSorted(([left], [right]) => compareText(left, right))
      .flatMap(([, group]) => (group.every((member) => isComposeOneOff(member.container)) ? [] : [group])),
    problems: lasting.filter(hasNameOfBackend).map((member) => twoRoles(instance, member)),
  };
}

/** No label's grammar allows this suffix. */
const roleSuffix = '~service';

function titleOf({ project, service }: ServiceMember): string {
  return JSON.stringify([project, service]);
}

function twoRoles(instance: string, { container, service }: ServiceMember): Problem {
  return problem('replicas-disagree', {
    instance,
    container: container.name,
    key: 'meet.role',
    value: 'service',
    message: `the service ${service} also has containers with meet.role=backend, so this container is a separate service, ${service}${roleSuffix}`,
    cure: 'give the container another meet.service, or the same meet.role',
  });
}

/**
 * The running members, or all members if all are stopped: a stopped container must not decide for running containers.
 */
export function preferRunning<Kind extends Member>(members: readonly Kind[]): readonly Kind[] {
  const running = members.filter((member) => member.container.state === 'running');
  return running.length > 0 ? running : members;
}
