/** `1.30.3` as numbers. */
export type NginxVersion = readonly [major: number, minor: number, patch: number];

/** Reads nginx's own version text; undefined when it isn't one. */
export function parseNginxVersion(text: string): NginxVersion | undefined {
  const match = /^(\d{1,4})\.(\d{1,4})\.(\d{1,4})$/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}

/**
 * Whether all of these nginx know `keepalive_min_timeout` (nginx 1.27.4): without it a reload resets client connections
 * that are kept alive. An unknown version, or none at all, counts as old: the directive would stop an older nginx.
 */
export function supportsKeepaliveMinTimeout(versions: readonly (NginxVersion | undefined)[]): boolean {
  return areAtLeast(versions, [1, 27, 4]);
}

/** Whether all of these nginx keep connections of an upstream that says nothing about it (nginx 1.29.7); older ones don't take `keepalive 0`. */
export function keepsConnectionsByDefault(versions: readonly (NginxVersion | undefined)[]): boolean {
  return areAtLeast(versions, [1, 29, 7]);
}

function areAtLeast(versions: readonly (NginxVersion | undefined)[], least: NginxVersion): boolean {
  return versions.length > 0 && versions.every((version) => version !== undefined && isAtLeast(version, least));
}

function isAtLeast(version: NginxVersion, least: NginxVersion): boolean {
  for (const [index, part] of version.entries()) {
    const wanted = least[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}
