import type { Labels } from '../model/label-table.ts';
import { isGuarded } from './access.ts';
import { routeFor } from './ownership.ts';
import type { Route } from './ownership.ts';

/** A call that LiveKit or S3 makes from inside. Without an upstream nobody is there to take it: 503. */
export interface WebhookView {
  readonly path: string;
  readonly upstream?: string;
  /** As in a location: the backend has guarded paths, which a call must not lead to either. */
  readonly plainPathsOnly?: true;
}

/** What the backend is told of (suitenumerique/meet: `webhooks-livekit` of its rooms, `storage-hook` of its recordings). */
const webhookPaths = ['/api/v1.0/recordings/storage-hook/', '/api/v1.0/rooms/webhooks-livekit/'] as const;

/**
 * The calls from inside and the upstream that takes each.
 * @param routes of the instance's own backends: another service with a longer path below the API must not take them
 */
export function webhooksOf(routes: readonly Route[], upstreamOf: (route: Route) => string | undefined): readonly WebhookView[] {
  return webhookPaths.map((path) => {
    const route = routeFor(routes, path);
    const upstream = route === undefined ? undefined : upstreamOf(route);
    if (route === undefined || upstream === undefined) return { path };
    return { path, upstream, ...(isGuarded(route.service) ? { plainPathsOnly: true } : {}) };
  });
}

/** The host that Django is told: the first public name that is one. */
export function webhookHost({ hosts = [] }: Labels): string | undefined {
  return hosts.find((host) => !host.startsWith('*'));
}
