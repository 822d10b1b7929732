import {
  parseAllow,
  parseBalance,
  parseBucket,
  parseConnections,
  parseEngineName,
  parseHealth,
  parseHosts,
  parseInstance,
  parseNginxDuration,
  parseNginxSize,
  parsePath,
  parsePaths,
  parsePort,
  parseServiceName,
  parseSignedHost,
  parseWeight,
} from '../nginx/token.ts';
import type { PathRule } from '../nginx/token.ts';

/** Roles of containers that are known and never routed, since they have public names of their own. */
const bystanderRoles = ['livekit', 'keycloak'] as const;
export type BystanderRole = (typeof bystanderRoles)[number];

export const roles = ['frontend', 'router', 'backend', 'service', 'media', ...bystanderRoles] as const;
export type Role = (typeof roles)[number];

/** What each role is, for `docs/labels.md`. */
export const roleMeanings: Readonly<Record<Role, string>> = {
  frontend: "Meet's frontend: nginx with the SPA; it includes the rendered file, unless the instance has a router",
  router: 'a dedicated nginx that includes the rendered file; the frontends then only serve the SPA (`docs/router.md`)',
  backend: "Meet's backend: Django",
  service: 'anything else that answers paths of its own',
  media: "an S3, whose files are served behind the backend's word (`docs/media.md`)",
  livekit: 'LiveKit: not routed, it has a public name of its own; the label is only needed where `doctor` does not know it by its image',
  keycloak: 'Keycloak: not routed, it has a public name of its own; the label is only needed where `doctor` does not know it by its image',
};

export function isBystanderRole(role: Role): role is BystanderRole {
  return bystanderRoles.some((known) => known === role);
}

interface LabelSpec<Value> {
  readonly key: string;
  readonly roles: readonly Role[];
  /**
   * `replica`: each has its own value. `identity`: the value says whose replica a container is. Without a scope one value holds for
   * all replicas of a service.
   */
  readonly scope?: 'replica' | 'identity';
  /** One of the labels to know first: the README has it, too. */
  readonly isBasic?: true;
  /** Returns undefined for a value outside the grammar. */
  readonly parse: (text: string) => Value | undefined;
  /** A comma list whose entries mean something each alone: a bad one costs itself. */
  readonly isList?: boolean;
  /** What is allowed, in words. */
  readonly allowed: string;
  readonly meaning: string;
  readonly fallback: string;
}

function label<Value>(spec: LabelSpec<Value>): LabelSpec<Value> {
  return spec;
}

/** Whose nginx includes the rendered file. */
const routing: readonly Role[] = ['frontend', 'router'];
const routed: readonly Role[] = ['backend', 'service'];
const duration = 'a number with ms, s, m, h or d, at least 1: `300s`';

