import { readFileSync } from 'node:fs';
import type { CommandOptions } from '../support/built-command.ts';

const dockerfile = new URL('../../Dockerfile', import.meta.url);

/**
 * How the built command is started as in the image: Node with the flags of its entry point, and the allocator's setting.
 * @throws Error when the Dockerfile doesn't say
 */
export function asInImage(): CommandOptions {
  const text = readFileSync(dockerfile, 'utf8');
  const words = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(text)?.[1] ?? '[]') as readonly string[];
  const [arenas] = /(?<=MALLOC_ARENA_MAX=)\d+/.exec(text) ?? [];
  if (words[0] !== 'node' || arenas === undefined)
    throw new Error('the Dockerfile has no ENTRYPOINT of node and no MALLOC_ARENA_MAX: the bench takes from there how meet-gen is started');
  const flags = words.slice(1).filter((word) => word.startsWith('--'));
  return { env: { MALLOC_ARENA_MAX: arenas }, wrap: (program, args) => [program, ...flags, ...args] };
}
