import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where downloads, unpacked packages, root file systems and the engine's images are kept between runs. */
export function cacheDirectory(): string {
  const own = process.env['MEETGEN_TEST_CACHE'];
  if (own !== undefined && own !== '') return own;
  const base = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(base, 'meet-gen-test');
}

// Short, because a unix socket's path has at most 107 bytes; the socket is alone in its folder, so
// that a container can mount that folder and still reach the engine after a restart.
const stateDirectory = '/run/meet-gen-engine';

/** The one engine of ours on this machine: all its paths outside the cache. */
export const enginePlaces = {
  state: stateDirectory,
  socket: join(stateDirectory, 'socket', 'docker.sock'),
  execRoot: join(stateDirectory, 'exec'),
  pidFile: join(stateDirectory, 'dockerd.pid'),
  log: join(stateDirectory, 'dockerd.log'),
  before: join(stateDirectory, 'before.json'),
  users: join(stateDirectory, 'users'),
  lock: '/run/meet-gen-engine.lock',
  cgroup: 'meet-gen-engine',
  bridge: 'meetgen0',
  bridgeAddress: '172.31.255.1/24',
} as const;

export const engineHost = `unix://${enginePlaces.socket}`;
