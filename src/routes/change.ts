import { compareText } from '../model/foreign-text.ts';
import { passedTo } from './pick-location.ts';
import type { LocationView, RoutingView, UpstreamView } from './routing-view.ts';

/**
 * What is different between two views, in words for an operator: `+ meet/backend 172.18.0.5:8000`, `- /files`, …
 * Everything at once where there was nothing before; an empty list means that only the template's wording changed.
 */
export function describeChange(before: RoutingView | undefined, after: RoutingView): readonly string[] {
  if (before === undefined) return [describeWhole(after)];
  const old = facts(before);
  const now = facts(after);
  const gone = [...old].flatMap((fact) => (now.has(fact) ? [] : [`- ${fact}`]));
  const come = [...now].flatMap((fact) => (old.has(fact) ? [] : [`+ ${fact}`]));
  return [...gone, ...come].toSorted((left, right) => compareText(left.slice(2), right.slice(2)));
}

function describeWhole({ upstreams, groups }: RoutingView): string {
  const servers = upstreams.reduce((sum, upstream) => sum + upstream.servers.length, 0);
  const locations = groups.reduce((sum, group) => sum + group.locations.length, 0);
  return `first seen: ${count(locations, 'location')}, ${count(upstreams.length, 'service')}, ${count(servers, 'server')}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function facts(view: RoutingView): ReadonlySet<string> {
  const { upstreams, spa, groups, webhooks, ...settings } = view;
  return new Set([
    ...upstreams.flatMap(describeUpstream),
    ...spa.servers.map((server) => `SPA ${server}`),
    ...spa.backups.map((server) => `SPA ${server} (backup)`),
    ...groups.flatMap((group) => group.locations.map((location) => describeLocation(group.title, location))),
    ...webhooks.map(({ path, upstream }) => `${path} from inside -> ${upstream ?? '503'}`),
    ...Object.entries(settings).map(([name, value]) => `${name} ${JSON.stringify(value)}`),
  ]);
}

function describeUpstream({ title, balance, servers, spares = [], backups, parameters }: UpstreamView): readonly string[] {
  const own = (server: string): string =>
    Object.entries(parameters?.[server] ?? {})
      .map(([name, value]) => ` ${name} ${value}`)
      .join('');
  return [
    ...(balance === undefined ? [] : [`${title} balance ${balance}`]),
    ...servers.map((server) => `${title} ${server}${own(server)}`),
    ...spares.map((server) => `${title} ${server}${own(server)} (backup)`),
    ...backups.map((server) => `${title} ${server}${own(server)} (about to be ready)`),
  ];
}

function describeLocation(title: string, location: LocationView): string {
  const { kind, path, upstream: _, guarded: __, media, ...settings } = location;
  const upstream = passedTo(location);
  const to = upstream === undefined ? `503, nobody in rotation for ${title}` : upstream === 'meet-spa' ? 'SPA' : title;
  const own = Object.entries(settings).map(
    ([name, value]) => ` ${name} ${Array.isArray(value) ? value.join(' ') || 'nobody' : String(value)}`,
  );
  const files = media === undefined ? '' : `${media.storagePath} signed for ${media.host}`;
  return `${kind === 'exact' ? '=' : ''}${path} -> ${to}${files}${own.join('')}`;
}
