import type { OutPlace } from './out-directory.ts';
import { createFolderTimeLimit } from './folder-time-limit.ts';
import type { InFolder } from './folder-time-limit.ts';
import { refuseOtherThanDirectory } from './read-small-file.ts';

/** Runs work in the folders under `--out`, with a time limit. Refuses an instance's folder that is a link. */
export function openFolders(place: OutPlace): InFolder {
  const withTimeLimit = createFolderTimeLimit();
  return (folder, work) =>
    withTimeLimit(folder, async () => {
      // `--out` itself belongs to the operator, and may be a link.
      if (place.kind === 'directory' && folder !== place.path) await refuseOtherThanDirectory(folder);
      return work();
    });
}
