import type { Container } from './container.ts';
import { parseEngineName } from '../nginx/token.ts';

/**
 * The name of a container for a command to paste into a shell: the container's own only where the shell reads it as one
 * word.
 */
export function pastedName({ name, id }: Pick<Container, 'name' | 'id'>): string {
  return parseEngineName(name) ?? parseEngineName(id.slice(0, 12)) ?? '<its id>';
}
