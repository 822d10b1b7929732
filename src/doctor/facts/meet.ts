import { usesHostNetwork } from '../../model/address.ts';
import { networkOwnerOf } from '../../model/network-owner.ts';
import { parseEngineName, parseHosts, parsePort, parseServiceName } from '../../nginx/token.ts';
import type { UrlPlace } from './environment.ts';
import type { Facts, FrontendFacts, Inspection, Subject } from './facts.ts';
import { meetOf } from './meet-of.ts';
import { unchecked } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import type { Part } from './facts.ts';

/** All containers that are one of these. */
export function subjectsOf(facts: Facts, ...parts: readonly Part[]): readonly Subject[] {
  return facts.subjects.filter((subject) => parts.includes(subject.part));
}

/** Those that run. */
export function runningOf(facts: Facts, ...parts: readonly Part[]): readonly Subject[] {
  return subjectsOf(facts, ...parts).filter(({ container }) => container.state === 'running');
}

/** Why a running backend was asked nothing. */
export const notOwn = "it is not of the Meet's own compose project";

/** Which of them belong to the same Meet: of the same compose project, or the same `meet.instance`. */
export function ofSameMeet<Kind extends Subject>(subject: Subject, others: readonly Kind[]): readonly Kind[] {
  return others.filter((other) => meetOf(other) === meetOf(subject));
}

/** Looks at what an inspect told of each; a container that couldn't be inspected is not checked. */
export function inspectEach(subjects: readonly Subject[], look: (subject: Subject, inspection: Inspection) => Outcome): readonly Outcome[] {
  return subjects.map((subject) => {
    const { inspection } = subject;
    return inspection.known ? look(subject, inspection.value) : unchecked(`${subject.container.name}: ${inspection.why}`);
  });
}

/** Whose nginx includes the routing: the Meet's routers, where it has none its frontends. */
export function routingFrontends(subjects: readonly Subject[]): readonly Subject[] {
  const withRouter = new Set(subjects.filter(({ part }) => part === 'router').map(meetOf));
  return subjects.filter((subject) => subject.part === (withRouter.has(meetOf(subject)) ? 'router' : 'frontend'));
}

/** The meet-gens that look after a Meet: told to look after it alone, or after all. */
export function sidecarsOf(facts: Facts, subject: Subject): readonly Subject[] {
  return subjectsOf(facts, 'meet-gen').filter((sidecar) => {
    if (!sidecar.inspection.known) return meetOf(sidecar) === meetOf(subject);
    const { MEET_GEN_INSTANCE: instance } = sidecar.inspection.value.environment;
    return instance === undefined || instance.value === meetOf(subject);
  });
}

/** The Meets that have somebody who routes, each with one of them. */
export function meetsOf({ subjects }: Facts): readonly { readonly meet: string; readonly frontend: Subject }[] {
  const byMeet = new Map(routingFrontends(subjects).map((frontend) => [meetOf(frontend), frontend]));
  return [...byMeet].map(([meet, frontend]) => ({ meet, frontend }));
}

/** Looks at each of those that runs. */
export function frontendEach(facts: Facts, look: (subject: Subject, frontend: FrontendFacts) => Outcome): readonly Outcome[] {
  const running = routingFrontends(facts.subjects).filter(({ container }) => container.state === 'running');
  return running.map((subject) => {
    const frontend = facts.frontends.get(subject.container.id);
    return frontend === undefined ? unchecked(`${subject.container.name} was not looked into`) : look(subject, frontend);
  });
}

/** The names that the world knows a container by, wildcards among them: `meet.host`, else nginx-proxy's own variable. */
export function publicPatternsOf(subject: Subject): readonly string[] {
  return parseHosts(subject.container.labels['meet.host'] ?? '') ?? virtualHostsOf(subject);
}

/** Those of them that are a single name. */
export function publicHostsOf(subject: Subject): readonly string[] {
  return publicPatternsOf(subject).filter((host) => !host.startsWith('*'));
}

/** The names that nginx-proxy sends requests for. */
export function virtualHostsOf({ inspection }: Subject): readonly string[] {
  return (inspection.known ? inspection.value.environment.VIRTUAL_HOST?.value : undefined) ?? [];
}

