import type { Container } from './container.ts';
import { isBystanderRole } from './label-table.ts';
import type { BystanderRole, Labels, Role } from './label-table.ts';
import { readLabels } from './labels.ts';
import { parseInstance, parseProject, parseServiceName } from '../nginx/token.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';
import { defined } from '../util/defined.ts';

interface MemberBase {
  readonly container: Container;
  readonly labels: Labels;
  /** The keys with unreadable or partly readable values; `meet.route.<name>` for a route. */
  readonly flawed: ReadonlySet<string>;
  readonly instance: string;
  /** The compose project or stack; absent for a container started by hand. */
  readonly project?: string;
}

export interface FrontendMember extends MemberBase {
  readonly role: 'frontend' | 'router';
  /** A router includes the rendered file instead; this frontend only serves the SPA. */
  readonly isBehindRouter?: true;
}

export interface ServiceMember extends MemberBase {
  readonly role: Exclude<Role, FrontendMember['role'] | BystanderRole>;
  /** The service that the container is a replica of. */
  readonly service: string;
}

/** A container with `meet.role`, its labels read. */
export type Member = FrontendMember | ServiceMember;

const defaultInstance = 'default';
const unnamedBackend = 'backend';

export const composeProjectLabel = 'com.docker.compose.project';
export const composeServiceLabel = 'com.docker.compose.service';
const composeOneOffLabel = 'com.docker.compose.oneoff';
export const stackNamespaceLabel = 'com.docker.stack.namespace';
export const swarmServiceLabel = 'com.docker.swarm.service.name';

const identityLabels: ReadonlySet<string> = new Set([
  'meet.role',
  'meet.instance',
  composeProjectLabel,
  composeServiceLabel,
  composeOneOffLabel,
  stackNamespaceLabel,
  swarmServiceLabel,
]);

/** Whether a label decides to which role, instance or service the container belongs. */
export function isIdentityLabel(key: string): boolean {
  return identityLabels.has(key);
}

/** Whether its nginx includes the rendered file. Such a container gets requests with any rank, and gets reloaded. */
export function includesRouting({ role, isBehindRouter }: Pick<Member, 'role'> & Pick<FrontendMember, 'isBehindRouter'>): boolean {
  return (role === 'frontend' || role === 'router') && isBehindRouter !== true;
}

export function isNginx(member: Member): member is FrontendMember {
  return member.role === 'frontend' || member.role === 'router';
}

/** Containers of `docker compose run` have their service's labels but must never be an upstream. */
export function isComposeOneOff(container: Container): boolean {
  return container.labels[composeOneOffLabel]?.toLowerCase() === 'true';
}

/**
 * Reads a labelled container. The member is absent for a role that is never routed, and where role, instance or service
 * is unreadable.
 */
export function readMember(container: Container): { member?: Member; problems: readonly Problem[] } {
  const { role, labels, flawed, problems } = readLabels(container);
  if (role === undefined || isBystanderRole(role)) return { problems };
  const projectText = projectTextOf(container);
  const project = projectText === undefined ? undefined : parseProject(projectText);
  const instance = labels.instance ?? parseInstance(projectText ?? defaultInstance);
  if (projectText !== undefined && project === undefined) return { problems: [...problems, longProject(container, projectText)] };
  if (instance === undefined) return { problems: [...problems, noInstance(container, projectText ?? '')] };
  const base = { container, labels, flawed, instance, ...defined({ project }) };
  if (role === 'frontend' || role === 'router') return { member: { ...base, role }, problems };
  const serviceText = nameService(container, role, labels);
  const service = parseServiceName(serviceText);
  if (service === undefined) return { problems: [...problems, noService(container, serviceText, instance)] };
  return { member: { ...base, role, service }, problems };
}

/**
 * The instance of a container, read from the few labels that decide it: other labels of another instance are not worth
 * reading. An unusable project name is returned unchanged and equals no instance.
 */
export function likelyInstance({ labels }: Pick<Container, 'labels'>): string {
  const given = parseInstance(labels['meet.instance'] ?? '');
  return given ?? projectTextOf({ labels }) ?? defaultInstance;
}

/** The compose project or stack from the container's labels, unparsed. */
export function projectTextOf(container: Pick<Container, 'labels'>): string | undefined {
  return container.labels[composeProjectLabel] ?? container.labels[stackNamespaceLabel];
}

function nameService(container: Container, role: Role, labels: Labels): string {
  const given = labels.service ?? container.labels[composeServiceLabel] ?? container.labels[swarmServiceLabel];
  return given ?? (role === 'backend' ? unnamedBackend : container.name);
}

function noInstance(container: Container, value: string): Problem {
  return problem('no-instance', {
    container: container.name,
    key: composeProjectLabel,
    value,
    message: 'the name of the compose project or stack cannot be an instance, and there is no meet.instance, so the container is ignored',
    cure: 'set meet.instance to lower-case letters, digits, `_` and `-`',
  });
}

function longProject(container: Container, value: string): Problem {
  return problem('no-instance', {
    container: container.name,
    key: composeProjectLabel,
    value,
    message: 'the name of the compose project or stack is too long, so the container is ignored',
    cure: 'give the project a name of at most 63 lower-case letters, digits, `_` and `-`',
  });
}

function noService(container: Container, value: string, instance: string): Problem {
  return problem('no-service', {
    instance,
    container: container.name,
    key: 'meet.service',
    value,
    message: 'the name of the service or container cannot be part of an upstream name, so the container gets no route',
    cure: 'set meet.service to letters, digits, `_`, `.` and `-`, at most 63',
  });
}
