import { parseNginxVersion } from '../nginx/version.ts';
import { parseJsonObject } from '../util/json-object.ts';
import type { Log } from '../util/log.ts';

/**
 * The nginx version of each frontend image, kept across restarts of meet-gen. A frontend that answers late after such a
 * restart would otherwise get a file for an older nginx.
 */
export interface ImageVersions {
  /** In nginx's notation, for example `1.30.3`. */
  of(imageId: string): string | undefined;
  note(imageId: string, version: string): void;
}

/** Beyond this limit the oldest images are dropped, and asked again. */
const maxImages = 100;

/** @param save stores a text for the next process, after each change */
export function createImageVersions(
  kept: Iterable<readonly [imageId: string, version: string]>,
  save: (text: string) => void,
): ImageVersions {
  const versions = new Map(kept);
  return {
    of: (imageId) => versions.get(imageId),
    note(imageId, version) {
      if (versions.get(imageId) === version) return;
      versions.set(imageId, version);
      for (const oldest of [...versions.keys()].slice(0, -maxImages)) versions.delete(oldest);
      save(JSON.stringify(Object.fromEntries(versions)));
    },
  };
}

/**
 * Reads the versions that an earlier process stored. An unreadable file is logged, and the frontends are asked again.
 * @param text a JSON object of versions by image id; rejects if it can't be read
 * @param save stores a text for the next process, after each change
 */
export async function keepImageVersions(text: Promise<string | undefined>, save: (text: string) => void, log: Log): Promise<ImageVersions> {
  try {
    return createImageVersions(parseVersions(await text), save);
  } catch (error) {
    log.write('versionsUnreadable', { err: error });
    return createImageVersions([], save);
  }
}

/** @throws Error unless the text is a JSON object */
function parseVersions(text: string | undefined): readonly (readonly [string, string])[] {
  if (text === undefined) return [];
  return Object.entries(parseJsonObject(text))
    .slice(-maxImages)
    .flatMap(([imageId, version]) =>
      typeof version === 'string' && parseNginxVersion(version) !== undefined ? [[imageId, version] as const] : [],
    );
}
