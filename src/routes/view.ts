import type { Balance } from '../nginx/token.ts';
import { settingChecks } from './location-settings.ts';
import type { LocationSettings } from './location-settings.ts';
import { mediaShape } from './media.ts';
import type { MediaAccess } from './media.ts';
import { listOf, oneOf, optional, record, text } from './shape.ts';
import type { Checks } from './shape.ts';
import type { UpstreamServers } from './upstream-servers.ts';
import type { WebhookView } from './webhooks.ts';

/** An upstream block; it has at least one server. */
export interface UpstreamView extends UpstreamServers {
  readonly name: string;
  readonly title: string;
  /** Absent for round robin, nginx's default. */
  readonly balance?: UpstreamBalance;
  /** A second upstream with the same servers, to which nginx keeps connections open. */
  readonly keepalive?: string;
}

/** A method other than round robin. */
export type UpstreamBalance = Exclude<Balance, 'round-robin'>;

/**
 * A location block. Without an upstream it answers 503. A guarded location has its upstream as `guarded`, a location of
 * files as `media.storage`. So a template that ignores guards or files answers 503 instead of letting all clients in.
 */
export interface LocationView extends LocationSettings {
  readonly kind: 'exact' | 'below';
  readonly path: string;
  readonly upstream?: string;
  readonly guarded?: string;
  /** The networks that may reach the location; absent for all networks, empty for no network. */
  readonly allow?: readonly string[];
  /** nginx first answers 400 to a path that the service could read differently (`refusedPaths`). */
  readonly plainPathsOnly?: true;
  /** The replacement for the location's path in the request to the service. */
  readonly uri?: string;
  /** The part of the path that is stripped. */
  readonly prefix?: string;
  /** Access to files in S3, decided by the backend for each request. */
  readonly media?: MediaAccess;
  /** Decided when addresses are filled in. */
  readonly connections?: LocationConnections;
}

/** The shape of a location in a file. */
export const locationShape = record({
  kind: oneOf('exact', 'below'),
  path: text,
  upstream: optional(text),
  guarded: optional(text),
  allow: optional(listOf(text)),
  plainPathsOnly: optional(oneOf(true)),
  ...settingChecks,
  uri: optional(text),
  prefix: optional(text),
  media: optional(mediaShape),
  // Decided when addresses are filled in.
  connections: oneOf(undefined),
} satisfies Checks<LocationView>);

/** The connections that a location's requests may use besides new connections with a buffered body. */
export interface LocationConnections {
  /** The named location that leads to the same service over fresh connections. */
  readonly fresh: string;
  /** The upstream that GET and HEAD go to, over kept connections. */
  readonly keepalive?: string;
  /** Large bodies go to the named location. */
  readonly streams?: true;
}

/**
 * A named location: the same service over fresh connections, with the same times. It gets requests that failed on kept
 * connections, and requests with a large body, which it doesn't buffer.
 */
export interface FreshView extends LocationSettings {
  readonly name: string;
  readonly upstream: string;
}

/** Every value that the template prints: the template loops and does not decide. */
export interface RoutingView {
  readonly instance: string;
  readonly listenPort: number;
  readonly statusPort: number;
  /** Both servers listen on IPv6 too. */
  readonly listensOnIpv6?: true;
  /** Empty for any host. */
  readonly serverNames: readonly string[];
  readonly bodySize: string;
  readonly readTimeout: string;
  readonly connectTimeout: string;
  /** Pass the outer proxy's X-Forwarded-Proto on instead of `https`. */
  readonly forwardProto: boolean;
  /**
   * The time for which a reload leaves idle client connections open, as an nginx time; absent if the nginx of a frontend
   * lacks the directive.
   */
  readonly keepaliveMinTimeout?: string;
  /** Every frontend's nginx keeps connections to upstreams without any directive (nginx 1.29.7 and newer). */
  readonly keepsConnectionsByDefault?: true;
  /** At least one upstream chooses its server by the client's address. */
  readonly hashesClients?: boolean;
  /** The subnets from which nginx accepts X-Forwarded-For; absent without guarded locations. */
  readonly trustedSubnets?: readonly string[];
  /** At least one location passes WebSockets on. */
  readonly passesWebsockets?: boolean;
  /** At least one location takes plain paths only. */
  readonly refusesPaths?: boolean;
  readonly upstreams: readonly UpstreamView[];
  /**
   * The SPA of the same container with the other frontends as backups; behind a router all frontends, perhaps without
   * servers.
   */
  readonly spa: UpstreamView;
  /** The location of all other paths, which belong to the SPA. */
  readonly everythingElse: LocationView;
  /** The named locations of fresh connections. */
  readonly fresh: readonly FreshView[];
  /** The SPA is in other containers: this nginx is a router. */
  readonly isSpaElsewhere: boolean;
  readonly groups: readonly { readonly title: string; readonly locations: readonly LocationView[] }[];
  /** Internal calls, which the status server accepts. */
  readonly webhooks: readonly WebhookView[];
  /** The Host header of internal calls; absent if unknown: 503. */
  readonly webhookHost?: string;
  /** CIDR blocks that may ask the status server. */
  readonly statusSubnets: readonly string[];
}
