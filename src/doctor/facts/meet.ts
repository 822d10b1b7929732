import { usesHostNetwork } from '../../model/address.ts';
import { networkOwnerOf } from '../../model/network-owner.ts';
import { parseEngineName, parseHosts, parsePort, parseServiceName } from '../../nginx/token.ts';
import type { UrlPlace } from './environment.ts';
import type { Facts, FrontendFacts, Inspection, Patient } from './facts.ts';
import { meetOf } from './meet-of.ts';
import { unchecked } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import type { Part } from './facts.ts';

/** All containers that are one of these. */
export function patientsOf(facts: Facts, ...parts: readonly Part[]): readonly Patient[] {
  return facts.patients.filter((patient) => parts.includes(patient.part));
}

/** Those that run. */
export function runningOf(facts: Facts, ...parts: readonly Part[]): readonly Patient[] {
  return patientsOf(facts, ...parts).filter(({ container }) => container.state === 'running');
}

/** Why a running backend was asked nothing. */
export const notOwn = "it is not of the Meet's own compose project";

/** Which of them belong to the same Meet: of the same compose project, or the same `meet.instance`. */
export function ofSameMeet<Kind extends Patient>(patient: Patient, others: readonly Kind[]): readonly Kind[] {
  return others.filter((other) => meetOf(other) === meetOf(patient));
}

/** Looks at what an inspect told of each; a container that couldn't be inspected is not checked. */
export function inspectEach(patients: readonly Patient[], look: (patient: Patient, inspection: Inspection) => Outcome): readonly Outcome[] {
  return patients.map((patient) => {
    const { inspection } = patient;
    return inspection.known ? look(patient, inspection.value) : unchecked(`${patient.container.name}: ${inspection.why}`);
  });
}

/** Whose nginx includes the routing: the Meet's routers, where it has none its frontends. */
export function routingOnes(patients: readonly Patient[]): readonly Patient[] {
  const withRouter = new Set(patients.filter(({ part }) => part === 'router').map(meetOf));
  return patients.filter((patient) => patient.part === (withRouter.has(meetOf(patient)) ? 'router' : 'frontend'));
}

/** The meet-gens that look after a Meet: told to look after it alone, or after all. */
export function sidecarsOf(facts: Facts, patient: Patient): readonly Patient[] {
  return patientsOf(facts, 'meet-gen').filter((sidecar) => {
    if (!sidecar.inspection.known) return meetOf(sidecar) === meetOf(patient);
    const { MEET_GEN_INSTANCE: instance } = sidecar.inspection.value.environment;
    return instance === undefined || instance.value === meetOf(patient);
  });
}

/** The Meets that have somebody who routes, each with one of them. */
export function meetsOf({ patients }: Facts): readonly { readonly meet: string; readonly frontend: Patient }[] {
  const byMeet = new Map(routingOnes(patients).map((frontend) => [meetOf(frontend), frontend]));
  return [...byMeet].map(([meet, frontend]) => ({ meet, frontend }));
}

/** Looks at each of those that runs. */
export function frontendEach(facts: Facts, look: (patient: Patient, frontend: FrontendFacts) => Outcome): readonly Outcome[] {
  const running = routingOnes(facts.patients).filter(({ container }) => container.state === 'running');
  return running.map((patient) => {
    const frontend = facts.frontends.get(patient.container.id);
    return frontend === undefined ? unchecked(`${patient.container.name} was not looked into`) : look(patient, frontend);
  });
}

/** The names that the world knows a container by, wildcards among them: `meet.host`, else nginx-proxy's own variable. */
export function publicPatternsOf(patient: Patient): readonly string[] {
  return parseHosts(patient.container.labels['meet.host'] ?? '') ?? virtualHostsOf(patient);
}

/** Those of them that are a single name. */
export function publicHostsOf(patient: Patient): readonly string[] {
  return publicPatternsOf(patient).filter((host) => !host.startsWith('*'));
}

/** The names that nginx-proxy sends requests for. */
export function virtualHostsOf({ inspection }: Patient): readonly string[] {
  return (inspection.known ? inspection.value.environment.VIRTUAL_HOST?.value : undefined) ?? [];
}

