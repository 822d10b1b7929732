import type { OutPlace } from './out-directory.ts';
import { createFolderTimeLimit } from './folder-time-limit.ts';
import type { InFolder } from './folder-time-limit.ts';
import { refuseOtherThanDirectory } from './read-small-file.ts';

/** Work in the folders of an out place: none that hangs is waited for, and no instance's folder is a link to elsewhere. */
export function openFolders(place: OutPlace): InFolder {
  const withTimeLimit = createFolderTimeLimit();
  return (folder, work) =>
    withTimeLimit(folder, async () => {
      // `--out` itself is the operator's, and may be a link.
      if (place.kind === 'directory' && folder !== place.path) await refuseOtherThanDirectory(folder);
      return work();
    });
}
