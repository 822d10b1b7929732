import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { hookScript } from '../../../src/commands/hook.ts';
import { findSocket } from '../../e2e/image/mounted-socket.ts';
import type { Engine } from '../../providers/engine/docker-command.ts';
import type { Images } from '../../providers/engine/stand-ins.ts';
import type { Access } from './scene.ts';

/** The rows of the contract's table in section 7; each is one kind of access to the engine. */
export type AccessName = 'exec' | 'exec, also to reload' | 'signal and logs' | 'signal only' | 'hook';

const reading = ['GET /containers/json\\?.*', 'GET /events\\?.*', 'GET /_ping'];
const killing = 'POST /containers/[^/]+-(?:frontend|older|odd-[a-z]+)-\\d+/kill\\?signal=HUP';
const logging = 'GET /containers/[^/]+-(?:frontend|older|odd-[a-z]+)-\\d+/logs\\?.*';
const executing = ['POST /containers/[^/]+/exec', 'POST /exec/[^/]+/start', 'GET /exec/[^/]+/json'];
const hookStub = fileURLToPath(new URL('../../../templates/hook-stub.conf', import.meta.url));

export const accessNames: readonly AccessName[] = ['exec', 'exec, also to reload', 'signal and logs', 'signal only', 'hook'];

export async function accessCalled(name: AccessName | 'exec at times', engine: Engine, images: Images): Promise<Access> {
  const { path } = await findSocket(engine, images);
  const behind = (...allowed: readonly string[]): Behind => behindFilter(images, path, allowed);
  switch (name) {
    case 'exec':
      return { name, environment: {}, tested: true, words: true };
    case 'exec, also to reload':
      return { name, environment: { MEET_GEN_RELOAD: 'exec' }, tested: true, words: true };
    case 'signal and logs':
      return { name, ...behind(...reading, killing, logging), tested: false, words: true };
    case 'signal only':
      return { name, ...behind(...reading, killing), tested: false, words: false };
    case 'hook':
      return { name, ...hooked(behind(...reading)), tested: true, words: true };
    default:
      return { name, ...execAtTimes(images, path, behind(...reading, killing)), tested: true, words: true };
  }
}

type Behind = Pick<Access, 'environment' | 'networks'> & { readonly services: NonNullable<Access['services']> };

/** Access through a filtering socket proxy, over plain TCP. */
function behindFilter(images: Images, socket: string, allowed: readonly string[]): Behind {
  return {
    environment: { DOCKER_HOST: 'tcp://filter:2375' },
    networks: { engine: {} },
    services: {
      filter: filterOf(images, socket, allowed),
      'meet-gen': { networks: ['engine', 'internal'], depends_on: ['filter'] },
    },
  };
}

function filterOf(images: Images, socket: string, allowed: readonly string[]): Readonly<Record<string, unknown>> {
  return {
    image: images.socketProxy,
    entrypoint: ['node', '/stand-in/recording.mjs'],
    user: '0:0',
    stop_grace_period: '1s',
    environment: { ALLOWED: JSON.stringify(allowed).replaceAll('$', '$$$$') },
    volumes: [`${socket}:/var/run/docker.sock`],
    networks: { engine: { aliases: ['filter'] } },
  };
}

/** The frontends have the hook, and meet-gen may only send GET requests. */
function hooked({ environment, ...more }: Behind): Omit<Access, 'name' | 'tested' | 'words'> {
  return {
    ...more,
    environment: { ...environment, MEET_GEN_RELOAD: 'hook' },
    stub: [
      { source: 'hook-stub', target: '/etc/nginx/conf.d/routing.conf' },
      { source: 'hook', target: '/docker-entrypoint.d/90-meet-gen.sh', mode: 0o755 },
    ],
    configs: { 'hook-stub': readFileSync(hookStub, 'utf8'), hook: hookScript() },
  };
}

/** Access with `--check exec` through two filters that can replace each other; only the second allows exec. */
function execAtTimes(
  images: Images,
  socket: string,
  { environment, services, ...more }: Behind,
): Omit<Access, 'name' | 'tested' | 'words'> {
  return {
    ...more,
    environment: { ...environment, MEET_GEN_CHECK: 'exec', MEET_GEN_RESYNC: '2s' },
    services: { ...services, 'filter-open': filterOf(images, socket, [...reading, killing, ...executing]) },
    scale: { 'filter-open': 0 },
  };
}