/** All public names of the Meet, with whose they are. */
export function publicNames(facts: Facts): ReadonlyMap<string, Patient> {
  const owners = [...routingOnes(facts.patients), ...patientsOf(facts, 'keycloak', 'livekit')];
  const names = new Map<string, Patient>();
  for (const patient of owners) for (const host of publicHostsOf(patient)) if (!names.has(host)) names.set(host, patient);
  return names;
}

/** The public names of this Meet's Keycloak and LiveKit that a backend calls; where its settings tell none, all of them. */
export function calledNames(facts: Facts, patient: Patient): readonly string[] {
  const served = new Set(ofSameMeet(patient, patientsOf(facts, 'keycloak', 'livekit')).flatMap(publicHostsOf));
  const called = calledPlaces(patient).map(({ host }) => host);
  // What is served elsewhere is found in the DNS like anything else.
  return [...new Set(called.length === 0 ? served : called.filter((host) => served.has(host)))].toSorted();
}

/** The ports of names that a backend calls on another one than 443, by name. */
export function otherPorts(patient: Patient): ReadonlyMap<string, number> {
  return new Map(calledPlaces(patient).flatMap(({ host, port }): [string, number][] => (port === undefined ? [] : [[host, port]])));
}

function calledPlaces({ inspection }: Patient): readonly UrlPlace[] {
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
  const environments = patientsOf(facts, 'backend').flatMap(({ inspection }) => (inspection.known ? [inspection.value.environment] : []));
  const variables = Object.values(browserUrls).flat();
  return new Set(environments.flatMap((environment) => variables.flatMap((name) => environment[name]?.value?.host ?? [])));
}

/** The ports of a frontend's servers; a label outside its grammar leaves the default. */
export function portsOf({ container }: Patient): { readonly listen: number; readonly status: number } {
  return {
    listen: parsePort(container.labels['meet.listen'] ?? '') ?? 8083,
    status: parsePort(container.labels['meet.status-port'] ?? '') ?? 8084,
  };
}

/** A container's name as a shell takes it for one word. */
export function wordFor({ container }: Patient): string {
  return parseEngineName(container.name) ?? container.id.slice(0, 12);
}

/** A service's name in lines of compose; its place where it has none that could stand there. */
export function serviceFor({ service, part }: Patient): string {
  return (service === undefined ? undefined : parseServiceName(service)) ?? (part === 'other' ? 'the-service' : part);
}

/** Lines for a service in compose.yml. */
export function composeLines(patient: Patient, lines: readonly string[]): readonly string[] {
  return ['services:', `  ${serviceFor(patient)}:`, ...lines.map((line) => `    ${line}`)];
}

/** What brings a change of compose.yml to a container. */
export function recreate(patient: Patient): string {
  return `docker compose up -d --force-recreate ${serviceFor(patient)}`;
}

/** The networks of a container, in its own words or another's whose network it uses. */
export function networkNames({ container }: Patient): readonly string[] {
  return container.networks.map(({ name }) => name);
}

/** What connects a container to a network at once. One without a network can't be connected, one that uses another's with that one. */
export function connectLines(patient: Patient, network: string, note: string): readonly string[] {
  const name = parseEngineName(network);
  if (patient.container.networkMode === 'none' || name === undefined) return [];
  const owner = networkOwnerOf(patient.container);
  const connected = owner === undefined ? wordFor(patient) : parseEngineName(owner)?.slice(0, 12);
  return connected === undefined ? [] : [`docker network connect "${name}" ${connected}   # ${note}`];
}

export function shareNetwork(one: Patient, other: Patient): boolean {
  if (usesHostNetwork(one.container) || usesHostNetwork(other.container)) return true;
  return networkNames(other).some((name) => name !== 'none' && networkNames(one).includes(name));
}

export function roadKey(name: string, address: string): string {
  return `${name} ${address}`;
}

/** Names that stand for one's own in documentation (RFC 2606); nobody's DNS has them. */
export function isExampleName(host: string): boolean {
  return /(^|\.)example(\.(com|net|org))?$/.test(host);
}
