import { describe, expect, it } from 'vitest';
import type { Note } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import type { ContainerSketch } from '../../support/containers.ts';
import { backend, frontend, observe } from '../../support/containers.ts';

const codes = (note: Note, sketch: Partial<ContainerSketch> = {}): readonly string[] => {
  const one = backend(sketch);
  return readInstances(observe([frontend(), one], [], { [one.name]: note })).problems.map(({ code }) => code);
};

describe('problems of a container besides its place in the rotation', () => {
  it.each<[string, Note, Partial<ContainerSketch>, readonly string[]]>([
    ['nothing, when all is well', {}, {}, []],
    ['nothing of a stop in progress', { stop: 'in-progress' }, {}, []],
    ['a stop that never ended', { stop: 'overdue' }, {}, ['stop-overdue']],
    ['that an operator drained it', { drained: true }, {}, ['drained']],
    ['that its label drains it', {}, { labels: { 'meet.drain': 'true' } }, ['drained']],
    ['nothing of that once it has ended', { drained: true, stop: 'overdue' }, { state: 'exited' }, []],
    ['a crash loop, also while it is down', { crashes: 3, isOnCrashHold: true }, { state: 'restarting' }, ['crash-loop']],
    [
      'an unclear probe',
      { probe: { answer: 'unclear', detail: 'x', wasReady: false } },
      { labels: { 'meet.health': 'tcp' } },
      ['probe-unclear'],
    ],
    ['a clear probe', { probe: { answer: 'not-ready', detail: 'x', wasReady: false } }, { labels: { 'meet.health': 'tcp' } }, []],
  ])('%s', (_, note, sketch, expected) => {
    expect(codes(note, sketch)).toEqual(expected);
  });

  it('have the same text at every crash of a loop', () => {
    const one = backend();
    const reported = [3, 4, 5].map((crashes) => readInstances(observe([frontend(), one], [], { [one.name]: { crashes } })).problems);
    expect(new Set(reported.map((problems) => JSON.stringify(problems))).size).toBe(1);
  });

  it('include a frontend in a crash loop, which stays in use', () => {
    const one = frontend();
    const { instances, problems } = readInstances(observe([one], [], { [one.name]: { crashes: 3, isOnCrashHold: true } }));
    expect(problems).toMatchObject([{ code: 'crash-loop', container: one.name }]);
    expect(instances[0]?.frontends[0]?.standing.rank).toBe('ready');
  });
});
