import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import { turnsSince } from '../../../src/sidecar/turns.ts';
import type { NotedTurns, Turns } from '../../../src/sidecar/turns.ts';
import { backend, filesService, frontend, observe } from '../../support/containers.ts';

/** Notes one look after the other, and returns what has turned at each. */
function createNotes(): (...look: Parameters<typeof turnsSince> extends [unknown, ...infer Look] ? Look : never) => Turns {
  let before: NotedTurns | undefined;
  return (instance, view) => {
    const { turns, noted } = turnsSince(before, instance, view);
    before = noted;
    return turns;
  };
}

/** Notes one after the other; what was told at the last. */
function turnsOf(...looks: readonly (readonly Container[])[]): readonly string[] {
  const note = createNotes();
  return looks.map((containers) => [...note(...read(containers)).values()]).at(-1) ?? [];
}

function read(containers: readonly Container[]) {
  const [instance] = readInstances(observe([frontend(), ...containers])).instances;
  if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
  return [instance, planRouting(instance, []).view] as const;
}

const one = backend({ name: 'one', health: 'healthy', networks: { meet_default: '172.18.0.5/16' } });
const two = (part: Parameters<typeof backend>[0] = {}): Container =>
  backend({ name: 'two', health: 'healthy', networks: { meet_default: '172.18.0.6/16' }, ...part });

describe('what has become of containers', () => {
  it.each<[string, readonly (readonly Container[])[], readonly string[]]>([
    ['nothing at first where all is as it should be', [[one, two()]], []],
    [
      'at first who is not',
      [[one, two({ health: 'starting' })]],
      ['two: out of rotation: health check has not passed yet, and others are better'],
    ],
    [
      'at first who has nobody better',
      [[two({ health: 'unhealthy' })]],
      ['two: in rotation: health check fails, and no replica is better'],
    ],
    [
      'nothing where nothing changed',
      [
        [one, two({ health: 'unhealthy' })],
        [one, two({ health: 'unhealthy' })],
      ],
      [],
    ],
    ['one that came', [[one], [one, two()]], ['two: in rotation: healthy']],
    [
      'one that came and is out',
      [[one], [one, two({ health: 'unhealthy' })]],
      ['two: out of rotation: health check fails, and others are better'],
    ],
    [
      'one that turned unhealthy',
      [
        [one, two()],
        [one, two({ health: 'unhealthy' })],
      ],
      ['two: out of rotation: health check fails, and others are better'],
    ],
    [
      'one that ended',
      [
        [one, two()],
        [one, two({ state: 'exited' })],
      ],
      ['two: out of rotation: exited'],
    ],
    ['one that is gone', [[one, two()], [one]], ['two: out of rotation: removed']],
    [
      'not one that was out and ended, or was created',
      [
        [one, two({ health: 'unhealthy' })],
        [one, two({ state: 'exited' })],
      ],
      [],
    ],
    ['not one that was created only', [[one], [one, two({ state: 'created' })]], []],
    ['not one that was out and is gone', [[one, two({ state: 'exited' })], [one]], []],
  ])('is %s', (_, looks, told) => {
    expect(turnsOf(...looks)).toEqual(told);
  });

  it('is not one that the routes lack, until they have it', () => {
    const note = createNotes();
    const [before, without] = read([one]);
    note(before, without);
    const [after, view] = read([one, filesService({ labels: { 'meet.paths': '/files' } })]);
    expect([...note(after, without).values()]).toEqual([]);
    expect([...note(after, view).values()]).toEqual([expect.stringMatching(/files.*: in rotation: running/)]);
    expect([...note(after, view).values()]).toEqual([]);
  });
});
