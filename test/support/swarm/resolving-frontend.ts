import { readFileSync } from 'node:fs';
import { withResolve } from '../../e2e/docs/resolve-block.ts';
import { docker } from '../../providers/engine/docker-command.ts';
import { waitUntil } from '../wait-until.ts';
import type { SwarmMeet } from './swarm-meet.ts';
import type { Swarm, SwarmNode } from './swarm.ts';

/** A frontend on one node that follows the backends by nginx's own `resolve`, without meet-gen. */
export interface ResolvingFrontend {
  readonly port: number;
  remove(): Promise<void>;
}

const name = 'resolving';
const port = 8093;
const seed = readFileSync(new URL('../../e2e/seed/nginx-routing.conf', import.meta.url), 'utf8');

/**
 * The hand-written file with the lines of docs/alternatives.md, and the connect timeout that this page recommends. Like
 * in meet-gen's file, nginx never takes a server out.
 */
const routing = withResolve(seed)
  .replace('fail_timeout=0;', 'max_fails=0;')
  .replace('listen 8083;', 'listen 8083; access_log off; proxy_connect_timeout 2s;');

/** Starts the frontend on a node, beside the node's own frontend. */
export async function startResolvingFrontend({ manager, images }: Swarm, meet: SwarmMeet, node: SwarmNode): Promise<ResolvingFrontend> {
  await docker(manager, ['config', 'create', name, '-'], { stdin: routing });
  const where = ['--mode', 'global', '--constraint', `node.hostname==${node.name}`, '--endpoint-mode', 'dnsrr'];
  const links = ['--network', `${meet.name}_internal`, '--publish', `mode=host,target=8083,published=${port}`];
  const file = ['--config', `source=${name},target=/etc/nginx/conf.d/routing.conf`];
  await manager.docker('service', 'create', '--detach', '--no-resolve-image', '--name', name, ...where, ...links, ...file, images.frontend);
  await waitUntil('the frontend with resolve answers', async () => {
    const { status } = await node.get(port, '/api/v1.0/config/', { host: 'meet.example.com' }).catch(() => ({ status: 0 }));
    return status === 200;
  });
  return {
    port,
    async remove() {
      await manager.docker('service', 'rm', name);
      await manager.docker('config', 'rm', name);
    },
  };
}