/** The labels besides `meet.role`; `docs/labels.md` is generated from this table. */
export const labelTable = {
  instance: label({
    key: 'meet.instance',
    roles,
    scope: 'identity',
    isBasic: true,
    parse: parseInstance,
    allowed: 'lower-case letters, digits, `_` and `-`, at most 63, starting with a letter or digit',
    meaning: 'which Meet the container belongs to',
    fallback: 'the compose project, else the stack namespace, else `default`',
  }),
  service: label({
    key: 'meet.service',
    roles: routed,
    scope: 'identity',
    isBasic: true,
    parse: parseServiceName,
    allowed: 'letters, digits, `_`, `.` and `-`, at most 63, starting with a letter or digit',
    meaning: 'whose replica the container is',
    fallback:
      'the compose service, else the swarm service; without any, all unnamed backends of an instance are one service, a `service` is its container name',
  }),
  port: label({
    key: 'meet.port',
    roles,
    scope: 'replica',
    isBasic: true,
    parse: parsePort,
    allowed: '1 to 65535',
    meaning: 'the port to reach the container on',
    fallback: 'backend 8000, frontend 8080, media 9000, router `meet.listen`, else the lowest exposed TCP port',
  }),
  listen: label({
    key: 'meet.listen',
    roles: routing,
    parse: parsePort,
    allowed: '1 to 65535',
    meaning: 'the port of the routing server',
    fallback: '8083',
  }),
  statusPort: label({
    key: 'meet.status-port',
    roles: routing,
    parse: parsePort,
    allowed: '1 to 65535',
    meaning: 'the port of the internal status server',
    fallback: '8084',
  }),
  hosts: label({
    key: 'meet.host',
    roles: routing,
    isBasic: true,
    parse: parseHosts,
    isList: true,
    allowed: 'host names, comma-separated, at most 16',
    meaning: 'the public host names',
    fallback: 'any host',
  }),
  network: label({
    key: 'meet.network',
    roles,
    scope: 'replica',
    parse: parseEngineName,
    allowed: "a network's full name, or compose's short one",
    meaning: 'take the address on this network',
    fallback: "the compose project's own networks, then by name",
  }),
  paths: label({
    key: 'meet.paths',
    roles: routed,
    isBasic: true,
    parse: parsePaths,
    isList: true,
    allowed:
      'path prefixes, comma-separated, at most 64: `/x` is `/x` and all below it, `/x/` only what is below, `=/x` exactly that; `+` in front adds to the preset',
    meaning: 'the paths that the container answers',
    fallback: 'backend: the preset below; service: none, so the label is needed',
  }),
  forwardedProto: label({
    key: 'meet.forwarded-proto',
    roles: routing,
    parse: parseForwardedProto,
    allowed: '`https` or `forward`',
    meaning:
      "what the backend is told about the scheme: `https` is hard-coded (Django redirects in a loop otherwise), `forward` passes the outer proxy's header on",
    fallback: '`https`',
  }),
  readTimeout: label({
    key: 'meet.read-timeout',
    roles: routed,
    isBasic: true,
    parse: parseNginxDuration,
    allowed: duration,
    meaning: 'how long nginx waits for the next part of an answer',
    fallback: '300s',
  }),
  connectTimeout: label({
    key: 'meet.connect-timeout',
    roles: routed,
    parse: parseNginxDuration,
    allowed: duration,
    meaning: 'how long nginx waits for a connection',
    fallback: '2s',
  }),
  health: label({
    key: 'meet.health',
    roles: routed,
    scope: 'replica',
    isBasic: true,
    parse: parseHealth,
    allowed: '`docker`, `tcp`, `http:/path` or `none`',
    meaning:
      "who says that the container is ready: the engine's health check, a connection, an HTTP answer of 200 to 399 (asked with the frontend's `meet.host` and `https`), or nobody. A probe that gets no clear answer decides nothing: the engine's word holds",
    fallback: '`docker`',
  }),
  drain: label({
    key: 'meet.drain',
    roles: routed,
    scope: 'replica',
    isBasic: true,
    parse: parseBoolean,
    allowed: '`true` or `false`',
    meaning: 'take no new requests while others can (`meet-gen drain` does it to a running container)',
    fallback: '`false`',
  }),
  websocket: label({
    key: 'meet.websocket',
    roles: routed,
    isBasic: true,
    parse: parseBoolean,
    allowed: '`true` or `false`',
    meaning:
      "pass WebSockets on, and wait 1h for the next part unless `meet.read-timeout` says otherwise; the outer proxy's own time still counts, so let one side ping",
    fallback: '`false`',
  }),
  balance: label({
    key: 'meet.balance',
    roles: routed,
    isBasic: true,
    parse: parseBalance,
    allowed: '`round-robin`, `least-conn`, `ip-hash` or `random-two`',
    meaning:
      'how nginx chooses among the replicas. `ip-hash` keeps a client on one replica, by the address that the outer proxy saw (the last one in `X-Forwarded-For`); with it and with `random-two` nobody can stand by',
    fallback: '`round-robin`',
  }),
  weight: label({
    key: 'meet.weight',
    roles: routed,
    scope: 'replica',
    parse: parseWeight,
    allowed: '1 to 100',
    meaning: "how many requests this replica gets for each one that a replica of weight 1 gets; each replica's own",
    fallback: '1',
  }),
  backup: label({
    key: 'meet.backup',
    roles: routed,
    scope: 'replica',
    parse: parseBoolean,
    allowed: '`true` or `false`',
    meaning: "`true`: gets requests only while no other replica takes them; each replica's own",
    fallback: '`false`',
  }),
  maxConns: label({
    key: 'meet.max-conns',
    roles: routed,
    scope: 'replica',
    parse: parseConnections,
    allowed: '1 to 100000',
    meaning:
      "how many connections at once this replica gets from each of nginx's worker processes (usually one a processor); each replica's own. Where all have as many as they may, the answer is 503",
    fallback: 'no limit',
  }),
  keepalive: label({
    key: 'meet.keepalive',
    roles: routed,
    parse: parseSwitch,
    allowed: '`on` or `off`',
    meaning:
      'keep connections to the container open for a moment, for the next GET or HEAD. `off`: each request gets a connection of its own, as with `meet.balance=least-conn` and `random-two`, `meet.max-conns`, WebSockets, https and `strip`',
    fallback: '`on`',
  }),
  bodySize: label({
    key: 'meet.body-size',
    roles: [...routing, ...routed],
    isBasic: true,
    parse: parseNginxSize,
    allowed: 'a number with k, M or G; `0` is no limit',
    meaning: "the largest request body; on a frontend or router for all routes, elsewhere for that service's own",
    fallback: '100M',
  }),
  mediaBucket: label({
    key: 'meet.media.bucket',
    roles: ['media'],
    isBasic: true,
    parse: parseBucket,
    allowed: '3 to 63 lower-case letters, digits, `.` and `-`',
    meaning: "the bucket that Meet's files are in: the backend's `AWS_STORAGE_BUCKET_NAME`",
    fallback: 'none, so the label is needed',
  }),
  mediaHost: label({
    key: 'meet.media.host',
    roles: ['media'],
    parse: parseSignedHost,
    allowed: 'a host name, with `:` and a port where that is neither 80 nor 443',
    meaning: 'the host that the backend signs for: the one in its `AWS_S3_ENDPOINT_URL`',
    fallback: 'the service and its port, `minio:9000`',
  }),
} as const;

