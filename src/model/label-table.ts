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

/** Roles that meet-gen knows and never routes: these containers have their own public names. */
const bystanderRoles = ['livekit', 'keycloak'] as const;
export type BystanderRole = (typeof bystanderRoles)[number];

export const roles = ['frontend', 'router', 'backend', 'service', 'media', ...bystanderRoles] as const;
export type Role = (typeof roles)[number];

/** The meaning of each role, for `docs/labels.md`. */
export const roleMeanings: Readonly<Record<Role, string>> = {
  frontend: "Meet's frontend: nginx with the SPA; it includes the rendered file, unless the instance has a router",
  router: 'a dedicated nginx that includes the rendered file; the frontends then only serve the SPA (`docs/router.md`)',
  backend: "Meet's backend: Django",
  service: 'any other container that answers paths',
  media: 'S3 storage: nginx serves its files after asking the backend (`docs/media.md`)',
  livekit: 'LiveKit: not routed, since it has its own public name. Needed only where `doctor` does not recognise the image',
  keycloak: 'Keycloak: not routed, since it has its own public name. Needed only where `doctor` does not recognise the image',
};

export function isBystanderRole(role: Role): role is BystanderRole {
  return bystanderRoles.some((known) => known === role);
}

interface LabelSpec<Value> {
  readonly key: string;
  readonly roles: readonly Role[];
  /**
   * `replica`: each replica has its own value. `identity`: the value decides to which service or instance a container
   * belongs. Without a scope one value applies to all replicas of a service.
   */
  readonly scope?: 'replica' | 'identity';
  /** A label to know first: the README's table has it too. */
  readonly isBasic?: true;
  /** Returns undefined for a value outside the grammar. */
  readonly parse: (text: string) => Value | undefined;
  /** A comma list of independent entries: a bad entry costs only itself. */
  readonly isList?: boolean;
  readonly allowed: string;
  readonly meaning: string;
  readonly fallback: string;
}

function label<Value>(spec: LabelSpec<Value>): LabelSpec<Value> {
  return spec;
}

/** The roles whose nginx can include the rendered file. */
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
    meaning: 'the service that the container is a replica of',
    fallback:
      'the compose service, else the swarm service. Without either, all backends of an instance are one service, and a `service` is named after its container',
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
      'path prefixes, comma-separated, at most 64: `/x` is `/x` and all paths below, `/x/` only the paths below, `=/x` exactly `/x`. `+` in front adds to the preset',
    meaning: 'the paths that the container answers',
    fallback: 'backend: the preset below; service: none, so the label is needed',
  }),
  forwardedProto: label({
    key: 'meet.forwarded-proto',
    roles: routing,
    parse: parseForwardedProto,
    allowed: '`https` or `forward`',
    meaning:
      "the scheme that nginx sends to the backend: `https` always (Django redirects in a loop otherwise), `forward` passes the outer proxy's header on",
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
      "the source of the container's readiness: the engine's health check, a TCP connection, an HTTP answer of 200 to 399, or nothing. HTTP probes use the frontend's `meet.host` and `https`. After an unclear answer to a probe, the engine's health check decides",
    fallback: '`docker`',
  }),
  drain: label({
    key: 'meet.drain',
    roles: routed,
    scope: 'replica',
    isBasic: true,
    parse: parseBoolean,
    allowed: '`true` or `false`',
    meaning: 'take no new requests while other replicas can (`meet-gen drain` does the same to a running container)',
    fallback: '`false`',
  }),
  websocket: label({
    key: 'meet.websocket',
    roles: routed,
    isBasic: true,
    parse: parseBoolean,
    allowed: '`true` or `false`',
    meaning:
      "pass WebSockets on, and wait 1h for the next part unless `meet.read-timeout` is set. The outer proxy's own timeout still counts, so let one side ping",
    fallback: '`false`',
  }),
  balance: label({
    key: 'meet.balance',
    roles: routed,
    isBasic: true,
    parse: parseBalance,
    allowed: '`round-robin`, `least-conn`, `ip-hash` or `random-two`',
    meaning:
      'how nginx chooses among the replicas. `ip-hash` keeps a client on one replica, by the address that the outer proxy saw (the last entry in `X-Forwarded-For`). With `ip-hash` and `random-two` no replica can be a standby',
    fallback: '`round-robin`',
  }),
  weight: label({
    key: 'meet.weight',
    roles: routed,
    scope: 'replica',
    parse: parseWeight,
    allowed: '1 to 100',
    meaning: "how many requests this replica gets for each request of a replica with weight 1; each replica's own",
    fallback: '1',
  }),
  backup: label({
    key: 'meet.backup',
    roles: routed,
    scope: 'replica',
    parse: parseBoolean,
    allowed: '`true` or `false`',
    meaning: "`true`: gets requests only while no other replica takes any; each replica's own",
    fallback: '`false`',
  }),
  maxConns: label({
    key: 'meet.max-conns',
    roles: routed,
    scope: 'replica',
    parse: parseConnections,
    allowed: '1 to 100000',
    meaning:
      "how many connections at once this replica gets from each of nginx's worker processes (usually one per processor); each replica's own. When all replicas are full, nginx answers 503",
    fallback: 'no limit',
  }),
  keepalive: label({
    key: 'meet.keepalive',
    roles: routed,
    parse: parseSwitch,
    allowed: '`on` or `off`',
    meaning:
      'keep connections to the container open for the next GET or HEAD. `off`: each request gets a new connection, as with `meet.balance=least-conn` and `random-two`, `meet.max-conns`, WebSockets, https and `strip`',
    fallback: '`on`',
  }),
  bodySize: label({
    key: 'meet.body-size',
    roles: [...routing, ...routed],
    isBasic: true,
    parse: parseNginxSize,
    allowed: 'a number with k, M or G; `0` sets no limit',
    meaning: 'the largest request body: on a frontend or router for all routes, on a service for its own routes',
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
    allowed: 'a host name, with `:` and the port unless it is 80 or 443',
    meaning: 'the host that the backend signs for, from its `AWS_S3_ENDPOINT_URL`',
    fallback: 'the service and its port, `minio:9000`',
  }),
} as const;

