import { compareText } from '../model/untrusted-text.ts';
import { showRule, spaTitle } from './ownership.ts';
import { passedTo, pickLocation } from './pick-location.ts';
import type { LocationView, RoutingView, UpstreamView } from './view.ts';
import { spaUpstream } from './structure.ts';
import type { WebhookView } from './webhooks.ts';

/**
 * The difference between two views in lines for an operator, like `+ meet/backend 172.18.0.5:8000`. Without an earlier
 * view one line counts everything. An empty list means that only the template's text changed.
 */
export function describeChange(before: RoutingView | undefined, after: RoutingView): readonly string[] {
  if (before === undefined) return [describeWhole(after)];
  const [unservedBefore, unservedAfter] = [unservedIn(before), unservedIn(after)];
  // A service without replicas has no settings either, so their change is left out.
  const changedTitles = new Set(
    [...unservedBefore, ...unservedAfter].filter((title) => unservedBefore.has(title) !== unservedAfter.has(title)),
  );
  const old = facts(before, unservedBefore, changedTitles);
  const now = facts(after, unservedAfter, changedTitles);
  const removed = [...old].flatMap((fact) => (now.has(fact) ? [] : [`- ${fact}`]));
  const added = [...now].flatMap((fact) => (old.has(fact) ? [] : [`+ ${fact}`]));
  return [...removed, ...added, ...describeKeepalive(before, after)].toSorted((left, right) => compareText(left.slice(2), right.slice(2)));
}

/** Only for services in both views: a new service keeps connections by default. */
function describeKeepalive(before: RoutingView, after: RoutingView): readonly string[] {
  const old = new Map(before.upstreams.map((upstream) => [upstream.name, upstream]));
  return after.upstreams.flatMap(({ name, title, keepalive }) => {
    const was = old.get(name);
    if (was === undefined || (was.keepalive === undefined) === (keepalive === undefined)) return [];
    return [`${keepalive === undefined ? '-' : '+'} ${title} keepalive`];
  });
}

function describeWhole({ upstreams, groups }: RoutingView): string {
  const servers = upstreams.reduce((sum, upstream) => sum + upstream.servers.length, 0);
  const locations = groups.reduce((sum, group) => sum + group.locations.length, 0);
  return `first seen: ${count(locations, 'location')}, ${count(upstreams.length, 'service')}, ${count(servers, 'server')}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** The titles of the services that answer 503 on all of their paths. */
function unservedIn({ groups }: RoutingView): ReadonlySet<string> {
  return new Set(groups.flatMap((group) => (isUnserved(group) ? [group.title] : [])));
}

function isUnserved({ locations }: Group): boolean {
  const own = locations.filter((location) => passedTo(location) !== spaUpstream);
  return own.length > 0 && own.every((location) => passedTo(location) === undefined);
}

/** @param changedTitles the services whose paths are described without settings */
function facts(view: RoutingView, unserved: ReadonlySet<string>, changedTitles: ReadonlySet<string>): ReadonlySet<string> {
  const { upstreams, spa, everythingElse: _, fresh: __, groups, webhooks, ...settings } = view;
  return new Set([
    ...upstreams.flatMap(describeUpstream),
    ...spa.servers.map((server) => `SPA ${server}`),
    ...spa.backups.map((server) => `SPA ${server} (backup)`),
    ...groups.flatMap((group) => describeGroup(group, unserved.has(group.title), changedTitles.has(group.title))),
    ...webhooks.map((webhook) => `${webhook.path} from inside -> ${webhookTarget(view, webhook, unserved)}`),
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
    ...backups.map((server) => `${title} ${server}${own(server)} (standby)`),
  ];
}

type Group = RoutingView['groups'][number];

/** A service without replicas is one line, not one for each of its paths. */
function describeGroup({ title, locations }: Group, isWholeUnserved: boolean, isBrief: boolean): readonly string[] {
  const lost = isWholeUnserved ? [] : locations.filter((location) => passedTo(location) === undefined);
  return [
    ...locations.map((location) => describeLocation(title, location, isBrief)),
    ...lost.map((location) => `${showRule(location)} -> 503`),
    ...(isWholeUnserved ? [`${title} -> 503`] : []),
  ];
}

function describeLocation(title: string, location: LocationView, isBrief: boolean): string {
  const { kind, path, upstream: _, guarded: __, connections: ___, media, ...settings } = location;
  const to = passedTo(location) === spaUpstream ? spaTitle : title;
  if (isBrief) return `${showRule({ kind, path })} -> ${to}`;
  const own = Object.entries(settings).map(
    ([name, value]) => ` ${name} ${Array.isArray(value) ? value.join(' ') || 'none' : String(value)}`,
  );
  const files = media === undefined ? '' : `${media.storagePath} signed for ${media.host}`;
  return `${showRule({ kind, path })} -> ${to}${files}${own.join('')}`;
}

/** The service that takes an internal call. */
function webhookTarget(view: RoutingView, { path, upstream }: WebhookView, unserved: ReadonlySet<string>): string {
  if (upstream !== undefined) return view.upstreams.find(({ name }) => name === upstream)?.title ?? upstream;
  const picked = pickLocation(view, path);
  return picked.kind !== 'spa' && unserved.has(picked.group) ? picked.group : '503';
}
