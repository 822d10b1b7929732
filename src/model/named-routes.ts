import type { Container } from './container.ts';
import { compareText } from './untrusted-text.ts';
import { labelWithoutEffect, unknownLabel } from './label-problems.ts';
import { maxNamedRoutes } from './label-limits.ts';
import { routeTable } from './label-table.ts';
import type { NamedRoute, Role } from './label-table.ts';
import { nearest } from './nearest.ts';
import { parseLabelName } from '../nginx/token.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';

type Attribute = keyof typeof routeTable;

export const routePrefix = 'meet.route.';
const attributes = Object.keys(routeTable) as Attribute[];
const attributeByKey = new Map<string, Attribute>(attributes.map((attribute) => [attributeKey(attribute), attribute]));

/**
 * Reads the labels that begin with `meet.route.`. A bad attribute costs itself. A route without a usable path or with
 * an unreadable port is left out: at another port another program could answer.
 * @param entries keys and values, in the order of the keys
 * @returns the routes, and the names of routes with something unreadable
 */
export function readNamedRoutes(
  container: Container,
  role: Role,
  entries: readonly (readonly [key: string, value: string])[],
): { readonly routes: readonly NamedRoute[]; readonly flawed: ReadonlySet<string>; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const flawed = new Set<string>();
  const texts = new Map<string, Map<Attribute, string>>();
  for (const [key, value] of entries) {
    const found = splitKey(key);
    if (found === undefined) problems.push(unknownKey(container, key, value));
    else if (!routeTable.path.roles.includes(role)) problems.push(labelWithoutEffect(container, key, value, role, routeTable.path.roles));
    else texts.set(found.name, (texts.get(found.name) ?? new Map()).set(found.attribute, value));
  }
  const names = [...texts.keys()].toSorted(compareText);
  if (names.length > maxNamedRoutes) problems.push(tooMany(container, names.slice(maxNamedRoutes)));
  for (const name of names.slice(maxNamedRoutes)) flawed.add(name);
  const routes = names.slice(0, maxNamedRoutes).flatMap((name) => {
    const { route, problems: found } = readRoute(container, name, texts.get(name) ?? new Map());
    if (found.length > 0) flawed.add(name);
    problems.push(...found);
    return route ?? [];
  });
  return { routes, flawed, problems };
}

function attributeKey(attribute: Attribute): string {
  return routeTable[attribute].key.slice(routeTable[attribute].key.lastIndexOf('.') + 1);
}

function splitKey(key: string): { readonly name: string; readonly attribute: Attribute } | undefined {
  const [name = '', text = '', ...more] = key.slice(routePrefix.length).split('.');
  const attribute = attributeByKey.get(text);
  return attribute === undefined || more.length > 0 || parseLabelName(name) === undefined ? undefined : { name, attribute };
}

function readRoute(
  container: Container,
  name: string,
  texts: ReadonlyMap<Attribute, string>,
): { readonly route?: NamedRoute; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const read: Record<string, unknown> = { name };
  for (const [attribute, value] of texts) {
    const parsed = routeTable[attribute].parse(value);
    if (parsed === undefined) problems.push(badValue(container, name, attribute, value));
    else read[attribute] = parsed;
  }
  if (!texts.has('path')) problems.push(noPath(container, name));
  const isUsable = read['path'] !== undefined && texts.has('port') === (read['port'] !== undefined);
  return { ...(isUsable ? { route: read as NamedRoute } : {}), problems };
}

function badValue({ name: container }: Container, name: string, attribute: Attribute, value: string): Problem {
  const { allowed, fallback } = routeTable[attribute];
  const cost = attribute === 'path' || attribute === 'port' ? 'the route is left out' : `it is ignored, and the default is: ${fallback}`;
  const key = `${routePrefix}${name}.${attributeKey(attribute)}`;
  return problem('bad-label-value', {
    container,
    key,
    value,
    message: `the value of ${key} is not allowed; ${cost}`,
    cure: `allowed: ${allowed}`,
  });
}

function noPath({ name: container }: Container, name: string): Problem {
  return problem('route-without-path', {
    container,
    key: `${routePrefix}${name}.path`,
    message: `the route ${name} has no path, so there is nothing to route`,
    cure: `set ${routePrefix}${name}.path, for example /files`,
  });
}

function unknownKey(container: Container, key: string, value: string): Problem {
  const [name = '', text = ''] = key.slice(routePrefix.length).split('.');
  const meant = parseLabelName(name) === undefined ? undefined : nearest(text, [...attributeByKey.keys()]);
  const cure =
    meant === undefined
      ? `use ${routePrefix}<name>.<attribute>; the name has lower-case letters, digits, _ and -, the attributes are ${[...attributeByKey.keys()].join(', ')}`
      : `did you mean ${routePrefix}${name}.${meant}?`;
  return unknownLabel(container, key, value, cure);
}

function tooMany({ name: container }: Container, left: readonly string[]): Problem {
  return problem('bad-label-value', {
    container,
    key: `${routePrefix}${left[0] ?? ''}.path`,
    message: `the container has more than ${maxNamedRoutes} named routes, so ${left.length} are left out, the last by name`,
    cure: 'put paths with the same settings into meet.paths',
  });
}
