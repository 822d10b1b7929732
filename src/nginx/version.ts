/** `1.30.3` as numbers. */
export type NginxVersion = readonly [major: number, minor: number, patch: number];

/** Parses nginx's version; undefined for other text. */
export function parseNginxVersion(text: string): NginxVersion | undefined {
  const match = /^(\d{1,4})\.(\d{1,4})\.(\d{1,4})$/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}

/**
 * Whether every nginx has `keepalive_min_timeout` (nginx 1.27.4); otherwise a reload resets kept client connections. An
 * unknown version, or an empty list, counts as old: the directive would stop an older nginx.
 */
export function supportsKeepaliveMinTimeout(versions: readonly (NginxVersion | undefined)[]): boolean {
  return areAtLeast(versions, [1, 27, 4]);
}

/**
 * Whether every nginx keeps connections to an upstream by default (nginx 1.29.7); older versions refuse `keepalive 0`.
 */
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
