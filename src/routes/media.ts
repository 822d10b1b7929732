import { defaultPorts } from '../model/instance.ts';
import type { Service } from '../model/instance.ts';
import type { PathRule } from '../nginx/token.ts';
import { optional, record, text } from './shape.ts';
import type { Checks } from './shape.ts';

/**
 * The settings of a location for files besides the upstream of S3. For each request nginx asks the backend, and sends
 * S3 the signature that the backend made for that file.
 */
export interface MediaAccess {
  /** The upstream of S3; a structure has it as the location's own upstream. */
  readonly storage?: string;
  /** The upstream of the backend that nginx asks. */
  readonly auth: string;
  readonly authPath: string;
  /** The folder in S3, beginning with the bucket. */
  readonly storagePath: string;
  /** The Host header that the signature is made for. */
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
 * The folders below `/media/` (suitenumerique/meet, settings RECORDING_OUTPUT_FOLDER and FILE_UPLOAD_PATH). Each has a
 * view in the backend that decides access (`media_auth` of its viewsets).
 */
const folders = ['recordings', 'files'] as const;

/**
 * The paths of files, reserved even without S3: another service on these paths would serve files without asking the
 * backend.
 */
export const mediaRules: readonly PathRule[] = folders.map((folder) => ({ kind: 'below', path: `/media/${folder}/` }));

/** Whether a rule covers files or their folder, which no other service may have. */
export function isMediaRule({ path }: PathRule): boolean {
  return mediaRules.some((rule) => `${path}/`.startsWith(rule.path));
}

/**
 * A request for a plain file name, as sent. The template has the same expression, and nginx answers 404 to other
 * requests: the backend must decide about the same file that S3 sends.
 */
export const plainFileUri = /^\/media\/[a-z]+\/[0-9A-Za-z-]+[.][0-9A-Za-z]+([?]|$)/;

/** The path at which nginx asks the backend about the files of a rule. */
export function mediaAuthPath(rule: PathRule): string {
  return `/api/v1.0/${folderOf(rule)}/media-auth/`;
}

/**
 * The settings for serving the files of a rule.
 * @param auth the upstream of the backend that nginx asks, undefined without a backend
 * @returns undefined if nginx can't ask a backend about the files
 */
export function mediaAccess(rule: PathRule, { name, labels }: Service, auth: string | undefined): MediaAccess | undefined {
  const { mediaBucket: bucket, mediaHost, port = defaultPorts.media } = labels;
  if (auth === undefined || bucket === undefined) return undefined;
  // As signed: without the scheme's default port (botocore, host_from_url).
  const usualHost = `${name.toLowerCase()}${port === 80 ? '' : `:${port}`}`;
  return { auth, authPath: mediaAuthPath(rule), storagePath: `/${bucket}/${folderOf(rule)}/`, host: mediaHost ?? usualHost };
}

function folderOf({ path }: PathRule): string {
  return path.split('/')[2] ?? '';
}
