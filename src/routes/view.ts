import type { Balance } from '../nginx/token.ts';
import { settingChecks } from './location-settings.ts';
import type { LocationSettings } from './location-settings.ts';
import { mediaShape } from './media.ts';
import type { MediaAccess } from './media.ts';
import { listOf, oneOf, optional, record, text } from './shape.ts';
import type { Checks } from './shape.ts';
import type { UpstreamServers } from './upstream-servers.ts';
import type { WebhookView } from './webhooks.ts';

/** An upstream block; it always has a server. */
export interface UpstreamView extends UpstreamServers {
  readonly name: string;
  readonly title: string;
  /** Absent for nginx's own, round robin. */
  readonly balance?: UpstreamBalance;
  /** A second upstream with the same servers, to which nginx keeps connections open. */
  readonly keepalive?: string;
}

/** How nginx chooses among servers, where it isn't round robin. */
export type UpstreamBalance = Exclude<Balance, 'round-robin'>;

/**
 * A location block. Without an upstream nobody is there to answer: 503. Of one that not everybody may reach a template sees the
 * upstream as `guarded`, and of one of files as `media.storage`, so that one which knows nothing of `allow` or of files answers 503
 * instead of letting everybody in.
 */
export interface LocationView extends LocationSettings {
  readonly kind: 'exact' | 'below';
  readonly path: string;
  readonly upstream?: string;
  readonly guarded?: string;
  /** Who alone may reach it, as networks; absent for everybody, empty for nobody. */
  readonly allow?: readonly string[];
  /** A path that its service could read otherwise than nginx is answered 400 before anything else (`refusedPaths`). */
  readonly plainPathsOnly?: true;
  /** What the location's path is replaced by before the service sees it. */
  readonly uri?: string;
  /** What was taken away of it. */
  readonly prefix?: string;
  /** Files in S3, for those that the backend lets in. */
  readonly media?: MediaAccess;
  /** Decided when addresses are filled in. */
  readonly connections?: LocationConnections;
}

/** A location as it is kept in a file. */
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

/** The connections that a location's requests may take besides new ones with a buffered body. */
export interface LocationConnections {
  /** The named location that leads to the same service over fresh connections. */
  readonly fresh: string;
  /** The upstream that GET and HEAD go to, over kept connections. */
  readonly keepalive?: string;
  /** Large bodies go to the named location. */
  readonly streams?: true;
}

/**
 * A named location: the service of other locations over fresh connections, with their times. Requests are sent on to it that
 * failed on kept connections, and those with a large body, which it doesn't buffer.
 */
export interface FreshView extends LocationSettings {
  readonly name: string;
  readonly upstream: string;
}

/** Everything the template prints, decided: the template loops, it does not decide. */
export interface RoutingView {
  readonly instance: string;
  readonly listenPort: number;
  readonly statusPort: number;
  /** Both servers listen on IPv6, too. */
  readonly listensOnIpv6?: true;
  /** Empty for any host. */
  readonly serverNames: readonly string[];
  readonly bodySize: string;
  readonly readTimeout: string;
  readonly connectTimeout: string;
  /** Pass the outer proxy's X-Forwarded-Proto on instead of the hard-coded https. */
  readonly forwardProto: boolean;
  /** How long a reload leaves clients' idle connections open, in nginx's words; absent where an nginx doesn't know that. */
  readonly keepaliveMinTimeout?: string;
  /** The nginx of all frontends keeps connections of every upstream unless it is told otherwise. */
  readonly keepsConnectionsByDefault?: true;
  /** An upstream is chosen by the client's address. */
  readonly hashesClients?: boolean;
  /** Whose word on a client's address is taken, where a location isn't for everybody. */
  readonly trustedSubnets?: readonly string[];
  /** A location passes WebSockets on. */
  readonly passesWebsockets?: boolean;
  /** A location takes plain paths only. */
  readonly refusesPaths?: boolean;
  readonly upstreams: readonly UpstreamView[];
  /** The SPA of the same container and the other frontends behind it, or behind a router all of them: there it can be without servers. */
  readonly spa: UpstreamView;
  /** Everything else: what is the SPA's. */
  readonly everythingElse: LocationView;
  /** The named locations of fresh connections. */
  readonly fresh: readonly FreshView[];
  /** The SPA is in other containers: this nginx is a router. */
  readonly isSpaElsewhere: boolean;
  /** Locations by the service that answers them. */
  readonly groups: readonly { readonly title: string; readonly locations: readonly LocationView[] }[];
  /** Calls from inside, which the status server takes. */
  readonly webhooks: readonly WebhookView[];
  /** The Host that they are passed on with; absent where none is known: 503. */
  readonly webhookHost?: string;
  /** CIDR blocks that may ask the status server. */
  readonly statusSubnets: readonly string[];
}
