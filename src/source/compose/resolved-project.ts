import { parseBoundedJson } from '../docker/bounded-json.ts';
import { compareText, showForeignText } from '../../model/foreign-text.ts';
import { maxPortEntries } from '../../model/label-limits.ts';
import { parsePort } from '../../nginx/token.ts';
import { ComposeError } from './compose-error.ts';
import { pasteLine } from './paste-line.ts';
import { messageOf } from '../../util/error-message.ts';

/** A project as Compose resolved it, as far as it is read. Every string in it is foreign text. */
export interface ComposeProject {
  readonly name: string;
  /** The names that the engine knows the networks by. */
  readonly networks: readonly string[];
  /** By name; those of inactive profiles are none. */
  readonly services: readonly ComposeService[];
}

export interface ComposeService {
  readonly name: string;
  readonly containerName: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Empty where `networks` hold. */
  readonly networkMode: string;
  /** The names that the engine knows them by. */
  readonly networks: readonly string[];
  readonly replicas: number;
  /** Of the container, not of the host; ascending, without duplicates. What its image exposes is not among them. */
  readonly tcpPorts: readonly number[];
}

type Json = Readonly<Record<string, unknown>>;

/** Compose doubles each dollar sign of what it has resolved, so any other one is of a variable that still stands there. */
const variable = /(?<!\$)\$(?:\$\$)*(?!\$)/;

/**
 * Reads the JSON of `docker compose config --format json`, whose size the caller has limited.
 * @throws ComposeError where it is anything else
 */
export function readProject(bytes: Buffer): ComposeProject {
  const file = recordOf(parseJson(bytes), 'the project');
  const { name } = file;
  if (typeof name !== 'string') throw notResolved('it has no name of a project');
  const networks = new Map(entriesOf(file['networks'], 'networks').map(([key, network]) => [key, networkName(name, key, network)]));
  const services = Object.entries(recordOf(file['services'], 'services'))
    .toSorted(([left], [right]) => compareText(left, right))
    .map(([service, definition]) => readService(service, recordOf(definition, `services.${service}`), name, networks));
  return { name, networks: [...networks.values()], services };
}

function parseJson(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  const value = attempt(() => parseBoundedJson(Buffer.from(text.replaceAll('$$', '$'))));
  if (variable.test(text)) throw notResolved('variables in it have no value yet, as with --no-interpolate');
  return value;
}

function attempt<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw notResolved(messageOf(cause), cause);
  }
}

function notResolved(reason: string, cause?: unknown): ComposeError {
  return new ComposeError(`this is not the JSON of a project that Compose resolved: ${reason}; paste: ${pasteLine()}`, { cause });
}

function readService(name: string, definition: Json, project: string, networkNames: ReadonlyMap<string, string>): ComposeService {
  const place = `services.${name}`;
  const networkMode = textOf(definition['network_mode'], `${place}.network_mode`) ?? '';
  const keys = Object.keys(recordOf(definition['networks'] ?? {}, `${place}.networks`));
  return {
    name,
    containerName: textOf(definition['container_name'], `${place}.container_name`),
    labels: Object.fromEntries(
      entriesOf(definition['labels'], `${place}.labels`).map(([key, value]) => [key, labelText(value, place, key)]),
    ),
    networkMode,
    networks: networkMode === '' ? (keys.length === 0 ? ['default'] : keys).map((key) => networkNames.get(key) ?? `${project}_${key}`) : [],
    replicas: replicasOf(definition, place),
    tcpPorts: tcpPortsOf(definition, place),
  };
}

function networkName(project: string, key: string, value: unknown): string {
  const network = recordOf(value ?? {}, `networks.${key}`);
  return textOf(network['name'], `networks.${key}.name`) ?? (network['external'] === true ? key : `${project}_${key}`);
}

/** Compose writes texts alone; what has passed through another tool may have lost its quotes. */
function labelText(value: unknown, place: string, key: string): string {
  if (value === null) return '';
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw notResolved(`${showForeignText(`${place}.labels.${key}`)} must be a text`);
}

/** As `up` without `--scale` starts it. */
function replicasOf(definition: Json, place: string): number {
  const deploy = recordOf(definition['deploy'] ?? {}, `${place}.deploy`);
  const count = definition['scale'] ?? deploy['replicas'] ?? 1;
  if (!Number.isSafeInteger(count) || Number(count) < 0) throw notResolved(`${showForeignText(place)} has no usable number of replicas`);
  return Number(count);
}

function tcpPortsOf(definition: Json, place: string): readonly number[] {
  const published = listOf(definition['ports'], `${place}.ports`).flatMap((entry, index) => {
    const { target, protocol = 'tcp' } = recordOf(entry, `${place}.ports[${index}]`);
    return protocol === 'tcp' ? portRange(target) : [];
  });
  const exposed = listOf(definition['expose'], `${place}.expose`).flatMap((entry) => {
    const [range, protocol = 'tcp'] = typeof entry === 'string' ? entry.split('/') : [entry];
    return protocol === 'tcp' ? portRange(range) : [];
  });
  const ranges = [...published, ...exposed];
  if (ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0) > maxPortEntries)
    throw notResolved(`${showForeignText(place)} has more than ${maxPortEntries} ports`);
  const ports = ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, index) => first + index));
  return [...new Set(ports)].toSorted((left, right) => left - right);
}

/** `8000` or `8000-8002`. Compose passes on what is no port, and the engine then refuses the container. */
function portRange(value: unknown): readonly { readonly first: number; readonly last: number }[] {
  const [from = '', to = from] = typeof value === 'string' ? value.split('-') : typeof value === 'number' ? [String(value)] : [];
  const [first, last] = [parsePort(from), parsePort(to)];
  return first === undefined || last === undefined || first > last ? [] : [{ first, last }];
}

function entriesOf(value: unknown, place: string): readonly (readonly [string, unknown])[] {
  return Object.entries(recordOf(value ?? {}, place));
}

function recordOf(value: unknown, place: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notResolved(`${showForeignText(place)} must be a mapping`);
  return value as Json;
}

function listOf(value: unknown, place: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw notResolved(`${showForeignText(place)} must be a list`);
  return value;
}

function textOf(value: unknown, place: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw notResolved(`${showForeignText(place)} must be a text`);
  return value;
}
