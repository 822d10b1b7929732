import { compareText } from '../model/foreign-text.ts';
import { showRule, spaTitle } from './ownership.ts';
import { passedTo, pickLocation } from './pick-location.ts';
import type { LocationView, RoutingView, UpstreamView } from './view.ts';
import { spaUpstream } from './structure.ts';
import type { WebhookView } from './webhooks.ts';

/**
 * What is different between two views, in words for an operator: `+ meet/backend 172.18.0.5:8000`, `- /files`, …
 * Everything at once where there was nothing before; an empty list means that only the template's wording changed.
 */
export function describeChange(before: RoutingView | undefined, after: RoutingView): readonly string[] {
  if (before === undefined) return [describeWhole(after)];
  const [desertedThen, desertedNow] = [desertedIn(before), desertedIn(after)];
  // Who has nobody has no settings either: that they went with the last one is no news.
  const turned = new Set([...desertedThen, ...desertedNow].filter((title) => desertedThen.has(title) !== desertedNow.has(title)));
  const old = facts(before, desertedThen, turned);
  const now = facts(after, desertedNow, turned);
  const gone = [...old].flatMap((fact) => (now.has(fact) ? [] : [`- ${fact}`]));
  const come = [...now].flatMap((fact) => (old.has(fact) ? [] : [`+ ${fact}`]));
  return [...gone, ...come, ...describeKeepalive(before, after)].toSorted((left, right) => compareText(left.slice(2), right.slice(2)));
}

/** Of services that were there before: that a new one keeps connections is no news. */
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
function desertedIn({ groups }: RoutingView): ReadonlySet<string> {
  return new Set(groups.flatMap((group) => (isDeserted(group) ? [group.title] : [])));
}

function isDeserted({ locations }: Group): boolean {
  const own = locations.filter((location) => passedTo(location) !== spaUpstream);
  return own.length > 0 && own.every((location) => passedTo(location) === undefined);
}

/** @param turned whose paths are told without their settings */
function facts(view: RoutingView, deserted: ReadonlySet<string>, turned: ReadonlySet<string>): ReadonlySet<string> {
  const { upstreams, spa, everythingElse: _, fresh: __, groups, webhooks, ...settings } = view;
  return new Set([
    ...upstreams.flatMap(describeUpstream),
    ...spa.servers.map((server) => `SPA ${server}`),
    ...spa.backups.map((server) => `SPA ${server} (backup)`),
    ...groups.flatMap((group) => describeGroup(group, deserted.has(group.title), turned.has(group.title))),
    ...webhooks.map((webhook) => `${webhook.path} from inside -> ${takerOf(view, webhook, deserted)}`),
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

type Group = RoutingView['groups'][number];

/** That a service has lost everybody is one fact, not one for each of its paths. */
function describeGroup({ title, locations }: Group, hasNobody: boolean, isBrief: boolean): readonly string[] {
  const lost = hasNobody ? [] : locations.filter((location) => passedTo(location) === undefined);
  return [
    ...locations.map((location) => describeLocation(title, location, isBrief)),
    ...lost.map((location) => `${showRule(location)} -> 503`),
    ...(hasNobody ? [`${title} -> 503`] : []),
  ];
}

function describeLocation(title: string, location: LocationView, isBrief: boolean): string {
  const { kind, path, upstream: _, guarded: __, connections: ___, media, ...settings } = location;
  const to = passedTo(location) === spaUpstream ? spaTitle : title;
  if (isBrief) return `${showRule({ kind, path })} -> ${to}`;
  const own = Object.entries(settings).map(
    ([name, value]) => ` ${name} ${Array.isArray(value) ? value.join(' ') || 'nobody' : String(value)}`,
  );
  const files = media === undefined ? '' : `${media.storagePath} signed for ${media.host}`;
  return `${showRule({ kind, path })} -> ${to}${files}${own.join('')}`;
}

/** Who takes a call from inside. */
function takerOf(view: RoutingView, { path, upstream }: WebhookView, deserted: ReadonlySet<string>): string {
  if (upstream !== undefined) return view.upstreams.find(({ name }) => name === upstream)?.title ?? upstream;
  const picked = pickLocation(view, path);
  return picked.kind !== 'spa' && deserted.has(picked.group) ? picked.group : '503';
}
