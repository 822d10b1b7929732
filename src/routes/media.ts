import { defaultPorts } from '../model/instance.ts';
import type { Service } from '../model/instance.ts';
import type { PathRule } from '../nginx/token.ts';
import { optional, record, text } from './shape.ts';
import type { Checks } from './shape.ts';

/**
 * What a location of files needs besides the upstream of S3, all of it: nginx asks the backend about each request, and sends
 * S3 what the backend signed for that one file.
 */
export interface MediaAccess {
  /** The upstream of S3; in a structure it is the location's own. */
  readonly storage?: string;
  /** The upstream of the backend that is asked. */
  readonly auth: string;
  readonly authPath: string;
  /** The folder in S3, the bucket in front. */
  readonly storagePath: string;
  /** The Host that is signed for. */
  readonly host: string;
}

export const mediaShape = record({
  storage: optional(text),
  auth: text,
  authPath: text,
  storagePath: text,
  host: text,
} satisfies Checks<MediaAccess>);

/**
 * The folders below `/media/` (suitenumerique/meet, settings RECORDING_OUTPUT_FOLDER and FILE_UPLOAD_PATH), each with a
 * view of the backend's that is asked (`media_auth` of its viewsets).
 */
const folders = ['recordings', 'files'] as const;

/** The paths of files. They are kept also while there is no S3: whatever else took them would serve them unasked. */
export const mediaRules: readonly PathRule[] = folders.map((folder) => ({ kind: 'below', path: `/media/${folder}/` }));

/** Whether a rule is about files, or their folder itself: no other service may have it. */
export function isMediaRule({ path }: PathRule): boolean {
  return mediaRules.some((rule) => `${path}/`.startsWith(rule.path));
}

/**
 * A request for a plain name of a file, as it was sent; nginx answers any other with 404 (the template says so with the same
 * expression): what the backend is asked about must be what S3 is asked for.
 */
export const plainFileUri = /^\/media\/[a-z]+\/[0-9A-Za-z-]+[.][0-9A-Za-z]+([?]|$)/;

/** What the backend is asked at about the files of such a rule. */
export function mediaAuthPath(rule: PathRule): string {
  return `/api/v1.0/${folderOf(rule)}/media-auth/`;
}

/**
 * How the files of a rule are served.
 * @param auth the upstream of the backend that is to be asked, undefined where there is none
 * @returns undefined where they can't be: never without the backend's word
 */
export function mediaAccess(rule: PathRule, { name, labels }: Service, auth: string | undefined): MediaAccess | undefined {
  const { mediaBucket: bucket, mediaHost, port = defaultPorts.media } = labels;
  if (auth === undefined || bucket === undefined) return undefined;
  // As signed: without a port where that is the scheme's own (botocore, host_from_url).
  const usualHost = `${name.toLowerCase()}${port === 80 ? '' : `:${port}`}`;
  return { auth, authPath: mediaAuthPath(rule), storagePath: `/${bucket}/${folderOf(rule)}/`, host: mediaHost ?? usualHost };
}

function folderOf({ path }: PathRule): string {
  return path.split('/')[2] ?? '';
}
