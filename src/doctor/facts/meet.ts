import { usesHostNetwork } from '../../model/address.ts';
import { networkOwnerOf } from '../../model/network-owner.ts';
import { parseEngineName, parseHosts, parsePort, parseProject, parseServiceName } from '../../nginx/token.ts';
import type { UrlPlace } from './environment.ts';
import type { Facts, FrontendFacts, Inspection, Subject } from './facts.ts';
import { meetOf } from './meet-of.ts';
import { unchecked } from './outcome.ts';
import { isSwarmTask } from './swarm.ts';
import type { Outcome } from './outcome.ts';
import type { Part } from './facts.ts';

/** The subjects with one of these parts. */
export function subjectsOf(facts: Facts, ...parts: readonly Part[]): readonly Subject[] {
  return facts.subjects.filter((subject) => parts.includes(subject.part));
}

/** The running subjects with one of these parts. */
export function runningOf(facts: Facts, ...parts: readonly Part[]): readonly Subject[] {
  return subjectsOf(facts, ...parts).filter(({ container }) => container.state === 'running');
}

/** Why the doctor sent no request to a running backend. */
export const notOwn = 'the backend is not in the compose project of its Meet';

/** The subjects of the same Meet: in the same compose project, or with the same `meet.instance`. */
export function ofSameMeet<Kind extends Subject>(subject: Subject, others: readonly Kind[]): readonly Kind[] {
  return others.filter((other) => meetOf(other) === meetOf(subject));
}

/** Judges each subject with its inspection. A subject without one is not checked. */
export function inspectEach(
  subjects: readonly Subject[],
  judge: (subject: Subject, inspection: Inspection) => Outcome,
): readonly Outcome[] {
  return subjects.map((subject) => {
    const { inspection } = subject;
    return inspection.known ? judge(subject, inspection.value) : unchecked(`${subject.container.name}: ${inspection.why}`);
  });
}

/** The subjects whose nginx includes the rendered file: the routers of a Meet, or its frontends if it has no router. */
export function routingFrontends(subjects: readonly Subject[]): readonly Subject[] {
  const withRouter = new Set(subjects.filter(({ part }) => part === 'router').map(meetOf));
  return subjects.filter((subject) => subject.part === (withRouter.has(meetOf(subject)) ? 'router' : 'frontend'));
}

/** The meet-gens of the subject's Meet: with that instance in `--instance`, or without `--instance`. */
export function sidecarsOf(facts: Facts, subject: Subject): readonly Subject[] {
  return subjectsOf(facts, 'meet-gen').filter((sidecar) => {
    if (!sidecar.inspection.known) return meetOf(sidecar) === meetOf(subject);
    const { MEET_GEN_INSTANCE: instance } = sidecar.inspection.value.environment;
    return instance === undefined || instance.value === meetOf(subject);
  });
}

/** Whether a container mounts the engine's socket. */
export function mountsSocket({ inspection }: Subject): boolean {
  return inspection.known && inspection.value.mounts.some(({ source }) => isSocket(source));
}

export function isSocket(path: string): boolean {
  return /(^|\/)(docker|podman)\.sock$/.test(path);
}

/** All Meets with a router or frontend, each with one such subject. */
export function meetsOf({ subjects }: Facts): readonly { readonly meet: string; readonly frontend: Subject }[] {
  const byMeet = new Map(routingFrontends(subjects).map((frontend) => [meetOf(frontend), frontend]));
  return [...byMeet].map(([meet, frontend]) => ({ meet, frontend }));
}

/** Judges each running frontend with its facts. */
export function frontendEach(facts: Facts, judge: (subject: Subject, frontend: FrontendFacts) => Outcome): readonly Outcome[] {
  const running = routingFrontends(facts.subjects).filter(({ container }) => container.state === 'running');
  return running.map((subject) => {
    const frontend = facts.frontends.get(subject.container.id);
    return frontend === undefined ? unchecked(`${subject.container.name} was not examined`) : judge(subject, frontend);
  });
}

/** The public names of a container, with wildcards: from `meet.host`, else from nginx-proxy's variable. */
export function publicPatternsOf(subject: Subject): readonly string[] {
  return parseHosts(subject.container.labels['meet.host'] ?? '') ?? virtualHostsOf(subject);
}

/** The public names of a container, without wildcards. */
export function publicHostsOf(subject: Subject): readonly string[] {
  return publicPatternsOf(subject).filter((host) => !host.startsWith('*'));
}

/** The host names that nginx-proxy routes to a container. */
export function virtualHostsOf({ inspection }: Subject): readonly string[] {
  return (inspection.known ? inspection.value.environment.VIRTUAL_HOST?.value : undefined) ?? [];
}

/** All public names of the Meet, each with its subject. */
export function publicNames(facts: Facts): ReadonlyMap<string, Subject> {
  const owners = [...routingFrontends(facts.subjects), ...subjectsOf(facts, 'keycloak', 'livekit')];
  const names = new Map<string, Subject>();
  for (const subject of owners) for (const host of publicHostsOf(subject)) if (!names.has(host)) names.set(host, subject);
  return names;
}

