import { parseBoundedJson } from '../docker/bounded-json.ts';
import { compareText, showUntrustedText } from '../../model/untrusted-text.ts';
import { maxPortEntries } from '../../model/label-limits.ts';
import { parsePort } from '../../nginx/token.ts';
import { ComposeError } from './compose-error.ts';
import { pasteLine } from './paste-line.ts';
import { messageOf } from '../../util/error-message.ts';

/** The fields that meet-gen reads from the output of `docker compose config`. Every string is untrusted text. */
export interface ComposeProject {
  readonly name: string;
  /** The engine's names of the networks. */
  readonly networks: readonly string[];
  /** In the order of names; without services of inactive profiles. */
  readonly services: readonly ComposeService[];
}

export interface ComposeService {
  readonly name: string;
  readonly containerName: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Empty if the service uses `networks`. */
  readonly networkMode: string;
  /** The engine's names of the networks. */
  readonly networks: readonly string[];
  readonly replicas: number;
  /** Ports of the container, not of the host; ascending, without duplicates and without the ports of the image. */
  readonly tcpPorts: readonly number[];
}

type Json = Readonly<Record<string, unknown>>;

/** A single dollar sign: a variable without its value, since Compose doubles every other dollar sign in its output. */
const variable = /(?<!\$)\$(?:\$\$)*(?!\$)/;

/**
 * Reads the JSON of `docker compose config --format json`. The caller has limited its size.
 * @throws ComposeError for any other input
 */
export function readProject(bytes: Buffer): ComposeProject {
  const file = recordOf(parseJson(bytes), 'the project');
  const { name } = file;
  if (typeof name !== 'string') throw notResolved('it has no project name');
  const networks = new Map(entriesOf(file['networks'], 'networks').map(([key, network]) => [key, networkName(name, key, network)]));
  const services = Object.entries(recordOf(file['services'], 'services'))
    .toSorted(([left], [right]) => compareText(left, right))
    .map(([service, definition]) => readService(service, recordOf(definition, `services.${service}`), name, networks));
  return { name, networks: [...networks.values()], services };
}

function parseJson(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  const value = attempt(() => parseBoundedJson(Buffer.from(text.replaceAll('$$', '$'))));
  if (variable.test(text)) throw notResolved('it has variables without values, as --no-interpolate leaves them');
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
  return new ComposeError(`the input isn't the JSON of a project that Compose resolved: ${reason}; paste: ${pasteLine()}`, { cause });
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

/** Compose writes only texts. Another tool in between may have dropped the quotes. */
function labelText(value: unknown, place: string, key: string): string {
  if (value === null) return '';
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw notResolved(`${showUntrustedText(`${place}.labels.${key}`)} must be a text`);
}

/** The number of replicas that `up` without `--scale` starts. */
function replicasOf(definition: Json, place: string): number {
  const deploy = recordOf(definition['deploy'] ?? {}, `${place}.deploy`);
  const count = definition['scale'] ?? deploy['replicas'] ?? 1;
  if (!Number.isSafeInteger(count) || Number(count) < 0) throw notResolved(`${showUntrustedText(place)} has no usable number of replicas`);
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
    throw notResolved(`${showUntrustedText(place)} has more than ${maxPortEntries} ports`);
  const ports = ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, index) => first + index));
  return [...new Set(ports)].toSorted((left, right) => left - right);
}

/** Reads `8000` or `8000-8002`. Compose also passes on invalid ports; the engine then refuses the container. */
function portRange(value: unknown): readonly { readonly first: number; readonly last: number }[] {
  const [from = '', to = from] = typeof value === 'string' ? value.split('-') : typeof value === 'number' ? [String(value)] : [];
  const [first, last] = [parsePort(from), parsePort(to)];
  return first === undefined || last === undefined || first > last ? [] : [{ first, last }];
}

function entriesOf(value: unknown, place: string): readonly (readonly [string, unknown])[] {
  return Object.entries(recordOf(value ?? {}, place));
}

function recordOf(value: unknown, place: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw notResolved(`${showUntrustedText(place)} must be a mapping`);
  return value as Json;
}

function listOf(value: unknown, place: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw notResolved(`${showUntrustedText(place)} must be a list`);
  return value;
}

function textOf(value: unknown, place: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw notResolved(`${showUntrustedText(place)} must be a text`);
  return value;
}
