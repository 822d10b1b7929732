import { isAllowKey, readAllowLabels } from './allow-labels.ts';
import type { Container } from './container.ts';
import { compareText } from './foreign-text.ts';
import { labelWithoutEffect, unknownLabel } from './label-problems.ts';
import { maxLabelProblems } from './label-limits.ts';
import { labelTable, roles } from './label-table.ts';
import type { LabelName, Labels, Role } from './label-table.ts';
import { readNamedRoutes, routePrefix } from './named-routes.ts';
import { nearest } from './nearest.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';

export interface ReadLabels {
  /** Absent when `meet.role` is none. */
  readonly role?: Role;
  readonly labels: Labels;
  readonly problems: readonly Problem[];
}

const labelNames = Object.keys(labelTable) as LabelName[];
const nameByKey = new Map<string, LabelName>(labelNames.map((name) => [labelTable[name].key, name]));
const knownKeys = ['meet.role', ...nameByKey.keys()];

/** Reads the `meet.*` labels of a container that has `meet.role`. A bad label costs itself, a bad role the container. */
export function readLabels(container: Container): ReadLabels {
  const role = readRole(container);
  if (typeof role !== 'string') return { labels: {}, problems: [role] };
  const labels: Record<string, unknown> = {};
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
  if (named.routes.length > 0) labels['routes'] = named.routes;
  if (allowed.allow !== undefined) labels['allow'] = allowed.allow;
  // Beyond what is reported they are only counted: finding what each was meant to be is most of the work.
  let unreported = 0;
  for (const [key, value] of entries) {
    if (key === 'meet.role' || key.startsWith(routePrefix) || isAllowKey(key) || !isMeantForUs(key)) continue;
    const name = nameByKey.get(key);
    if (name === undefined && problems.length >= maxLabelProblems) {
      unreported += 1;
      continue;
    }
    const refused = name === undefined ? refuseKey(container, key, value) : readLabel(container, role, name, value, labels);
    if (refused !== undefined) problems.push(refused);
  }
  return { role, labels, problems: atMost(maxLabelProblems, container, problems, unreported) };
}

/** Whether a label is one of ours, or would be but for its capitals, its punctuation or one letter: `Meet.Port`, `meet_port`, `met.port`. */
export function isMeantForUs(key: string): boolean {
  return key.startsWith('meet.') || nearest(key, knownKeys, 1) !== undefined;
}

/** A container can carry any number of labels, and must not drown the log in them. */
function atMost(most: number, container: Container, problems: readonly Problem[], unreported: number): readonly Problem[] {
  if (problems.length + unreported <= most) return problems;
  const left = problem('unknown-label', {
    container: container.name,
    message: `${problems.length + unreported - most} more labels of this container are unknown or have no usable value, too many to be told one by one`,
    cure: 'see what puts so many meet.* labels on it',
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
    message: 'meet.role is none of the known roles; the container is ignored',
    cure: meant === undefined ? `use one of ${roles.join(', ')}` : `did you mean ${meant}? Known are ${roles.join(', ')}`,
  });
}

function readLabel(container: Container, role: Role, name: LabelName, value: string, into: Record<string, unknown>): Problem | undefined {
  const spec = labelTable[name];
  if (!spec.roles.includes(role)) return labelWithoutEffect(container, spec.key, value, role, spec.roles);
  const parsed = spec.parse(value);
  if (parsed === undefined) {
    return problem('bad-label-value', {
      container: container.name,
      key: spec.key,
      value,
      message: `the value of ${spec.key} is not allowed; its default holds: ${spec.fallback}`,
      cure: `allowed: ${spec.allowed}`,
    });
  }
  into[name] = parsed;
  return undefined;
}

function refuseKey(container: Container, key: string, value: string): Problem {
  const meant = nearest(key, knownKeys);
  return unknownLabel(container, key, value, meant === undefined ? 'remove it, or see the label table' : `did you mean ${meant}?`);
}