/** The public names of this Meet's Keycloak and LiveKit in a backend's settings; else all their public names. */
export function calledNames(facts: Facts, subject: Subject): readonly string[] {
  const served = new Set(ofSameMeet(subject, subjectsOf(facts, 'keycloak', 'livekit')).flatMap(publicHostsOf));
  const called = calledPlaces(subject).map(({ host }) => host);
  // Names that another engine serves need only the DNS.
  return [...new Set(called.length === 0 ? served : called.filter((host) => served.has(host)))].toSorted();
}

/** The ports in a backend's settings other than 443, by host name. */
export function otherPorts(subject: Subject): ReadonlyMap<string, number> {
  return new Map(calledPlaces(subject).flatMap(({ host, port }): [string, number][] => (port === undefined ? [] : [[host, port]])));
}

function calledPlaces({ inspection }: Subject): readonly UrlPlace[] {
  if (!inspection.known) return [];
  const { OIDC_OP_TOKEN_ENDPOINT, OIDC_OP_USER_ENDPOINT, OIDC_OP_JWKS_ENDPOINT, LIVEKIT_API_URL } = inspection.value.environment;
  return [OIDC_OP_TOKEN_ENDPOINT, OIDC_OP_USER_ENDPOINT, OIDC_OP_JWKS_ENDPOINT, LIVEKIT_API_URL].flatMap((setting) => setting?.value ?? []);
}

/** The backend's variables with URLs for browsers, by the part of the Meet that serves the URL. */
export const browserUrls = {
  livekit: ['LIVEKIT_API_URL'],
  keycloak: ['OIDC_OP_AUTHORIZATION_ENDPOINT', 'OIDC_OP_LOGOUT_ENDPOINT'],
  frontend: ['LOGIN_REDIRECT_URL', 'LOGIN_REDIRECT_URL_FAILURE', 'LOGOUT_REDIRECT_URL'],
} as const;

/** The hosts of the URLs for browsers. */
export function browserHosts(facts: Facts): ReadonlySet<string> {
  const environments = subjectsOf(facts, 'backend').flatMap(({ inspection }) => (inspection.known ? [inspection.value.environment] : []));
  const variables = Object.values(browserUrls).flat();
  return new Set(environments.flatMap((environment) => variables.flatMap((name) => environment[name]?.value?.host ?? [])));
}

/** The ports of a frontend's servers. An invalid label counts as not set. */
export function portsOf({ container }: Subject): { readonly listen: number; readonly status: number } {
  return {
    listen: parsePort(container.labels['meet.listen'] ?? '') ?? 8083,
    status: parsePort(container.labels['meet.status-port'] ?? '') ?? 8084,
  };
}

/** A container's name for a shell command, which a shell reads as one word. */
export function shellName({ container }: Subject): string {
  return parseEngineName(container.name) ?? container.id.slice(0, 12);
}

/** A service's name for lines of compose. If the service has no valid name, a placeholder from its part. */
export function serviceFor({ service, part }: Subject): string {
  return (service === undefined ? undefined : parseServiceName(service)) ?? (part === 'other' ? 'the-service' : part);
}

/** Lines for a service in compose.yml. */
export function composeLines(subject: Subject, lines: readonly string[]): readonly string[] {
  return ['services:', `  ${serviceFor(subject)}:`, ...lines.map((line) => `    ${line}`)];
}

/** The command that applies a change of compose.yml, or of the stack file, to a container. */
export function recreate(subject: Subject): string {
  if (isSwarmTask(subject.container)) return `docker stack deploy -c stack.yml ${stackOf(subject)}`;
  return `docker compose up -d --force-recreate ${serviceFor(subject)}`;
}

/** The command for the log of the subject's meet-gen. On Swarm it runs on a manager. */
export function sidecarLog(subject: Subject): string {
  return isSwarmTask(subject.container)
    ? `docker service logs --tail 50 ${stackOf(subject)}_meet-gen`
    : 'docker compose logs --tail 50 meet-gen';
}

function stackOf({ project }: Subject): string {
  return (project === undefined ? undefined : parseProject(project)) ?? 'meet';
}

/** The names of a container's networks, or of the container whose network it uses. */
export function networkNames({ container }: Subject): readonly string[] {
  return container.networks.map(({ name }) => name);
}

/**
 * The command that connects a container to a network without a recreate. A container with `network_mode: none` can't be
 * connected. For a container that uses another container's network, the command connects that container.
 */
export function connectLines(subject: Subject, network: string, note: string): readonly string[] {
  const name = parseEngineName(network);
  if (subject.container.networkMode === 'none' || name === undefined || isSwarmTask(subject.container)) return [];
  const owner = networkOwnerOf(subject.container);
  const connected = owner === undefined ? shellName(subject) : parseEngineName(owner)?.slice(0, 12);
  return connected === undefined ? [] : [`docker network connect "${name}" ${connected}   # ${note}`];
}

export function shareNetwork(one: Subject, other: Subject): boolean {
  if (usesHostNetwork(one.container) || usesHostNetwork(other.container)) return true;
  return networkNames(other).some((name) => name !== 'none' && networkNames(one).includes(name));
}

export function extraHostKey(name: string, address: string): string {
  return `${name} ${address}`;
}

/** Whether the host is a name for documentation (RFC 2606), which no DNS has. */
export function isExampleName(host: string): boolean {
  return /(^|\.)example(\.(com|net|org))?$/.test(host);
}
