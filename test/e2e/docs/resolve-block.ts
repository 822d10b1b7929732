import { documentedBlock } from '../../support/docs/pages.ts';

/** The hand-written routing.conf with the lines of docs/alternatives.md in place of its upstream. */
export function withResolve(handWritten: string): string {
  const changed = handWritten.replace(/^upstream meet_backend \{[^}]*\}/m, documentedBlock('docs/alternatives.md', 'resolve'));
  if (changed === handWritten) throw new Error('the hand-written file has no upstream meet_backend');
  return changed;
}
