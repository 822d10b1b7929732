import { fileURLToPath } from 'node:url';
import type { ComposeVersion } from '../../providers/engine/compose-versions.ts';

/** Where the output of that Compose for a project of `projects.ts` is kept, so that tests without Compose read the real thing. */
export function recordingOf(version: ComposeVersion, name: string): string {
  return fileURLToPath(new URL(`recorded/${version}/${name.replaceAll(/[^a-z]+/g, '-')}.json`, import.meta.url));
}
