import type { Problem } from './problem.ts';

/** A problem in two lines: what is wrong with what, and how to mend it. */
export function printProblem({ severity, code, container, key, value, message, cure }: Problem): readonly string[] {
  const about = [container, key === undefined || value === undefined ? key : `${key}=${value}`].filter((part) => part !== undefined);
  return [`${severity} ${code}${about.length === 0 ? '' : ` (${about.join(', ')})`}: ${message}`, `  cure: ${cure}`];
}
