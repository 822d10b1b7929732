import type { Problem } from './problem.ts';

type About = Pick<Problem, 'message'> & { readonly [Name in 'key' | 'value']?: string | undefined };

/** The label of a problem with its value; a value alone (a project, a file) unless the message contains it. */
export function labelOf({ key, value, message }: About): string | undefined {
  if (key !== undefined) return value === undefined ? key : `${key}=${value}`;
  return value === undefined || message.includes(value) ? undefined : value;
}

/** A problem in two lines: message with container and label, then the cure. */
export function printProblem(item: Problem): readonly string[] {
  const about = joined(item.container, labelOf(item));
  return [`${item.severity} ${item.code}${about === '' ? '' : ` (${about})`}: ${item.message}`, `  cure: ${item.cure}`];
}

/** A problem in one line, with the instance. */
export function problemLine(item: Problem): string {
  const about = joined(item.instance, item.container, labelOf(item));
  return `${item.severity}: ${about === '' ? '' : `${about}: `}${item.message}; ${item.cure} (${item.code})`;
}

function joined(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(', ');
}