export type LabelName = keyof typeof labelTable;

/** The labels of a named route, by attribute; the user chooses `<name>`. */
export const routeTable = {
  path: label({
    key: 'meet.route.<name>.path',
    roles: routed,
    isBasic: true,
    parse: parsePath,
    allowed: 'one path: `/x` is `/x` and all paths below, `/x/` only the paths below, `=/x` exactly `/x`',
    meaning: 'a further route of the service, with its own settings; at most 32. The name has lower-case letters, digits, `_` and `-`',
    fallback: 'none, so the label is needed',
  }),
  port: label({
    key: 'meet.route.<name>.port',
    roles: routed,
    parse: parsePort,
    allowed: '1 to 65535',
    meaning: 'the port on which the same containers answer this route',
    fallback: "the service's; with an unreadable value the route is left out",
  }),
  strip: label({
    key: 'meet.route.<name>.strip',
    roles: routed,
    parse: parseBoolean,
    allowed: '`true` or `false`',
    meaning:
      '`true`: nginx removes the path before it asks the container, `/x/a` becomes `/a` and `/x` becomes `/`, and sends it in `X-Forwarded-Prefix`. The container then gets the path as nginx reads it: `..` and `//` resolved, `%2F` as `/`',
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
    allowed: 'a number with k, M or G; `0` sets no limit',
    meaning: 'as `meet.body-size`, for this route',
    fallback: "the service's",
  }),
  proto: label({
    key: 'meet.route.<name>.proto',
    roles: routed,
    parse: parseProto,
    allowed: '`http` or `https`',
    meaning: "the protocol between nginx and the container; with `https` nginx doesn't check its certificate",
    fallback: '`http`',
  }),
} as const;

type RouteAttribute = keyof typeof routeTable;

/** A named route, read from `meet.route.<name>.*`. */
export type NamedRoute = {
  readonly [Attribute in Exclude<RouteAttribute, 'path'>]?: NonNullable<ReturnType<(typeof routeTable)[Attribute]['parse']>>;
} & { readonly name: string; readonly path: readonly PathRule[] };

/** The networks that may reach a path; the user chooses `<name>`. */
export const allowLabel = label({
  key: 'meet.allow.<name>',
  roles: routed,
  isBasic: true,
  parse: parseAllow,
  allowed:
    '`<path> from <networks>`: `/admin from 10.0.0.0/8, 2001:db8::/32`. The path as in `meet.paths`, or `/` for everything; networks in CIDR form or single addresses, comma-separated, at most 64',
  meaning:
    'the networks that alone may reach a path and all paths below, by the address that the outer proxy saw; other clients get 403. The longest path wins; at most 32. The name has lower-case letters, digits, `_` and `-`. An unreadable value closes the path, an unreadable path closes all routes of the service. The whole service then takes plain paths only (`docs/labels.md`, guarded paths)',
  fallback: 'all clients',
});

/** A path of `meet.allow` and the networks that may reach it; an empty list where the networks are unreadable. */
export interface AllowRule {
  readonly name: string;
  readonly rules: readonly PathRule[];
  readonly networks: readonly string[];
}

/** All labels besides `meet.role`, for the reference pages. */
export const allLabels = [...Object.values(labelTable), ...Object.values(routeTable), allowLabel] as const;

/** The labels of a container, parsed. An absent label has its default. */
export type Labels = { readonly [Name in LabelName]?: NonNullable<ReturnType<(typeof labelTable)[Name]['parse']>> } & {
  /** Sorted by name. */
  readonly routes?: readonly NamedRoute[];
  readonly allow?: {
    readonly rules: readonly AllowRule[];
    /** A path was unreadable, so all paths are closed. */
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
