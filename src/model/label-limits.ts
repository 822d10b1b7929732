import { maxAllowNetworks, maxHosts, maxPathLength, maxPaths } from '../nginx/list-limits.ts';

/** Docker sets no limit on the length or number of labels. Parsing megabytes of them would delay all other routes. */
const maxLabelKeyLength = 256;
/** In characters; every value that a grammar accepts is ASCII, so these are bytes. */
const maxLabelValueLength = 8192;
/** A container with all named routes and guards, each with every attribute, has 300 labels. */
export const maxMeetLabels = 512;
/** Beyond this number only the labels of meet-gen and compose are read; the rest is not searched for typing errors. */
const maxLabels = 1000;
export const maxLabelProblems = 20;

/** Lists are counted before their entries are read. */
export const maxNamedRoutes = 32;
export const maxAllowLabels = 32;
/** A media server publishes 10,000 ports, each for IPv4 and IPv6. */
export const maxNetworks = 256;
export const maxPortEntries = 200_000;
/** Paths of all services of an instance: nginx reads them all at each reload. */
export const maxRoutes = 20_000;

/** Every limit and its effect; `docs/labels.md` is generated from this table. */
export const labelLimits: readonly { readonly what: string; readonly most: number; readonly beyond: string }[] = [
  { what: 'characters of a key', most: maxLabelKeyLength, beyond: 'the key is cut there, and refused as an unknown label' },
  { what: 'characters of a value', most: maxLabelValueLength, beyond: 'the value is cut there, and refused' },
  { what: '`meet.*` labels of a container', most: maxMeetLabels, beyond: 'meet-gen reads none of them, and ignores the container' },
  { what: 'labels of a container', most: maxLabels, beyond: 'the labels beyond are not searched for typing errors like `Meet.Port`' },
  {
    what: 'problems reported for the labels of one container',
    most: maxLabelProblems,
    beyond: 'one problem gives the number of the others',
  },
  { what: 'paths in `meet.paths`', most: maxPaths, beyond: 'the label is refused' },
  { what: 'characters of a path', most: maxPathLength, beyond: 'that path is refused' },
  { what: 'host names in `meet.host`', most: maxHosts, beyond: 'the label is refused' },
  { what: 'named routes of a container', most: maxNamedRoutes, beyond: 'the last routes by name are left out' },
  { what: '`meet.allow.*` labels of a container', most: maxAllowLabels, beyond: 'all routes of the service are closed to all clients' },
  { what: 'networks in a `meet.allow`', most: maxAllowNetworks, beyond: 'the path is closed to all clients' },
  { what: 'networks of a container', most: maxNetworks, beyond: 'the container is ignored' },
  { what: 'port entries of a container', most: maxPortEntries, beyond: 'the container is ignored' },
  {
    what: 'paths of an instance, `/x` counted as two',
    most: maxRoutes,
    beyond: 'the paths beyond are left out: other projects first, then the services that sort last',
  },
];

/**
 * The labels of a container, each cut to its limit with an ellipsis. No grammar accepts an ellipsis, so a cut label is
 * refused.
 */
export function boundLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const all = Object.entries(labels);
  const kept = all.length <= maxLabels ? all : all.filter(([key]) => isMeetLabel(key) || key.startsWith('com.docker.'));
  return Object.fromEntries(kept.map(([key, value]) => [cut(key, maxLabelKeyLength), cut(value, maxLabelValueLength)]));
}

/** Why the labels of a container are not read; undefined for readable labels. */
export function tooManyLabels(labels: Readonly<Record<string, unknown>>): string | undefined {
  const count = Object.keys(labels).filter(isMeetLabel).length;
  return count > maxMeetLabels ? `it has ${count} labels that begin with meet., more than ${maxMeetLabels}` : undefined;
}

function isMeetLabel(key: string): boolean {
  return key.startsWith('meet.');
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}
