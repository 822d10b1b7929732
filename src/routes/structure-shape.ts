import { boolean, listOf, oneOf, optional, port, record, text } from './shape.ts';
import type { Checks } from './shape.ts';
import type { RoutingStructure } from './structure.ts';
import { locationShape } from './view.ts';
import type { WebhookView } from './webhooks.ts';

/** Make a new field `optional`: a structure kept by an older meet-gen lacks it and would be dropped as a whole. */
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
  groups: listOf(record({ title: text, locations: listOf(locationShape) } satisfies Checks<RoutingStructure['groups'][number]>)),
} satisfies Checks<RoutingStructure>);

/** Whether a value from a file is a structure. Its texts are checked when they are rendered. */
export function isRoutingStructure(value: unknown): value is RoutingStructure {
  return structure(value);
}
