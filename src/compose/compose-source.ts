import { parse } from 'yaml';
import type { Container } from '../model/container.ts';
import { compareText, showForeignText } from '../model/foreign-text.ts';
import { roles } from '../model/label-table.ts';
import { boundLabels, tooManyLabels } from '../model/label-limits.ts';
import { isMeantForUs } from '../model/labels.ts';
import { problem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import { composeProjectLabel, composeServiceLabel } from '../model/member.ts';
import { parsePort } from '../model/nginx-token.ts';
import { ComposeError } from './compose-error.ts';
import { interpolate } from './interpolate.ts';

/** The containers that a compose file would start, and which service each placeholder address stands for. */
export interface ComposeWorld {
  readonly containers: readonly Container[];
  readonly placeholders: readonly { readonly address: string; readonly service: string }[];
  /** Services that seem to be meant for us but don't opt in. */
  readonly problems: readonly Problem[];
}

type Json = Readonly<Record<string, unknown>>;

/** TEST-NET-1 (RFC 5737): addresses that nobody has. */
const placeholderNetwork = '192.0.2.';
const maxPlaceholders = 254;

/**
 * Reads a compose file, or the JSON of `docker compose config --format json`, as if every service with `meet.role` ran
 * once: one placeholder address per service, in the order of their names.
 * @param variables for `${…}`, the environment over `.env` as compose does
 * @param fallbackProject the project's name when the file and the variables have none
 * @throws ComposeError
 */
export function readCompose(text: string, variables: Readonly<Record<string, string | undefined>>, fallbackProject: string): ComposeWorld {
  const file = parseFile(text);
  const services = recordOf(file['services'], 'services');
  if (file['include'] !== undefined)
    throw new ComposeError(
      'the file uses include, which is not read here; use: docker compose config --format json | meet-gen render --compose -',
    );
  // The JSON of "docker compose config" has its variables put in already, and its dollar signs doubled.
  const fill = (value: unknown): string => fillIn(value, variables);
  const project = projectName(file, variables, fallbackProject, fill);
  const networks = networkNames(file, project, fill);
  const definitions = Object.entries(services)
    .toSorted(([left], [right]) => compareText(left, right))
    .map(([service, definition]) => [service, recordOf(definition, service)] as const);
  const labelled = definitions.flatMap(([service, definition]) => describe(service, definition, fill));
  if (labelled.length > maxPlaceholders)
    throw new ComposeError(`the file has ${labelled.length} services with meet.role; at most ${maxPlaceholders} can be shown`);
  const containers = labelled.map((service, index) => containerOf(service, project, networks, `${placeholderNetwork}${index + 1}`));
  return {
    containers,
    placeholders: labelled.map(({ name }, index) => ({ address: `${placeholderNetwork}${index + 1}`, service: showForeignText(name) })),
    problems: definitions.flatMap(([service, definition]) => tellMissingRole(service, labelsOf(definition['labels'], service, fill))),
  };
}

function tellMissingRole(service: string, labels: Readonly<Record<string, string>>): readonly Problem[] {
  const key = labels['meet.role'] === undefined ? Object.keys(labels).toSorted(compareText).find(isMeantForUs) : undefined;
  if (key === undefined) return [];
  return [
    problem('no-role', {
      container: service,
      key,
      value: labels[key],
      message: 'the service has a label for meet-gen, but no meet.role, so it is ignored',
      cure: `add meet.role: ${roles.join(', ')}`,
    }),
  ];
}

interface LabelledService {
  readonly name: string;
  readonly containerName: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly networks: readonly string[];
  readonly networkMode: string;
  readonly ports: readonly number[];
}

function parseFile(text: string): Json {
  try {
    return recordOf(parse(text, { merge: true, logLevel: 'error' }), 'the file');
  } catch (cause) {
    if (cause instanceof ComposeError) throw cause;
    const where = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0];
    throw new ComposeError(`this is no YAML or JSON: ${where}`, { cause });
  }
}

