import type { MediaAccess } from './media.ts';
import type { LocationView } from './view.ts';
import type { RoutingStructure } from './structure.ts';
import type { WebhookView } from './webhooks.ts';

/** Whether a value from a file has the shape that is asked for. */
type Check = (value: unknown) => boolean;

/** Far more than a label can bring about, far less than memory. */
const longestText = 10_000;
const longestList = 10_000;

const text: Check = (value) => typeof value === 'string' && value.length <= longestText;
/** 0 is the SPA's behind a router. */
const port: Check = (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 65_536;
const boolean: Check = (value) => typeof value === 'boolean';
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length <= longestList && value.every(check);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

/** Each field of the type has a check, so that a new one can't be forgotten here. */
type Checks<Type> = { readonly [Field in keyof Required<Type>]: Check };
/** No other field may be there. */
const record =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).every((field) => Object.hasOwn(checks, field)) &&
    Object.entries(checks).every(([field, check]) => check((value as Readonly<Record<string, unknown>>)[field]));

const media = record({ storage: optional(text), auth: text, authPath: text, storagePath: text, host: text } satisfies Checks<MediaAccess>);

const location = record({
  kind: oneOf('exact', 'below'),
  path: text,
  upstream: optional(text),
  guarded: optional(text),
  allow: optional(listOf(text)),
  plainPathsOnly: optional(oneOf(true)),
  readTimeout: optional(text),
  connectTimeout: optional(text),
  bodySize: optional(text),
  websocket: optional(oneOf(true)),
  proto: optional(oneOf('https')),
  uri: optional(text),
  prefix: optional(text),
  media: optional(media),
  // Decided when addresses are filled in.
  connections: oneOf(undefined),
} satisfies Checks<LocationView>);

const structure = record({
  instance: text,
  listenPort: port,
  statusPort: port,
  listensOnIpv6: optional(oneOf(true)),
  spaPort: port,
  serverNames: listOf(text),
  bodySize: text,
  readTimeout: text,
  connectTimeout: text,
  forwardProto: boolean,
  keepaliveMinTimeout: optional(text),
  keepsConnectionsByDefault: optional(oneOf(true)),
  webhooks: listOf(record({ path: text, upstream: optional(text), plainPathsOnly: optional(oneOf(true)) } satisfies Checks<WebhookView>)),
  webhookHost: optional(text),
  services: listOf(
    record({
      name: text,
      title: text,
      balance: optional(oneOf('least-conn', 'ip-hash', 'random-two')),
      keepsConnections: optional(oneOf(true)),
    } satisfies Checks<RoutingStructure['services'][number]>),
  ),
  groups: listOf(record({ title: text, locations: listOf(location) } satisfies Checks<RoutingStructure['groups'][number]>)),
} satisfies Checks<RoutingStructure>);

/** Whether a value that was read from a file is a structure; what its texts may hold is judged when it is rendered. */
export function isRoutingStructure(value: unknown): value is RoutingStructure {
  return structure(value);
}
