import { isAllowKey, readAllowLabels } from './allow-labels.ts';
import type { Container } from './container.ts';
import { compareText } from './untrusted-text.ts';
import { labelWithoutEffect, unknownLabel } from './label-problems.ts';
import { maxLabelProblems } from './label-limits.ts';
import { labelTable, roles } from './label-table.ts';
import type { LabelName, Labels, Role } from './label-table.ts';
import { readNamedRoutes, routePrefix } from './named-routes.ts';
import { nearest, sameLetters } from './nearest.ts';
import { withoutBadEntries } from '../nginx/token.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';

export interface ReadLabels {
  /** Absent if the value of `meet.role` isn't a role. */
  readonly role?: Role;
  readonly labels: Labels;
  /** The keys with unreadable or partly readable values; `meet.route.<name>` for a route. */
  readonly flawed: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

type Spec = (typeof labelTable)[LabelName];

const labelNames = Object.keys(labelTable) as LabelName[];
const nameByKey = new Map<string, LabelName>(labelNames.map((name) => [labelTable[name].key, name]));
const prefix = 'meet.';
const knownKeys = ['meet.role', ...nameByKey.keys()];

/**
 * Reads the `meet.*` labels of a container with `meet.role`. A bad label costs itself, a bad role costs the container.
 */
export function readLabels(container: Container): ReadLabels {
  const role = readRole(container);
  if (typeof role !== 'string') return { labels: {}, flawed: new Set(), problems: [role] };
  const labels: Record<string, unknown> = {};
  const flawed = new Set<string>();
  const problems: Problem[] = [];
  const entries = Object.entries(container.labels).toSorted(([left], [right]) => compareText(left, right));
  const named = readNamedRoutes(
    container,
    role,
    entries.filter(([key]) => key.startsWith(routePrefix)),
  );
  const allowed = readAllowLabels(
    container,
    role,
    entries.filter(([key]) => isAllowKey(key)),
  );
  problems.push(...named.problems, ...allowed.problems);
  for (const name of named.flawed) flawed.add(`${routePrefix}${name}`);
  if (named.routes.length > 0) labels['routes'] = named.routes;
  if (allowed.allow !== undefined) labels['allow'] = allowed.allow;
  // Unknown labels beyond the reported labels are only counted: searching for the intended label is most of the work.
  let unreported = 0;
  for (const [key, value] of entries) {
    if (key === 'meet.role' || key.startsWith(routePrefix) || isAllowKey(key) || !isMeantForMeetGen(key)) continue;
    const name = nameByKey.get(key);
    if (name === undefined && problems.length >= maxLabelProblems) {
      unreported += 1;
      continue;
    }
    const refused = name === undefined ? refuseKey(container, key, value) : readLabel(container, role, name, value, { labels, flawed });
    if (refused !== undefined) problems.push(refused);
  }
  return { role, labels, flawed, problems: atMost(maxLabelProblems, container, problems, unreported) };
}

/**
 * Whether a label is meant for meet-gen. It begins with `meet.`, or is a known key with other capitals, other
 * punctuation or one wrong letter: `Meet.Port`, `meet_port`, `met.port`.
 */
export function isMeantForMeetGen(key: string): boolean {
  return key.startsWith(prefix) || nearest(key, knownKeys, { mostEdits: 1 }) !== undefined;
}

/** A container can have any number of labels; the cap keeps them from flooding the log. */
function atMost(most: number, container: Container, problems: readonly Problem[], unreported: number): readonly Problem[] {
  if (problems.length + unreported <= most) return problems;
  const left = problem('unknown-label', {
    container: container.name,
    message: `${problems.length + unreported - most} more labels of this container are unknown or have unusable values, too many to report each`,
    cure: 'check what sets so many meet.* labels on the container',
  });
  return [...problems.slice(0, most), left];
}

function readRole(container: Container): Role | Problem {
  const value = container.labels['meet.role'] ?? '';
  const role = roles.find((known) => known === value);
  if (role !== undefined) return role;
  const about = { container: container.name, key: 'meet.role', value };
  const meant = nearest(value, roles);
  return problem('bad-role', {
    ...about,
    message: 'the value of meet.role is not a role, so the container is ignored',
    cure: meant === undefined ? `use one of ${roles.join(', ')}` : `did you mean ${meant}? The roles are ${roles.join(', ')}`,
  });
}

function readLabel(
  container: Container,
  role: Role,
  name: LabelName,
  value: string,
  into: { readonly labels: Record<string, unknown>; readonly flawed: Set<string> },
): Problem | undefined {
  const spec = labelTable[name];
  if (!spec.roles.includes(role)) return labelWithoutEffect(container, spec.key, value, role, spec.roles);
  const parsed = spec.parse(value);
  const part = parsed === undefined && spec.isList === true ? withoutBadEntries<unknown>(value, spec.parse) : undefined;
  const read = parsed ?? part?.value;
  if (read !== undefined) into.labels[name] = read;
  if (parsed !== undefined) return undefined;
  into.flawed.add(spec.key);
  return part === undefined ? badValue(container, spec, value) : badEntries(container, spec, part.refused);
}

function badValue({ name: container }: Container, { key, fallback, allowed }: Spec, value: string): Problem {
  return problem('bad-label-value', {
    container,
    key,
    value,
    message: `the value of ${key} is not allowed and is ignored; the default is: ${fallback}`,
    cure: `allowed: ${allowed}`,
  });
}

function badEntries({ name: container }: Container, { key, allowed }: Spec, refused: readonly string[]): Problem {
  const entries = refused.join(', ');
  return problem('bad-label-value', {
    container,
    key,
    value: entries,
    message: `${entries} ${refused.length === 1 ? 'is' : 'are'} not allowed in ${key}; the other entries apply`,
    cure: `allowed: ${allowed}`,
  });
}

function refuseKey(container: Container, key: string, value: string): Problem {
  // Only absent labels are suggested, except for a key that differs in capitals and punctuation alone.
  const absent = knownKeys.filter((known) => container.labels[known] === undefined);
  const meant = sameLetters(key, knownKeys) ?? nearest(key, absent, { prefix });
  return unknownLabel(container, key, value, meant === undefined ? 'remove it, or see the label table' : `did you mean ${meant}?`);
}
