import { readFileSync } from 'node:fs';
import type { CommandOptions } from '../support/built-command.ts';

const dockerfile = new URL('../../Dockerfile', import.meta.url);

/**
 * The options that start the built command as the image does: Node's flags and the allocator's setting.
 * @throws Error if the Dockerfile lacks the flags or the setting
 */
export function imageOptions(): CommandOptions {
  const text = readFileSync(dockerfile, 'utf8');
  const words = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(text)?.[1] ?? '[]') as readonly string[];
  const [arenas] = /(?<=MALLOC_ARENA_MAX=)\d+/.exec(text) ?? [];
  if (words[0] !== 'node' || arenas === undefined)
    throw new Error('the Dockerfile needs an ENTRYPOINT with node, and MALLOC_ARENA_MAX: the bench starts meet-gen with both');
  const flags = words.slice(1).filter((word) => word.startsWith('--'));
  return { env: { MALLOC_ARENA_MAX: arenas }, wrap: (program, args) => [program, ...flags, ...args] };
}
