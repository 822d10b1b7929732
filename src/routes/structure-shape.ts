import type { MediaAccess } from './media.ts';
import type { LocationView } from './routing-view.ts';
import type { RoutingStructure } from './structure.ts';
import type { WebhookView } from './webhooks.ts';

/** Whether a value from a file has the shape that is asked for. */
type Check = (value: unknown) => boolean;

/** Far more than a label can bring about, far less than memory. */
const longestText = 10_000;
const longestList = 10_000;

const text: Check = (value) => typeof value === 'string' && value.length <= longestText;
const port: Check = (value) => Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536;
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

/** Each field of the type has to have a check, and no other field may be there. */
const record =
  <Type>(checks: { readonly [Field in keyof Required<Type>]: Check }): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).every((field) => Object.hasOwn(checks, field)) &&
    Object.entries<Check>(checks).every(([field, check]) => check((value as Readonly<Record<string, unknown>>)[field]));

const media = record<MediaAccess>({ storage: optional(text), auth: text, authPath: text, storagePath: text, host: text });

const location = record<LocationView>({
  kind: oneOf('exact', 'below'),
  path: text,
  upstream: optional(text),
  guarded: optional(text),
  allow: optional(listOf(text)),
  readTimeout: optional(text),
  connectTimeout: optional(text),
  bodySize: optional(text),
  websocket: optional(oneOf(true)),
  proto: optional(oneOf('https')),
  uri: optional(text),
  prefix: optional(text),
  media: optional(media),
});

const structure = record<RoutingStructure>({
  instance: text,
  listenPort: port,
  statusPort: port,
  spaPort: port,
  serverNames: listOf(text),
  bodySize: text,
  readTimeout: text,
  connectTimeout: text,
  forwardProto: boolean,
  keepaliveMinTimeout: optional(text),
  webhooks: listOf(record<WebhookView>({ path: text, upstream: optional(text) })),
  webhookHost: optional(text),
  services: listOf(
    record<RoutingStructure['services'][number]>({
      name: text,
      title: text,
      balance: optional(oneOf('least-conn', 'ip-hash', 'random-two')),
    }),
  ),
  groups: listOf(record<RoutingStructure['groups'][number]>({ title: text, locations: listOf(location) })),
});

/** Whether a value that was read from a file is a structure; what its texts may hold is judged when it is rendered. */
export function isRoutingStructure(value: unknown): value is RoutingStructure {
  return structure(value);
}
