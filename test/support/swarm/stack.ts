import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCommand } from '../../providers/run-command.ts';
import { waitUntil } from '../wait-until.ts';
import type { Swarm, SwarmNode } from './swarm.ts';

/** A deployed stack. */
export interface Stack {
  readonly name: string;
  /** The full name of a service, for example `meet_frontend` of `frontend`. */
  service(name: string): string;
  /** Runs `docker service update` on a service. */
  update(service: string, ...args: readonly string[]): Promise<void>;
  /** Replaces all tasks of a service by `docker service update`, and waits until Swarm has done it. */
  replace(service: string, ...args: readonly string[]): Promise<void>;
  scale(service: string, replicas: number): Promise<void>;
  /** Removes the stack with its volumes, and waits until no node has any of it. */
  remove(): Promise<void>;
}

const updateState = '{{with .UpdateStatus}}{{.State}}{{end}}';
const label = 'com.docker.stack.namespace';
const removeLimitMs = 120_000;
const updateLimitMs = 180_000;

interface StackFiles {
  /** The files of the checkout, with `stack.yml`. */
  readonly files: Readonly<Record<string, string>> & { readonly 'stack.yml': string };
  /** Commands of the user's shell before the deployment, such as reading `.env`. */
  readonly settings?: string;
}

/** Runs `docker stack deploy` in a folder with these files. */
export async function deployStack({ manager, nodes }: Swarm, name: string, { files, settings = '' }: StackFiles): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), 'mg-stack-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    const deploy = ['stack', 'deploy', '--detach', '--resolve-image', 'never', '--compose-file', 'stack.yml', name];
    await runCommand('sh', ['-c', `${settings}\nexec "$@"`, 'sh', manager.dockerCli, ...deploy], { cwd: folder, env: manager.env });
  } finally {
    rmSync(folder, { recursive: true });
  }
  const service = (part: string): string => `${name}_${part}`;
  const update = async (part: string, ...args: readonly string[]): Promise<void> => {
    await manager.docker('service', 'update', '--detach', '--no-resolve-image', ...args, service(part));
  };
  return {
    name,
    service,
    update,
    async replace(part, ...args) {
      await update(part, '--force', ...args);
      let state = '';
      await waitUntil(
        `the update of ${service(part)} is complete`,
        // There is no state until Swarm begins.
        async () => (state = await manager.docker('service', 'inspect', '--format', updateState, service(part))).trim() === 'completed',
        updateLimitMs,
        () => state,
      );
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
