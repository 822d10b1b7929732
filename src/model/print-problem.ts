import type { Problem } from './problem.ts';

/** The label that a problem is about, with its value where that is told; undefined for none. */
export function labelOf({ key, value }: { readonly key?: string | undefined; readonly value?: string | undefined }): string | undefined {
  return key === undefined || value === undefined ? key : `${key}=${value}`;
}

/** A problem in two lines: what is wrong with what, and how to mend it. */
export function printProblem({ severity, code, container, key, value, message, cure }: Problem): readonly string[] {
  const about = [container, labelOf({ key, value })].filter((part) => part !== undefined);
  return [`${severity} ${code}${about.length === 0 ? '' : ` (${about.join(', ')})`}: ${message}`, `  cure: ${cure}`];
}
