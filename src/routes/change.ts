import { compareText } from '../model/foreign-text.ts';
import type { RoutingView } from './routing-view.ts';

/**
 * What is different between two views, in words for an operator: `+ meet/backend 172.18.0.5:8000`, `- /files`, …
 * An empty list means that only wording of the template changed.
 */
export function describeChange(before: RoutingView | undefined, after: RoutingView): readonly string[] {
  const old = before === undefined ? new Set<string>() : facts(before);
  const now = facts(after);
  const gone = [...old].filter((fact) => !now.has(fact)).map((fact) => `- ${fact}`);
  const come = [...now].filter((fact) => !old.has(fact)).map((fact) => `+ ${fact}`);
  return [...gone, ...come].toSorted((left, right) => compareText(left.slice(2), right.slice(2)));
}

function facts(view: RoutingView): ReadonlySet<string> {
  const { upstreams, spa, groups, ...settings } = view;
  return new Set([
    ...upstreams.flatMap((upstream) => upstream.servers.map((server) => `${upstream.title} ${server}`)),
    ...spa.servers.map((server) => `SPA ${server}`),
    ...spa.backups.map((server) => `SPA ${server} (backup)`),
    ...groups.flatMap((group) =>
      group.locations.map(
        (location) => `${location.kind === 'exact' ? '=' : ''}${location.path} → ${describeTarget(group.title, location.upstream)}`,
      ),
    ),
    ...Object.entries(settings).map(([name, value]) => `${name} ${JSON.stringify(value)}`),
  ]);
}

function describeTarget(title: string | undefined, upstream: string | undefined): string {
  if (upstream === undefined) return `503${title === undefined ? '' : `, nobody in rotation for ${title}`}`;
  return upstream === 'meet-spa' ? 'SPA' : (title ?? upstream);
}
