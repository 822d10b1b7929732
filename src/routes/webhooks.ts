import type { Labels } from '../model/label-table.ts';
import { isGuarded } from './access.ts';
import { routeFor } from './ownership.ts';
import type { Route } from './ownership.ts';

/** An internal call from LiveKit or S3. Without an upstream it gets 503. */
export interface WebhookView {
  readonly path: string;
  readonly upstream?: string;
  /** As in a location: the backend has guarded paths, which an internal call must not reach either. */
  readonly plainPathsOnly?: true;
}

/**
 * The internal calls of the backend (suitenumerique/meet: `webhooks-livekit` of its rooms, `storage-hook` of its
 * recordings).
 */
const webhookPaths = ['/api/v1.0/recordings/storage-hook/', '/api/v1.0/rooms/webhooks-livekit/'] as const;

/**
 * The internal calls with their upstreams.
 * @param routes the routes of the instance's own backends: another service with a longer path below the API must not
 * get the calls
 */
export function webhooksOf(routes: readonly Route[], upstreamOf: (route: Route) => string | undefined): readonly WebhookView[] {
  return webhookPaths.map((path) => {
    const route = routeFor(routes, path);
    const upstream = route === undefined ? undefined : upstreamOf(route);
    if (route === undefined || upstream === undefined) return { path };
    return { path, upstream, ...(isGuarded(route.service) ? { plainPathsOnly: true } : {}) };
  });
}

/** The host for Django: the first public name without a wildcard. */
export function webhookHost({ hosts = [] }: Labels): string | undefined {
  return hosts.find((host) => !host.startsWith('*'));
}
