import { join } from 'node:path';
import { privateFolder } from '../../src/publish/private-folder.ts';

/** The status socket of the meet-gen on this machine that publishes into a directory. */
export function statusSocketOf(out: string): string {
  return join(privateFolder(out), 'status.sock');
}

/** The same inside a container, as a JavaScript expression: in /tmp if /tmp is writable, else in /dev/shm. */
export const containedStatusSocket = `(${JSON.stringify(
  ['/tmp', '/dev/shm'].map((base) => join(privateFolder('/routing', base), 'status.sock')),
)}.find((path) => require('node:fs').existsSync(path)))`;