export type LabelName = keyof typeof labelTable;

/** The labels of a named route, by attribute; `<name>` is one of the user's choice. */
export const routeTable = {
  path: label({
    key: 'meet.route.<name>.path',
    roles: routed,
    isBasic: true,
    parse: parsePath,
    allowed: 'one path: `/x` is `/x` and all below it, `/x/` only what is below, `=/x` exactly that',
    meaning:
      'a further route of the service, with settings of its own; at most 32, each with a name in lower-case letters, digits, `_` and `-`',
    fallback: 'none: the route needs it',
  }),
  port: label({
    key: 'meet.route.<name>.port',
    roles: routed,
    parse: parsePort,
    allowed: '1 to 65535',
    meaning: 'the port that the same containers answer this route on',
    fallback: "the service's; without a usable one the route is left out",
  }),
  strip: label({
    key: 'meet.route.<name>.strip',
    roles: routed,
    parse: parseBoolean,
    allowed: '`true` or `false`',
    meaning:
      '`true`: the container is asked without the path, `/x/a` as `/a` and `/x` as `/`, and told it in `X-Forwarded-Prefix`. It then sees the path as nginx reads it: `..` and `//` resolved, `%2F` as `/`',
    fallback: '`false`',
  }),
  websocket: label({
    key: 'meet.route.<name>.websocket',
    roles: routed,
    parse: parseBoolean,
    allowed: '`true` or `false`',
    meaning: 'as `meet.websocket`, for this route',
    fallback: "the service's",
  }),
  readTimeout: label({
    key: 'meet.route.<name>.read-timeout',
    roles: routed,
    parse: parseNginxDuration,
    allowed: duration,
    meaning: 'as `meet.read-timeout`, for this route',
    fallback: "the service's",
  }),
  bodySize: label({
    key: 'meet.route.<name>.body-size',
    roles: routed,
    parse: parseNginxSize,
    allowed: 'a number with k, M or G; `0` is no limit',
    meaning: 'as `meet.body-size`, for this route',
    fallback: "the service's",
  }),
  proto: label({
    key: 'meet.route.<name>.proto',
    roles: routed,
    parse: parseProto,
    allowed: '`http` or `https`',
    meaning: "how the container is spoken to; with `https` its certificate isn't checked",
    fallback: '`http`',
  }),
} as const;

type RouteAttribute = keyof typeof routeTable;

/** A route of its own, read from `meet.route.<name>.*`. */
export type NamedRoute = {
  readonly [Attribute in Exclude<RouteAttribute, 'path'>]?: NonNullable<ReturnType<(typeof routeTable)[Attribute]['parse']>>;
} & { readonly name: string; readonly path: readonly PathRule[] };

/** Who may reach a path; `<name>` is one of the user's choice. */
export const allowLabel = label({
  key: 'meet.allow.<name>',
  roles: routed,
  isBasic: true,
  parse: parseAllow,
  allowed:
    '`<path> from <networks>`: `/admin from 10.0.0.0/8, 2001:db8::/32`. The path as in `meet.paths`, or `/` for everything; networks in CIDR form or single addresses, comma-separated, at most 64',
  meaning:
    'who alone may reach a path and all below it, by the address that the outer proxy saw; everybody else gets 403. The longest path wins; at most 32, each with a name in lower-case letters, digits, `_` and `-`. A value that cannot be read closes the path to all, or all routes of the service where the path cannot be read. The whole service then takes plain paths only (`docs/labels.md`, guarded paths)',
  fallback: 'everybody',
});

/** What `meet.allow` says of a path: who alone may reach it; nobody where that could not be read. */
export interface AllowRule {
  readonly name: string;
  readonly rules: readonly PathRule[];
  readonly networks: readonly string[];
}

/** All labels besides `meet.role`, for people: what is said of each. */
export const allLabels = [...Object.values(labelTable), ...Object.values(routeTable), allowLabel] as const;

/** What a container's labels say, read. Absent means the default holds. */
export type Labels = { readonly [Name in LabelName]?: NonNullable<ReturnType<(typeof labelTable)[Name]['parse']>> } & {
  /** In the order of their names. */
  readonly routes?: readonly NamedRoute[];
  readonly allow?: {
    readonly rules: readonly AllowRule[];
    /** It can't be told which path is meant to be closed, so all are. */
    readonly closesAll: boolean;
  };
};

function parseBoolean(text: string): boolean | undefined {
  return text === 'true' ? true : text === 'false' ? false : undefined;
}

function parseSwitch(text: string): 'on' | 'off' | undefined {
  return text === 'on' || text === 'off' ? text : undefined;
}

function parseProto(text: string): 'http' | 'https' | undefined {
  return text === 'http' || text === 'https' ? text : undefined;
}

function parseForwardedProto(text: string): 'https' | 'forward' | undefined {
  return text === 'https' || text === 'forward' ? text : undefined;
}
