import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import { turnsSince } from '../../../src/sidecar/turns.ts';
import type { NotedTurns, Turns } from '../../../src/sidecar/turns.ts';
import { backend, filesService, frontend, observe } from '../../support/containers.ts';

/** Returns a function that notes one look after the other, and returns the turns of each. */
function createNotes(): (...look: Parameters<typeof turnsSince> extends [unknown, ...infer Look] ? Look : never) => Turns {
  let before: NotedTurns | undefined;
  return (instance, view) => {
    const { turns, noted } = turnsSince(before, instance, view);
    before = noted;
    return turns;
  };
}

/** Notes the looks one after the other; returns the texts of the last. */
function turnsOf(...looks: readonly (readonly Container[])[]): readonly string[] {
  const note = createNotes();
  return looks.map((containers) => [...note(...read(containers)).values()]).at(-1) ?? [];
}

function read(containers: readonly Container[]) {
  const [instance] = readInstances(observe([frontend(), ...containers])).instances;
  if (instance === undefined) throw new Error('no instance was read, although there is a frontend');
  return [instance, planRouting(instance, []).view] as const;
}

const one = backend({ name: 'one', health: 'healthy', networks: { meet_default: '172.18.0.5/16' } });
const two = (part: Parameters<typeof backend>[0] = {}): Container =>
  backend({ name: 'two', health: 'healthy', networks: { meet_default: '172.18.0.6/16' }, ...part });

describe('the log of containers', () => {
  it.each<[string, readonly (readonly Container[])[], readonly string[]]>([
    ['nothing at the first look if all is well', [[one, two()]], []],
    [
      'a replica that is out at the first look',
      [[one, two({ health: 'starting' })]],
      ['two: out of rotation: health check has not passed yet, and others are better'],
    ],
    [
      'an unhealthy replica in rotation at the first look',
      [[two({ health: 'unhealthy' })]],
      ['two: in rotation: health check fails, and no replica is better'],
    ],
    [
      'nothing without a change',
      [
        [one, two({ health: 'unhealthy' })],
        [one, two({ health: 'unhealthy' })],
      ],
      [],
    ],
    ['a new replica', [[one], [one, two()]], ['two: in rotation: healthy']],
    [
      'a new replica that is out',
      [[one], [one, two({ health: 'unhealthy' })]],
      ['two: out of rotation: health check fails, and others are better'],
    ],
    [
      'a replica that turned unhealthy',
      [
        [one, two()],
        [one, two({ health: 'unhealthy' })],
      ],
      ['two: out of rotation: health check fails, and others are better'],
    ],
    [
      'a replica that ended',
      [
        [one, two()],
        [one, two({ state: 'exited' })],
      ],
      ['two: out of rotation: exited'],
    ],
    ['a removed replica', [[one, two()], [one]], ['two: out of rotation: removed']],
    [
      'no replica that ended while it was out',
      [
        [one, two({ health: 'unhealthy' })],
        [one, two({ state: 'exited' })],
      ],
      [],
    ],
    ['no replica that was only created', [[one], [one, two({ state: 'created' })]], []],
    ['no replica that was removed while it was out', [[one, two({ state: 'exited' })], [one]], []],
  ])('shows %s', (_, looks, texts) => {
    expect(turnsOf(...looks)).toEqual(texts);
  });

  it('shows no replica before the routes have its service', () => {
    const note = createNotes();
    const [before, without] = read([one]);
    note(before, without);
    const [after, view] = read([one, filesService({ labels: { 'meet.paths': '/files' } })]);
    expect([...note(after, without).values()]).toEqual([]);
    expect([...note(after, view).values()]).toEqual([expect.stringMatching(/files.*: in rotation: running/)]);
    expect([...note(after, view).values()]).toEqual([]);
  });
});
