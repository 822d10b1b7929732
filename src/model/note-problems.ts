import type { Note } from './container.ts';
import { includesRouting } from './member.ts';
import type { Member } from './member.ts';
import { pastedName } from './pasted-name.ts';
import { problem } from './problem.ts';
import type { Problem } from './problem.ts';

/** The problems that the facts about a container lead to, apart from its place in the rotation. */
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
        message: 'the container has meet.drain=true, so it takes no new requests while other replicas can',
        cure: 'none needed if this is intended; otherwise recreate the container without the label',
      }),
    );
  }
  if (isRunning && note.drained === true) {
    problems.push(
      problem('drained', {
        ...about,
        message: 'an operator drained the container, so it takes no new requests while other replicas can',
        cure: `stop the container, or end the drain: meet-gen drain --cancel ${pastedName(container)}`,
      }),
    );
  }
  if (isRunning && note.stop === 'overdue') {
    problems.push(
      problem('stop-overdue', {
        ...about,
        message: 'the container got a stop signal 15 minutes ago and still runs, so it takes requests again',
        cure: 'stop the container (docker stop), or find out in its log why it does not end',
      }),
    );
  }
  if (note.crashes !== undefined) {
    problems.push(
      problem('crash-loop', {
        ...about,
        // Without the number: a changed text would be logged as a new problem at every crash.
        message: `the container crashed at least three times within a minute${includesRouting(member) ? '' : ', so after each start it has to run for a while before it gets requests'}`,
        cure: 'find out in the log of the container why it ends (docker logs)',
      }),
    );
  }
  if (isRunning && note.probe?.answer === 'unclear') {
    problems.push(
      problem('probe-unclear', {
        ...about,
        key: 'meet.health',
        message: `the probe of the container gets no clear answer (${note.probe.detail}), so the engine's health check decides`,
        cure: 'put meet-gen on a network of the container; for http set meet.host on the frontend, since the backend answers only allowed hosts',
      }),
    );
  }
  return problems;
}
