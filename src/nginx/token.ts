import ipaddr from 'ipaddr.js';
import { maxAllowNetworks, maxHosts, maxPathLength, maxPaths } from './list-limits.ts';
import { defined } from '../util/defined.ts';

/**
 * The one vocabulary of everything that may reach nginx. Labels are read through it, and the template engine passes
 * every printed value through `nginxToken` once more. A value outside its grammar is refused, never escaped.
 */

/** What a printed value may consist of: nothing that ends a directive, opens a block, starts a variable, a comment or a string. */
const tokenPattern = /^[A-Za-z0-9_.,/:@~+=*[\]-]{1,512}$/;

/**
 * The template engine's escape function: returns the value as it is when it is one word of the vocabulary.
 * @throws TypeError when the value is missing, not a string or number, or holds any other character.
 */
export function nginxToken(value: unknown): string {
  if (value === undefined || value === null) throw new TypeError('a printed value is missing (undefined)');
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new TypeError(`a printed value is of type ${typeof value}, not text or a number`);
  const text = String(value);
  if (!tokenPattern.test(text)) throw new TypeError('a printed value holds a character that nginx could read as syntax');
  return text;
}

const instancePattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
const servicePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
const durationPattern = /^[1-9][0-9]{0,5}(ms|s|m|h|d)?$/;
const sizePattern = /^[0-9]{1,9}[kKmMgG]?$/;
const hostPattern = /^(\*\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;
const bucketPattern = /^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/;
const signedHostPattern = /^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?)*$/;
const segmentPattern = /^[A-Za-z0-9_.~@:+-]+$/;
const ipv4Pattern = /^(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}$/;
const maxWeight = 100;
const maxConnections = 100_000;
const balances: readonly Balance[] = ['round-robin', 'least-conn', 'ip-hash', 'random-two'];

/** An instance: also a folder below `--out`. */
export function parseInstance(text: string): string | undefined {
  return instancePattern.test(text) ? text : undefined;
}

/** Of a project's name as it is written, the `+` in front included. */
const maxProjectLength = 128;

/**
 * The name of a compose project or stack, as it is written into the file. A name that is no instance's stays a name of its own: what is
 * outside the grammar is written as `+` and the hexadecimal bytes, and `+` stands in front. Undefined where that gets too long.
 */
export function parseProject(text: string): string | undefined {
  if (instancePattern.test(text)) return text;
  const written = `+${[...new TextEncoder().encode(text)].map(writeByte).join('')}`;
  return written.length <= maxProjectLength ? written : undefined;
}

/** Whether a text is what `parseProject` makes of some name. */
export function isWrittenProject(text: string): boolean {
  return instancePattern.test(text) || (text.length <= maxProjectLength && /^\+(?:[a-z0-9_-]|\+[0-9a-f]{2})*$/.test(text));
}

function writeByte(byte: number): string {
  const letter = String.fromCharCode(byte);
  return /[a-z0-9_-]/.test(letter) ? letter : `+${byte.toString(16).padStart(2, '0')}`;
}

/** The name of one of several labels, `meet.route.<name>.path`: without a dot, which ends it. */
export function parseLabelName(text: string): string | undefined {
  return instancePattern.test(text) ? text : undefined;
}

/** A service: part of an upstream's name. */
export function parseServiceName(text: string): string | undefined {
  return servicePattern.test(text) ? text : undefined;
}

/** A container's or network's name, as the engine itself would accept it today; older engines accepted anything. */
export function parseEngineName(text: string): string | undefined {
  return namePattern.test(text) ? text : undefined;
}

