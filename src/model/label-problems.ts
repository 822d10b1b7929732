import type { Container } from './container.ts';
import type { Role } from './label-table.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';

/** A label that is read on other roles alone. @param roles those */
export function labelWithoutEffect(
  { name: container }: Container,
  key: string,
  value: string,
  role: Role,
  roles: readonly Role[],
): Problem {
  return problem('label-without-effect', {
    container,
    key,
    value,
    message: `${key} has no effect on a container with meet.role=${role}`,
    cure: `remove it, or put it on: ${roles.join(', ')}`,
  });
}

/** A key that is meant for us and is none of ours. */
export function unknownLabel({ name: container }: Container, key: string, value: string, cure: string): Problem {
  return problem('unknown-label', { container, key, value, message: 'meet-gen knows no such label; it is ignored', cure });
}
