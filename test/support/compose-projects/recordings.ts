import { fileURLToPath } from 'node:url';
import type { ComposeVersion } from '../../providers/engine/compose-versions.ts';

/** The path of Compose's recorded output for a project of `projects.ts`. Tests without Compose read the recording. */
export function recordingOf(version: ComposeVersion, name: string): string {
  return fileURLToPath(new URL(`recorded/${version}/${name.replaceAll(/[^a-z]+/g, '-')}.json`, import.meta.url));
}
