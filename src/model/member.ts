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
  /** The keys whose values could not be read, or not whole; `meet.route.<name>` for a route. */
  readonly flawed: ReadonlySet<string>;
  readonly instance: string;
  /** The compose project or stack it belongs to; absent for a container started by hand. */
  readonly project?: string;
}

export interface FrontendMember extends MemberBase {
  readonly role: 'frontend' | 'router';
  /** A router includes the rendered file in its place: it only serves the SPA. */
  readonly isBehindRouter?: true;
}

export interface ServiceMember extends MemberBase {
  readonly role: Exclude<Role, FrontendMember['role'] | BystanderRole>;
  /** Whose replica it is. */
  readonly service: string;
}

/** A container that opted in with `meet.role`, its labels read. */
export type Member = FrontendMember | ServiceMember;

const defaultInstance = 'default';
const unnamedBackend = 'backend';

export const composeProjectLabel = 'com.docker.compose.project';
export const composeServiceLabel = 'com.docker.compose.service';
const composeOneOffLabel = 'com.docker.compose.oneoff';
const stackNamespaceLabel = 'com.docker.stack.namespace';
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

/** Whether a label says whose the container is. */
export function isIdentityLabel(key: string): boolean {
  return identityLabels.has(key);
}

/** Whether its nginx includes the rendered file: it gets requests whether we like it or not, and is told to reload. */
export function includesRouting({ role, isBehindRouter }: Pick<Member, 'role'> & Pick<FrontendMember, 'isBehindRouter'>): boolean {
  return (role === 'frontend' || role === 'router') && isBehindRouter !== true;
}

export function isNginx(member: Member): member is FrontendMember {
  return member.role === 'frontend' || member.role === 'router';
}

/** Containers of `docker compose run` carry their service's labels but must never be an upstream. */
export function isComposeOneOff(container: Container): boolean {
  return container.labels[composeOneOffLabel]?.toLowerCase() === 'true';
}

/**
 * Reads a labelled container; no member comes out of one that is only known, never routed, or when its role, instance or
 * service can't be told safely.
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
 * The instance that a container is of, or would be if its other labels were well: by the few labels that say so, since those of
 * another instance are not worth reading. A project whose name can't be one is compared as it is, and equals none.
 */
export function likelyInstance({ labels }: Pick<Container, 'labels'>): string {
  const given = parseInstance(labels['meet.instance'] ?? '');
  return given ?? projectTextOf({ labels }) ?? defaultInstance;
}

/** The compose project or stack that a container says it is of, unread. */
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
    message: 'the compose project or stack name cannot be used as an instance, and there is no meet.instance; the container is ignored',
    cure: 'set meet.instance to lower-case letters, digits, `_` and `-`',
  });
}

function longProject(container: Container, value: string): Problem {
  return problem('no-instance', {
    container: container.name,
    key: composeProjectLabel,
    value,
    message: 'the name of the compose project or stack is too long to tell the project from others; the container is ignored',
    cure: 'give the project a name of at most 63 lower-case letters, digits, `_` and `-`',
  });
}

function noService(container: Container, value: string, instance: string): Problem {
  return problem('no-service', {
    instance,
    container: container.name,
    key: 'meet.service',
    value,
    message: 'the service or container name cannot be used as the name of an upstream; the container gets no route',
    cure: 'set meet.service to letters, digits, `_`, `.` and `-`, at most 63',
  });
}
