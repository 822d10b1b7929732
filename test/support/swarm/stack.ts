import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { waitUntil } from '../wait-until.ts';
import type { Swarm, SwarmNode } from './swarm.ts';

/** A deployed stack. */
export interface Stack {
  readonly name: string;
  /** The full name of a service, for example `meet_frontend` of `frontend`. */
  service(name: string): string;
  /** Runs `docker service update` on a service and returns at once. */
  update(service: string, ...args: readonly string[]): Promise<void>;
  scale(service: string, replicas: number): Promise<void>;
  /** Removes the stack with its volumes, and waits until no node has any of it. */
  remove(): Promise<void>;
}

const label = 'com.docker.stack.namespace';
const removeLimitMs = 120_000;

/** Runs `docker stack deploy` with the text of a stack file, and the files that it names. */
export async function deployStack(
  { manager, nodes }: Swarm,
  name: string,
  text: string,
  files: Readonly<Record<string, string>> = {},
): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), 'mg-stack-'));
  try {
    for (const [path, content] of Object.entries({ 'stack.yml': text, ...files })) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    await manager.docker('stack', 'deploy', '--detach', '--resolve-image', 'never', '--compose-file', join(folder, 'stack.yml'), name);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const service = (part: string): string => `${name}_${part}`;
  return {
    name,
    service,
    async update(part, ...args) {
      await manager.docker('service', 'update', '--detach', '--no-resolve-image', ...args, service(part));
    },
    async scale(part, replicas) {
      await manager.docker('service', 'scale', '--detach', `${service(part)}=${replicas}`);
    },
    async remove() {
      await manager.docker('stack', 'rm', '--detach', name);
      await waitUntil(
        `the stack ${name} is gone`,
        async () => (await Promise.all(nodes.map((node) => isGone(node, name)))).every(Boolean),
        removeLimitMs,
      );
    },
  };
}

/** Volumes of a stack stay until someone removes them, and can't be removed before their containers. */
async function isGone(node: SwarmNode, stack: string): Promise<boolean> {
  const list = (kind: string): Promise<string> => node.docker(kind, 'ls', '--quiet', '--filter', `label=${label}=${stack}`);
  const containers = await node.docker('container', 'ls', '--all', '--quiet', '--filter', `label=${label}=${stack}`);
  if (containers !== '') return false;
  const volumes = (await list('volume')).split('\n').filter(Boolean);
  if (volumes.length > 0) await node.docker('volume', 'rm', ...volumes);
  return (await list('network')) === '';
}