function fillIn(value: unknown, variables: Readonly<Record<string, string | undefined>>): string {
  const text = typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
  try {
    return interpolate(text, variables);
  } catch (cause) {
    throw new ComposeError((cause as Error).message, { cause });
  }
}

function describe(name: string, definition: Json, fill: (value: unknown) => string): readonly LabelledService[] {
  const labels = labelsOf(definition['labels'], name, fill);
  if (labels['meet.role'] === undefined) return [];
  if (definition['extends'] !== undefined)
    throw new ComposeError(
      `the service ${showForeignText(name)} uses extends, which is not read here; use: docker compose config --format json | meet-gen render --compose -`,
    );
  return [
    {
      name,
      containerName: definition['container_name'] === undefined ? undefined : fill(definition['container_name']),
      labels,
      networks: networksOf(definition['networks']),
      networkMode: definition['network_mode'] === undefined ? '' : fill(definition['network_mode']),
      ports: portsOf(definition['expose'], fill),
    },
  ];
}

function containerOf(service: LabelledService, project: string, networks: ReadonlyMap<string, string>, address: string): Container {
  const unreadable = tooManyLabels(service.labels);
  return {
    ...(unreadable === undefined ? {} : { unreadable }),
    id: service.name,
    name: service.containerName ?? `${project}-${service.name}-1`,
    imageId: '',
    createdAtSeconds: 0,
    state: 'running',
    health: 'none',
    labels: boundLabels({ [composeProjectLabel]: project, [composeServiceLabel]: service.name, ...service.labels }),
    networkMode: service.networkMode,
    networks:
      service.networkMode === ''
        ? service.networks.map((key) => ({ name: networks.get(key) ?? `${project}_${key}`, ipv4: address, ipv4PrefixLength: 24 }))
        : [],
    endpointIds: [],
    exposedTcpPorts: service.ports,
  };
}

function projectName(
  file: Json,
  variables: Readonly<Record<string, string | undefined>>,
  fallback: string,
  fill: (value: unknown) => string,
): string {
  const name = variables['COMPOSE_PROJECT_NAME'] || (file['name'] === undefined ? '' : fill(file['name'])) || fallback;
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9_-]/g, '')
      .replace(/^[_-]+/, '') || 'default'
  );
}

function networkNames(file: Json, project: string, fill: (value: unknown) => string): ReadonlyMap<string, string> {
  const networks = file['networks'] === undefined || file['networks'] === null ? {} : recordOf(file['networks'], 'networks');
  return new Map(
    Object.entries(networks).map(([key, value]) => {
      const definition = value === null ? {} : recordOf(value, `networks.${key}`);
      const given = definition['name'] ?? (definition['external'] === true ? key : undefined);
      return [key, given === undefined ? `${project}_${key}` : fill(given)];
    }),
  );
}

function labelsOf(value: unknown, service: string, fill: (value: unknown) => string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (!Array.isArray(value))
    return Object.fromEntries(Object.entries(recordOf(value, `${service}.labels`)).map(([key, text]) => [key, fill(text)]));
  return Object.fromEntries(
    value.map((entry) => {
      const [key = '', ...rest] = fill(entry).split('=');
      return [key, rest.join('=')];
    }),
  );
}

function networksOf(value: unknown): readonly string[] {
  if (value === undefined || value === null) return ['default'];
  return Array.isArray(value) ? value.map(String) : Object.keys(recordOf(value, 'networks'));
}

function portsOf(value: unknown, fill: (value: unknown) => string): readonly number[] {
  const texts = Array.isArray(value) ? value.map(fill) : [];
  const ports = texts.flatMap((text) => parsePort(text.replace(/\/tcp$/, '')) ?? []);
  return [...new Set(ports)].toSorted((left, right) => left - right);
}

function recordOf(value: unknown, what: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ComposeError(`${showForeignText(what)} must be a mapping`);
  return value as Json;
}