/** A TCP port, 1 to 65535. */
export function parsePort(text: string): number | undefined {
  if (!/^[1-9][0-9]{0,4}$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65_535 ? port : undefined;
}

/** An nginx time of one unit, `300s`; 0 is refused, since nginx would then time out at once. */
export function parseNginxDuration(text: string): string | undefined {
  return durationPattern.test(text) ? text : undefined;
}

/** An nginx size, `100M`; `0` means no limit, as in nginx. */
export function parseNginxSize(text: string): string | undefined {
  return sizePattern.test(text) ? text : undefined;
}

/** How much of a service's requests a replica gets; nginx hashes 160 points for each unit, so it has an end. */
export function parseWeight(text: string): number | undefined {
  return parseCount(text, maxWeight);
}

/** How many connections at once; nginx's own 0, no limit, is the same as no label. */
export function parseConnections(text: string): number | undefined {
  return parseCount(text, maxConnections);
}

function parseCount(text: string, most: number): number | undefined {
  const count = /^[1-9][0-9]{0,5}$/.test(text) ? Number(text) : undefined;
  return count === undefined || count > most ? undefined : count;
}

/** How nginx chooses among the replicas of a service. */
export type Balance = 'round-robin' | 'least-conn' | 'ip-hash' | 'random-two';

export function parseBalance(text: string): Balance | undefined {
  return balances.find((known) => known === text);
}

/** Comma-separated host names in lower case, `*.` in front allowed. */
export function parseHosts(text: string): readonly string[] | undefined {
  const hosts = splitList(text).map((host) => host.toLowerCase());
  const valid = hosts.length > 0 && hosts.length <= maxHosts && hosts.every((host) => host.length <= 253 && hostPattern.test(host));
  return valid ? [...new Set(hosts)] : undefined;
}

/** An S3 bucket: 3 to 63 lower-case letters, digits, dots and dashes (Amazon S3, "Bucket naming rules"). */
export function parseBucket(text: string): string | undefined {
  return bucketPattern.test(text) ? text : undefined;
}

/** The host that an S3 signature is made for, in lower case as it is signed, with its port unless that is 80 or 443. */
export function parseSignedHost(text: string): string | undefined {
  const lower = text.toLowerCase();
  const [host = '', port, ...more] = lower.split(':');
  const valid = host.length <= 253 && signedHostPattern.test(host) && (port === undefined || parsePort(port) !== undefined);
  return valid && more.length === 0 ? lower : undefined;
}

/** `meet.health`, read: who says that a container is ready. */
export type HealthLabel = { readonly by: 'docker' | 'none' | 'tcp' } | { readonly by: 'http'; readonly path: string };

/** `docker`, `none`, `tcp`, or `http:` and a path without anything that would have to be escaped. */
export function parseHealth(text: string): HealthLabel | undefined {
  if (text === 'docker' || text === 'none' || text === 'tcp') return { by: text };
  const path = text.startsWith('http:') ? text.slice('http:'.length) : '';
  return path === '/' || isPlainPath(path.replace(/(?<=.)\/$/, '')) ? { by: 'http', path } : undefined;
}

/** A request path that a route takes: exactly this one, or all below it (the path then ends in a slash). */
export interface PathRule {
  readonly kind: 'exact' | 'below';
  readonly path: string;
}

/** `meet.paths`, read: the rules, and whether they replace the role's preset or are added to it. */
export interface PathsLabel {
  readonly replacesPreset: boolean;
  readonly rules: readonly PathRule[];
}

/**
 * Reads a comma list of path prefixes: `/x` is `/x` and all below it, `/x/` only what is below, `=/x` exactly that.
 * With `+` before every entry the list adds to the preset, otherwise it replaces it.
 */
export function parsePaths(text: string): PathsLabel | undefined {
  const entries = splitList(text);
  if (entries.length === 0 || entries.length > maxPaths) return undefined;
  const rules = entries.map((entry) => parsePathEntry(entry.replace(/^\+/, '')));
  if (rules.some((rule) => rule === undefined)) return undefined;
  return {
    replacesPreset: entries.some((entry) => !entry.startsWith('+')),
    rules: rules.flatMap((rule) => rule ?? []),
  };
}

/** One path as an entry of such a list: `/x`, `/x/` or `=/x`. */
export function parsePath(text: string): readonly PathRule[] | undefined {
  return parsePathEntry(text);
}

/** What of `<path> from <networks>` could be read; what is absent could not. */
export interface AllowText {
  readonly rules?: readonly PathRule[];
  /** In CIDR form, or single addresses. */
  readonly networks?: readonly string[];
}

/** What begins like one more path, wherever it stands. */
const furtherPath = /[\s,][=+]?\//;

/**
 * `/admin from 10.0.0.0/8, fd00::/8`: a path as above, or `/` for everything, and who alone may reach it. With one more path none
 * could be read: the second would stay open.
 */
export function parseAllow(text: string): AllowText {
  const [, pathText = '', networksText = ''] = /^\s*(\S+)(?:\s+from\s+([^]*))?/.exec(text) ?? [];
  const rules = furtherPath.test(text.trim())
    ? undefined
    : pathText === '/'
      ? [{ kind: 'below', path: '/' } as const]
      : parsePathEntry(pathText);
  const networks = parseNetworks(networksText);
  return defined({ rules, networks });
}

function parseNetworks(text: string): readonly string[] | undefined {
  // Strict, unlike other lists: what guards is refused, and so closed, when anything of it is odd.
  const entries = text.split(',');
  if (entries.length > maxAllowNetworks) return undefined;
  const networks = entries.map((entry) => parseNetwork(entry.trim()));
  if (networks.some((network) => network === undefined)) return undefined;
  return networks.flatMap((network) => network ?? []);
}

/** nginx warns of bits behind the prefix, so they are cleared. */
function parseNetwork(text: string): string | undefined {
  const [address = '', length, ...more] = text.split('/');
  const v4 = ipv4Pattern.test(address);
  const most = v4 ? 32 : 128;
  if (more.length > 0 || !(v4 ? ipaddr.IPv4.isValid(address) : isPlainIpv6(address))) return undefined;
  const prefix = length === undefined ? most : /^(0|[1-9][0-9]{0,2})$/.test(length) ? Number(length) : Infinity;
  if (prefix > most) return undefined;
  const cidr = `${address}/${prefix}`;
  const network = (v4 ? ipaddr.IPv4.networkAddressFromCIDR(cidr) : ipaddr.IPv6.networkAddressFromCIDR(cidr)).toString();
  return prefix === most ? network : `${network}/${prefix}`;
}

/** IPv4 in IPv6's clothes would never match: nginx compares such clients as IPv4. */
function isPlainIpv6(address: string): boolean {
  return /^[0-9A-Fa-f:]{2,39}$/.test(address) && ipaddr.IPv6.isValid(address) && !ipaddr.IPv6.parse(address).isIPv4MappedAddress();
}

/** The rules that a plain path prefix stands for: itself and all below it. */
export function pathAndBelow(path: string): readonly PathRule[] {
  return [
    { kind: 'exact', path },
    { kind: 'below', path: `${path}/` },
  ];
}

function parsePathEntry(entry: string): readonly PathRule[] | undefined {
  const exact = entry.startsWith('=');
  const path = exact ? entry.slice(1) : entry;
  if (exact && path === '/') return [{ kind: 'exact', path }];
  const slashed = path.endsWith('/');
  const body = slashed ? path.slice(0, -1) : path;
  if (!isPlainPath(body)) return undefined;
  if (exact) return [{ kind: 'exact', path }];
  return slashed ? [{ kind: 'below', path }] : pathAndBelow(path);
}

/** `/a/b`: no empty segment, no `.` or `..`, nothing that would have to be escaped. */
function isPlainPath(path: string): boolean {
  if (!path.startsWith('/') || path.length > maxPathLength) return false;
  return path
    .slice(1)
    .split('/')
    .every((segment) => segmentPattern.test(segment) && segment !== '.' && segment !== '..');
}

/** What a comma list says without the entries that can't be read, and those; undefined where that is nothing. */
export function withoutBadEntries<Value>(
  text: string,
  parse: (text: string) => Value | undefined,
): { readonly value: Value; readonly refused: readonly string[] } | undefined {
  const entries = splitList(text);
  const isGood = (entry: string): boolean => parse(entry) !== undefined;
  const value = parse(entries.filter(isGood).join(','));
  const refused = entries.filter((entry) => !isGood(entry));
  return value === undefined || refused.length === 0 ? undefined : { value, refused };
}

/** An empty entry, as a comma at the end leaves it, is nothing. */
function splitList(text: string): readonly string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
