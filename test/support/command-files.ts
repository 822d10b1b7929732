import { chmodSync, copyFileSync, cpSync, linkSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The built command. TEST_COMMAND chooses another build: an older version, or a build with an injected fault. */
export const builtCommand = process.env['TEST_COMMAND'] ?? fileURLToPath(new URL('../../dist/meet-gen.js', import.meta.url));

const variable = 'MEETGEN_TEST_OPEN_COPY';

/**
 * Copies node and the built command into a folder that every user can read. The originals may lie in a home folder that
 * is closed to other users. Tests that run as root start the command from this copy as another user.
 * @returns a function that removes the copy
 */
export function makeOpenCopy(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'mg-open-'));
  process.env[variable] = folder;
  chmodSync(folder, 0o755);
  const node = join(folder, 'node');
  try {
    linkSync(process.execPath, node);
  } catch {
    copyFileSync(process.execPath, node);
  }
  const dist = dirname(builtCommand);
  cpSync(dist, join(folder, 'dist'), { recursive: true });
  cpSync(join(dist, '../templates'), join(folder, 'templates'), { recursive: true });
  return () => rmSync(folder, { recursive: true, force: true });
}

/** The paths of node and the command: in the copy if there is a copy, else the originals. */
export function openPrograms(): { readonly node: string; readonly command: string } {
  const folder = process.env[variable];
  if (folder === undefined) return { node: process.execPath, command: builtCommand };
  return { node: join(folder, 'node'), command: join(folder, 'dist/meet-gen.js') };
}
