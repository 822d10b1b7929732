import type { Logger } from 'pino';
import { parseNginxVersion } from '../nginx/version.ts';
import { parseJsonObject } from '../util/json-object.ts';

/**
 * The nginx version of each image that a frontend has run, kept for the next process: a frontend that is slow to answer
 * after a restart of meet-gen must not get a file for an older nginx.
 */
export interface ImageVersions {
  /** As nginx writes it, for example `1.30.3`. */
  of(imageId: string): string | undefined;
  note(imageId: string, version: string): void;
}

/** Of more images than that the oldest are forgotten, and asked again. */
const maxImages = 100;

/** @param save keeps a text for the next process; called after each change */
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
 * Versions that outlive the process in a file; a file that can't be read costs only that, and is reported.
 * @param text what an earlier process kept, a JSON object of versions by image id; rejects where it can't be read
 * @param save keeps a text for the next process; called after each change
 */
export async function keepImageVersions(
  text: Promise<string | undefined>,
  save: (text: string) => void,
  log: Logger,
): Promise<ImageVersions> {
  try {
    return createImageVersions(parseVersions(await text), save);
  } catch (error) {
    log.warn({ err: error }, 'the nginx versions of the images could not be read; the frontends are asked again');
    return createImageVersions([], save);
  }
}

/** @throws Error when it is no JSON object */
function parseVersions(text: string | undefined): readonly (readonly [string, string])[] {
  if (text === undefined) return [];
  return Object.entries(parseJsonObject(text))
    .slice(-maxImages)
    .flatMap(([imageId, version]) =>
      typeof version === 'string' && parseNginxVersion(version) !== undefined ? [[imageId, version] as const] : [],
    );
}
