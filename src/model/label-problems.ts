import type { Container } from './container.ts';
import type { Role } from './label-table.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';

/** The problem of a label that has no effect on this role. @param roles the roles on which the label has an effect */
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
    cure: `remove the label, or put it on: ${roles.join(', ')}`,
  });
}

/** The problem of a key that looks like a label of meet-gen but is unknown. */
export function unknownLabel({ name: container }: Container, key: string, value: string, cure: string): Problem {
  return problem('unknown-label', { container, key, value, message: 'meet-gen does not know this label and ignores it', cure });
}
