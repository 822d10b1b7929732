import type { Container } from './container.ts';
import { labelWithoutEffect } from './label-problems.ts';
import { allowLabel } from './label-table.ts';
import type { AllowRule, Labels, Role } from './label-table.ts';
import { maxAllowLabels } from './label-limits.ts';
import { parseAllow, parseLabelName } from '../nginx/token.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';

const family = 'meet.allow';
export const allowPrefix = `${family}.`;

/**
 * Whether a key begins with `meet.allow`, even where it is malformed: a label that may be meant to close a path is
 * never skipped.
 */
export function isAllowKey(key: string): boolean {
  return key.startsWith(family);
}

/**
 * Reads the labels that begin with `meet.allow`. An unreadable value closes: unreadable networks close the path, an
 * unreadable path closes all routes of the service.
 * @param entries keys and values, in the order of the keys
 */
export function readAllowLabels(
  container: Container,
  role: Role,
  entries: readonly (readonly [key: string, value: string])[],
): { readonly allow?: NonNullable<Labels['allow']>; readonly problems: readonly Problem[] } {
  if (entries.length === 0) return { problems: [] };
  if (!allowLabel.roles.includes(role))
    return { problems: entries.map(([key, value]) => labelWithoutEffect(container, key, value, role, allowLabel.roles)) };
  if (entries.length > maxAllowLabels) return { allow: { rules: [], closesAll: true }, problems: [tooMany(container, entries.length)] };
  const read = entries.map(([key, value]) => readOne(container, key, value));
  return {
    allow: { rules: read.flatMap(({ rule }) => rule ?? []), closesAll: read.some(({ rule }) => rule === undefined) },
    problems: read.flatMap(({ refused }) => refused ?? []),
  };
}

function readOne({ name: container }: Container, key: string, value: string): { readonly rule?: AllowRule; readonly refused?: Problem } {
  const name = key.startsWith(allowPrefix) ? parseLabelName(key.slice(allowPrefix.length)) : undefined;
  const { rules, networks } = parseAllow(value);
  if (name !== undefined && rules !== undefined && networks !== undefined) return { rule: { name, rules, networks } };
  const wrong =
    name === undefined
      ? 'the name in the key of the label'
      : rules === undefined
        ? 'the path of the label'
        : 'the list of networks of the label';
  const cost = rules === undefined ? 'all routes of the service are closed' : 'the path is closed';
  const refused = problem('allow-unreadable', {
    container,
    key,
    value,
    message: `${wrong} can't be read, so ${cost} to all clients`,
    cure:
      name === undefined ? `use ${allowPrefix}<name>; the name has lower-case letters, digits, _ and -` : `allowed: ${allowLabel.allowed}`,
  });
  return rules === undefined ? { refused } : { rule: { name: name ?? '', rules, networks: [] }, refused };
}

function tooMany({ name: container }: Container, count: number): Problem {
  return problem('allow-unreadable', {
    container,
    key: `${allowPrefix}*`,
    message: `the container has ${count} meet.allow labels, more than ${maxAllowLabels}, so all routes of the service are closed to all clients`,
    cure: 'combine meet.allow labels: one label takes up to 64 address ranges, and guards all paths below its path',
  });
}