/** All public names of the Meet, with whose they are. */
export function publicNames(facts: Facts): ReadonlyMap<string, Subject> {
  const owners = [...routingFrontends(facts.subjects), ...subjectsOf(facts, 'keycloak', 'livekit')];
  const names = new Map<string, Subject>();
  for (const subject of owners) for (const host of publicHostsOf(subject)) if (!names.has(host)) names.set(host, subject);
  return names;
}

/** The public names of this Meet's Keycloak and LiveKit that a backend calls; where its settings tell none, all of them. */
export function calledNames(facts: Facts, subject: Subject): readonly string[] {
  const served = new Set(ofSameMeet(subject, subjectsOf(facts, 'keycloak', 'livekit')).flatMap(publicHostsOf));
  const called = calledPlaces(subject).map(({ host }) => host);
  // What is served elsewhere is found in the DNS like anything else.
  return [...new Set(called.length === 0 ? served : called.filter((host) => served.has(host)))].toSorted();
}

/** The ports of names that a backend calls on another one than 443, by name. */
export function otherPorts(subject: Subject): ReadonlyMap<string, number> {
  return new Map(calledPlaces(subject).flatMap(({ host, port }): [string, number][] => (port === undefined ? [] : [[host, port]])));
}

function calledPlaces({ inspection }: Subject): readonly UrlPlace[] {
  if (!inspection.known) return [];
  const { OIDC_OP_TOKEN_ENDPOINT, OIDC_OP_USER_ENDPOINT, OIDC_OP_JWKS_ENDPOINT, LIVEKIT_API_URL } = inspection.value.environment;
  return [OIDC_OP_TOKEN_ENDPOINT, OIDC_OP_USER_ENDPOINT, OIDC_OP_JWKS_ENDPOINT, LIVEKIT_API_URL].flatMap((setting) => setting?.value ?? []);
}

/** The backend's variables whose URLs are given to browsers, by the part of the Meet that they lead to. */
export const browserUrls = {
  livekit: ['LIVEKIT_API_URL'],
  keycloak: ['OIDC_OP_AUTHORIZATION_ENDPOINT', 'OIDC_OP_LOGOUT_ENDPOINT'],
  frontend: ['LOGIN_REDIRECT_URL', 'LOGIN_REDIRECT_URL_FAILURE', 'LOGOUT_REDIRECT_URL'],
} as const;

/** The hosts that the backends' settings send browsers to. */
export function browserHosts(facts: Facts): ReadonlySet<string> {
  const environments = subjectsOf(facts, 'backend').flatMap(({ inspection }) => (inspection.known ? [inspection.value.environment] : []));
  const variables = Object.values(browserUrls).flat();
  return new Set(environments.flatMap((environment) => variables.flatMap((name) => environment[name]?.value?.host ?? [])));
}

/** The ports of a frontend's servers; a label outside its grammar leaves the default. */
export function portsOf({ container }: Subject): { readonly listen: number; readonly status: number } {
  return {
    listen: parsePort(container.labels['meet.listen'] ?? '') ?? 8083,
    status: parsePort(container.labels['meet.status-port'] ?? '') ?? 8084,
  };
}

/** A container's name as a shell takes it for one word. */
export function shellName({ container }: Subject): string {
  return parseEngineName(container.name) ?? container.id.slice(0, 12);
}

/** A service's name in lines of compose; its place where it has none that could stand there. */
export function serviceFor({ service, part }: Subject): string {
  return (service === undefined ? undefined : parseServiceName(service)) ?? (part === 'other' ? 'the-service' : part);
}

/** Lines for a service in compose.yml. */
export function composeLines(subject: Subject, lines: readonly string[]): readonly string[] {
  return ['services:', `  ${serviceFor(subject)}:`, ...lines.map((line) => `    ${line}`)];
}

/** What brings a change of compose.yml to a container. */
export function recreate(subject: Subject): string {
  return `docker compose up -d --force-recreate ${serviceFor(subject)}`;
}

/** The networks of a container, in its own words or another's whose network it uses. */
export function networkNames({ container }: Subject): readonly string[] {
  return container.networks.map(({ name }) => name);
}

/** What connects a container to a network at once. One without a network can't be connected, one that uses another's with that one. */
export function connectLines(subject: Subject, network: string, note: string): readonly string[] {
  const name = parseEngineName(network);
  if (subject.container.networkMode === 'none' || name === undefined) return [];
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

/** Names that stand for one's own in documentation (RFC 2606); nobody's DNS has them. */
export function isExampleName(host: string): boolean {
  return /(^|\.)example(\.(com|net|org))?$/.test(host);
}
