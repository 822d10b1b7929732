import type { Container } from './container.ts';
import { parseEngineName } from '../nginx/token.ts';

/** A name that somebody will paste into a shell: a container's own only if it is a plain one. */
export function pastedName({ name, id }: Pick<Container, 'name' | 'id'>): string {
  return parseEngineName(name) ?? parseEngineName(id.slice(0, 12)) ?? '<its id>';
}
