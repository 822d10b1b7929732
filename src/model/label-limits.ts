import { maxAllowNetworks, maxHosts, maxPathLength, maxPaths } from '../nginx/list-limits.ts';

/** Docker limits neither keys nor values nor how many there are. Parsing megabytes of them would hold up everybody else's routes. */
const maxLabelKeyLength = 256;
/** Characters, which for every value that a grammar takes are bytes. */
const maxLabelValueLength = 8192;
/** All named routes and guards with all there is to say of them are 300. */
const maxMeetLabels = 512;
/** Of more, only those of meet-gen and compose are looked at: the others are searched for typing errors alone. */
const maxLabels = 1000;
export const maxLabelProblems = 20;

/** What is counted before anything of it is read. */
export const maxNamedRoutes = 32;
export const maxAllowLabels = 32;
/** Networks and exposed ports of a container: a media server publishes 10,000 ports, each for IPv4 and IPv6. */
export const maxNetworks = 256;
export const maxPortEntries = 200_000;
/** Paths of an instance, of all its services together: nginx reads them all at each reload. */
export const maxRoutes = 20_000;

/** Every limit with what lies behind it; `docs/labels.md` is generated from this table. */
export const labelLimits: readonly { readonly what: string; readonly most: number; readonly beyond: string }[] = [
  { what: 'characters of a key', most: maxLabelKeyLength, beyond: 'it is cut there, and refused as a label that nobody knows' },
  { what: 'characters of a value', most: maxLabelValueLength, beyond: 'it is cut there, and refused as a bad value' },
  { what: '`meet.*` labels of a container', most: maxMeetLabels, beyond: 'none is read, and the container is ignored' },
  { what: 'labels of a container', most: maxLabels, beyond: 'typing errors like `Meet.Port` are not looked for in the others' },
  { what: 'problems reported of the labels of one container', most: maxLabelProblems, beyond: 'one line says how many more there are' },
  { what: 'paths in `meet.paths`', most: maxPaths, beyond: 'the label is refused' },
  { what: 'characters of a path', most: maxPathLength, beyond: 'that path is refused' },
  { what: 'host names in `meet.host`', most: maxHosts, beyond: 'the label is refused' },
  { what: 'named routes of a container', most: maxNamedRoutes, beyond: 'the last by name are left out' },
  { what: '`meet.allow.*` labels of a container', most: maxAllowLabels, beyond: 'all routes of the service are closed to everybody' },
  { what: 'networks in a `meet.allow`', most: maxAllowNetworks, beyond: 'the path is closed to everybody' },
  { what: 'networks of a container', most: maxNetworks, beyond: 'the container is ignored' },
  { what: 'port entries of a container', most: maxPortEntries, beyond: 'the container is ignored' },
  {
    what: 'paths of an instance, `/x` counted as two',
    most: maxRoutes,
    beyond: 'the others are left out: those of other projects first, then the services that sort last',
  },
];

/** The labels of a container, each cut to its limit with an ellipsis. No grammar takes one, so a cut label is refused as a bad one. */
export function boundLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const all = Object.entries(labels);
  const kept = all.length <= maxLabels ? all : all.filter(([key]) => isOurs(key) || key.startsWith('com.docker.'));
  return Object.fromEntries(kept.map(([key, value]) => [cut(key, maxLabelKeyLength), cut(value, maxLabelValueLength)]));
}

/** Why the labels of a container are not read at all; undefined where they are. */
export function tooManyLabels(labels: Readonly<Record<string, unknown>>): string | undefined {
  const count = Object.keys(labels).filter(isOurs).length;
  return count > maxMeetLabels ? `it has ${count} labels that begin with meet., more than ${maxMeetLabels}` : undefined;
}

function isOurs(key: string): boolean {
  return key.startsWith('meet.');
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}
