import type { Note } from './container.ts';
import { includesRouting } from './member.ts';
import type { Member } from './member.ts';
import { pastedName } from './pasted-name.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';

/** What a person should know of a container besides its place in the rotation. */
export function noteProblems(member: Member, note: Note): readonly Problem[] {
  const { container, instance, labels } = member;
  const about = { instance, container: container.name };
  const isRunning = container.state === 'running';
  const problems: Problem[] = [];
  if (isRunning && labels.drain === true) {
    problems.push(
      problem('drained', {
        ...about,
        key: 'meet.drain',
        value: 'true',
        message: 'the container takes no new requests while others can: its label says so',
        cure: 'nothing, if that is meant; otherwise recreate it without the label',
      }),
    );
  }
  if (isRunning && note.drained === true) {
    problems.push(
      problem('drained', {
        ...about,
        message: 'the container takes no new requests while others can: meet-gen was told to drain it',
        cure: `stop it, or let it take requests again: meet-gen drain --cancel ${pastedName(container)}`,
      }),
    );
  }
  if (isRunning && note.stop === 'overdue') {
    problems.push(
      problem('stop-overdue', {
        ...about,
        message: 'the container got a stop signal 15 minutes ago and still runs; it takes requests again',
        cure: 'stop it for good (docker stop), or see in its log why it does not end',
      }),
    );
  }
  if (note.crashes !== undefined) {
    problems.push(
      problem('crash-loop', {
        ...about,
        // Without the number: the same problem must not be told again at every crash.
        message: `the container ends by itself again and again, three times and more within a minute${includesRouting(member) ? '' : '; after each start it has to run for a while before it gets requests'}`,
        cure: 'read its log (docker logs): it says why it ends',
      }),
    );
  }
  if (isRunning && note.probe?.answer === 'unclear') {
    problems.push(
      problem('probe-unclear', {
        ...about,
        key: 'meet.health',
        message: `its probe gets no answer that decides anything (${note.probe.detail}); the engine's health holds`,
        cure: "put meet-gen on a network of the container's; for http set meet.host on the frontend, since the backend answers allowed hosts only",
      }),
    );
  }
  return problems;
}
