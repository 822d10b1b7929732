/*
 * nginx/: text from labels, requests and nginx's output goes in. Values in nginx's grammar come out, or undefined.
 */

import ipaddr from 'ipaddr.js';
import { maxAllowNetworks, maxHosts, maxPathLength, maxPaths } from './list-limits.ts';
import { defined } from '../util/defined.ts';

/**
 * The vocabulary of every text that reaches nginx. Labels are parsed with it, and the template engine checks each
 * printed value with `nginxToken` again. A value outside its grammar is refused, never escaped.
 */

/**
 * The characters of a printed value: none ends a directive, opens a block, or starts a variable, a comment or a string.
 */
const tokenPattern = /^[A-Za-z0-9_.,/:@~+=*[\]-]{1,512}$/;

/**
 * The template engine's escape function: returns a value of the vocabulary unchanged.
 * @throws TypeError when the value is missing, not a string or number, or has any other character
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

/** The name of an instance, which is also the name of its folder below `--out`. */
export function parseInstance(text: string): string | undefined {
  return instancePattern.test(text) ? text : undefined;
}

/** The length of a written project name, with the `+` in front. */
const maxProjectLength = 128;

/**
 * The name of a compose project or stack as written into the file. A name outside the grammar gets `+` in front, and
 * its bytes outside the grammar become `+` and two hexadecimal digits: different names stay different. Undefined where
 * the result is too long.
 */
export function parseProject(text: string): string | undefined {
  if (instancePattern.test(text)) return text;
  const written = `+${[...new TextEncoder().encode(text)].map(writeByte).join('')}`;
  return written.length <= maxProjectLength ? written : undefined;
}

/** Whether a text can be a result of `parseProject`. */
export function isWrittenProject(text: string): boolean {
  return instancePattern.test(text) || (text.length <= maxProjectLength && /^\+(?:[a-z0-9_-]|\+[0-9a-f]{2})*$/.test(text));
}

function writeByte(byte: number): string {
  const letter = String.fromCharCode(byte);
  return /[a-z0-9_-]/.test(letter) ? letter : `+${byte.toString(16).padStart(2, '0')}`;
}

/** The `<name>` in labels like `meet.route.<name>.path`; a dot would end it. */
export function parseLabelName(text: string): string | undefined {
  return instancePattern.test(text) ? text : undefined;
}

/** A service name: part of an upstream's name. */
export function parseServiceName(text: string): string | undefined {
  return servicePattern.test(text) ? text : undefined;
}

/** A container or network name that today's engine accepts; older engines accepted any text. */
export function parseEngineName(text: string): string | undefined {
  return namePattern.test(text) ? text : undefined;
}

