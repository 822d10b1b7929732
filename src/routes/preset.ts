import { pathAndBelow } from '../nginx/token.ts';
import type { PathRule } from '../nginx/token.ts';

/**
 * The paths of Meet's backend. `/api`, `/admin` and `/static` are Django's own, `/external-api`, `/jwks` and
 * `/__lbheartbeat__` too (suitenumerique/meet, backend urls.py); `/oidc`, `/healthz` and `/webhook` are in no current
 * version and answered 404 by the backend, but people's configurations route them. `/__heartbeat__` and `/__version__`
 * tell about the inside and stay private.
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

/** The preset as rules: each path itself and all below it, so that a room called `/api-abcd-efg` stays a room. */
export const backendPresetRules: readonly PathRule[] = backendPreset.flatMap(pathAndBelow);
