import { dirname } from 'node:path';
import { runCommand } from '../../providers/run-command.ts';
import { documentedBlock } from '../docs/pages.ts';
import type { SwarmNode } from './swarm.ts';

/** The node's name on the page, and in the tests; images have the tests' stand-ins, and no registry to ask. */
const substitutes: readonly (readonly [page: RegExp, test: string])[] = [
  [/\bnode-(\d)\b/g, 'swarm-$1'],
  [/\bdocker stack deploy\b/g, 'docker stack deploy --detach --resolve-image never'],
  [/\bdocker service update --image\b/g, 'docker service update --no-resolve-image --image'],
];

/** Runs a named block of docs/swarm.md in a shell on a node. Only the names in `substitutes` differ. */
export async function runBlock(node: SwarmNode, block: string, cwd = '/'): Promise<string> {
  const script = substitutes.reduce((text, [page, test]) => text.replace(page, test), documentedBlock('docs/swarm.md', block));
  const path = [dirname(node.dockerCli), process.env['PATH']].join(':');
  return runCommand('sh', ['-ec', script], { cwd, env: { ...node.env, PATH: path } });
}