export function parsePort(text: string): number | undefined {
  if (!/^[1-9][0-9]{0,4}$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65_535 ? port : undefined;
}

/** An nginx time with one unit, `300s`; 0 is refused, since nginx would time out at once. */
export function parseNginxDuration(text: string): string | undefined {
  return durationPattern.test(text) ? text : undefined;
}

/** An nginx size, `100M`; `0` means no limit, as in nginx. */
export function parseNginxSize(text: string): string | undefined {
  return sizePattern.test(text) ? text : undefined;
}

/** The weight of a replica. nginx hashes 160 points per unit, so there is a maximum. */
export function parseWeight(text: string): number | undefined {
  return parseCount(text, maxWeight);
}

/** The number of connections at once. nginx's 0, no limit, is the same as no label. */
export function parseConnections(text: string): number | undefined {
  return parseCount(text, maxConnections);
}

function parseCount(text: string, most: number): number | undefined {
  const count = /^[1-9][0-9]{0,5}$/.test(text) ? Number(text) : undefined;
  return count === undefined || count > most ? undefined : count;
}

export type Balance = 'round-robin' | 'least-conn' | 'ip-hash' | 'random-two';

export function parseBalance(text: string): Balance | undefined {
  return balances.find((known) => known === text);
}

/** Comma-separated host names, returned in lower case; `*.` in front is allowed. */
export function parseHosts(text: string): readonly string[] | undefined {
  const hosts = splitList(text).map((host) => host.toLowerCase());
  const valid = hosts.length > 0 && hosts.length <= maxHosts && hosts.every((host) => host.length <= 253 && hostPattern.test(host));
  return valid ? [...new Set(hosts)] : undefined;
}

/** An S3 bucket: 3 to 63 lower-case letters, digits, dots and dashes (Amazon S3, "Bucket naming rules"). */
export function parseBucket(text: string): string | undefined {
  return bucketPattern.test(text) ? text : undefined;
}

/** The host of an S3 signature, in lower case as signed, with its port unless that is 80 or 443. */
export function parseSignedHost(text: string): string | undefined {
  const lower = text.toLowerCase();
  const [host = '', port, ...more] = lower.split(':');
  const valid = host.length <= 253 && signedHostPattern.test(host) && (port === undefined || parsePort(port) !== undefined);
  return valid && more.length === 0 ? lower : undefined;
}

/** The parsed `meet.health`: the check that decides whether a container is ready. */
export type HealthLabel = { readonly by: 'docker' | 'none' | 'tcp' } | { readonly by: 'http'; readonly path: string };

/** `docker`, `none`, `tcp`, or `http:` and a path that needs no escaping. */
export function parseHealth(text: string): HealthLabel | undefined {
  if (text === 'docker' || text === 'none' || text === 'tcp') return { by: text };
  const path = text.startsWith('http:') ? text.slice('http:'.length) : '';
  return path === '/' || isPlainPath(path.replace(/(?<=.)\/$/, '')) ? { by: 'http', path } : undefined;
}

/** The request paths of a route: exactly one, or all below it (the path then ends in a slash). */
export interface PathRule {
  readonly kind: 'exact' | 'below';
  readonly path: string;
}

/** The parsed `meet.paths`: the rules, and whether they replace the preset or add to the preset. */
export interface PathsLabel {
  readonly replacesPreset: boolean;
  readonly rules: readonly PathRule[];
}

/**
 * Reads a comma list of path prefixes: `/x` is `/x` and all paths below, `/x/` only the paths below, `=/x` exactly
 * `/x`. With `+` before every entry the list adds to the preset, otherwise it replaces the preset.
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

/** One path, written like an entry of `meet.paths`: `/x`, `/x/` or `=/x`. */
export function parsePath(text: string): readonly PathRule[] | undefined {
  return parsePathEntry(text);
}

/** The readable parts of `<path> from <networks>`; an unreadable part is absent. */
export interface AllowText {
  readonly rules?: readonly PathRule[];
  readonly networks?: readonly string[];
}

/** The start of a second path, at any place. */
const furtherPath = /[\s,][=+]?\//;

/**
 * Reads `/admin from 10.0.0.0/8, fd00::/8`: a path, or `/` for all paths, and the networks that may reach it. With a
 * second path the whole path part is unreadable: the second path would otherwise stay open.
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
  // Stricter than other lists: an odd guard is refused, and so closes.
  const entries = text.split(',');
  if (entries.length > maxAllowNetworks) return undefined;
  const networks = entries.map((entry) => parseNetwork(entry.trim()));
  if (networks.some((network) => network === undefined)) return undefined;
  return networks.flatMap((network) => network ?? []);
}

/** Clears the bits after the prefix, since nginx warns about them. */
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

/** Refuses IPv4-mapped addresses: nginx compares such clients as IPv4, so the network would never match. */
function isPlainIpv6(address: string): boolean {
  return /^[0-9A-Fa-f:]{2,39}$/.test(address) && ipaddr.IPv6.isValid(address) && !ipaddr.IPv6.parse(address).isIPv4MappedAddress();
}

/** The rules of a plain path prefix: the path and all paths below. */
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

/** A path like `/a/b`: no empty segment, no `.` or `..`, no character to escape. */
function isPlainPath(path: string): boolean {
  if (!path.startsWith('/') || path.length > maxPathLength) return false;
  return path
    .slice(1)
    .split('/')
    .every((segment) => segmentPattern.test(segment) && segment !== '.' && segment !== '..');
}

/**
 * A comma list without its unreadable entries, and these entries; undefined if all entries are readable, or no entry
 * is.
 */
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

/** Splits a comma list and drops empty entries, such as after a last comma. */
function splitList(text: string): readonly string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
