import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder for downloads, unpacked packages, root file systems and the engine's images between runs. */
export function cacheDirectory(): string {
  const own = process.env['MEETGEN_TEST_CACHE'];
  if (own !== undefined && own !== '') return own;
  const base = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(base, 'meet-gen-test');
}
