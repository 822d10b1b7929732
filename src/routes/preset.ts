import { pathAndBelow } from '../nginx/token.ts';
import type { PathRule } from '../nginx/token.ts';

/**
 * The paths of Meet's backend. `/api`, `/admin` and `/static` are Django's, as are `/external-api`, `/jwks` and
 * `/__lbheartbeat__` (suitenumerique/meet, backend urls.py). `/oidc`, `/healthz` and `/webhook` are in no current
 * version and get 404 from the backend, but users' configurations route them. `/__heartbeat__` and `/__version__`
 * expose internals and stay private.
 */
export const backendPreset = [
  '/api',
  '/admin',
  '/static',
  '/oidc',
  '/healthz',
  '/webhook',
  '/external-api',
  '/jwks',
  '/__lbheartbeat__',
] as const;

/** The preset as rules: each path and all paths below, so a room called `/api-abcd-efg` stays a room. */
export const backendPresetRules: readonly PathRule[] = backendPreset.flatMap(pathAndBelow);
