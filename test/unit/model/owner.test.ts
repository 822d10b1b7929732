import { describe, expect, it } from 'vitest';
import { readInstances } from '../../../src/model/read-instances.ts';
import { assumedOwner, decideOwner } from '../../../src/model/owner.ts';
import { backend, frontend, observe } from '../../support/containers.ts';

const known = (project: string): ReadonlyMap<string, string> => new Map([['prod', project]]);

function reported(claimants: readonly string[], owners = {}): readonly unknown[] {
  return assumedOwner('prod', { project: 'visio', reason: 'first' }, claimants, owners).map(({ code, value }) => [code, value]);
}

describe('the owner of an instance', () => {
  it.each([
    ['whom --project names, before all others', { given: known('a'), remembered: known('b') }, ['prod', 'a'], 'a', 'option'],
    ['whom --project names, though it is not there', { given: known('a'), remembered: known('b') }, ['prod'], 'a', 'option'],
    ['who is remembered, before a namesake', { remembered: known('visio') }, ['prod', 'visio'], 'visio', 'remembered'],
    ['who is remembered, though only others are there', { remembered: known('visio') }, ['aaa'], 'visio', 'remembered'],
    ['a remembered namesake, which is known by its name', { remembered: known('prod') }, ['aaa'], 'prod', 'name'],
    ['a namesake, before one that sorts first', {}, ['aaa', 'prod'], 'prod', 'name'],
    ['the first by name', {}, ['visio', 'aaa', undefined], 'aaa', 'first'],
    ['a real project, before containers of none', {}, [undefined, 'visio'], 'visio', 'first'],
    ['the same for another instance that is known', { given: new Map([['test', 'a']]) }, ['visio'], 'visio', 'first'],
  ] as const)('is %s', (_, owners, claimants, project, reason) => {
    expect(decideOwner('prod', claimants, owners, false)).toEqual({ project, reason });
    expect(decideOwner('prod', claimants.toReversed(), owners, false)).toEqual({ project, reason });
  });

  it('is missing if no container has a project', () => {
    expect(decideOwner('prod', [undefined, undefined], {}, false)).toEqual({});
  });

  it('is not chosen from several claimants with --strict-instance', () => {
    expect(decideOwner('prod', ['visio', 'aaa', 'visio'], {}, true)).toEqual({ undecided: ['aaa', 'visio'] });
    expect(decideOwner('prod', ['visio', undefined, 'visio'], {}, true)).toEqual({ project: 'visio', reason: 'first' });
    expect(decideOwner('prod', ['prod', 'aaa'], {}, true)).toEqual({ project: 'prod', reason: 'name' });
  });

  it('is missing if several projects claim the instance and the memory is unreadable', () => {
    const unread = { remembered: new Map(), unread: new Set(['prod']) };
    expect(decideOwner('prod', ['prod', 'aaa'], unread, false)).toEqual({ undecided: ['aaa', 'prod'] });
    expect(decideOwner('prod', ['visio', undefined], unread, false)).toEqual({ project: 'visio', reason: 'first' });
    expect(decideOwner('prod', ['prod', 'aaa'], { ...unread, given: known('visio') }, false)).toEqual({
      project: 'visio',
      reason: 'option',
    });
  });

  it('is reported if a single pass assumes it', () => {
    expect(reported(['visio', 'aaa'])).toEqual([['owner-assumed', 'visio']]);
    expect(reported(['visio', 'visio'])).toEqual([]);
    expect(reported(['visio', 'aaa'], { remembered: new Map() })).toEqual([]);
  });
});

const inProd = { 'meet.instance': 'prod' };
const networks = { proxy: '172.20.0.2/16' };
const victims = [
  frontend({ name: 'visio-frontend-1', project: 'visio', labels: inProd, networks }),
  backend({ name: 'visio-backend-1', project: 'visio', labels: inProd, networks: { proxy: '172.20.0.3/16' } }),
];
const strangers = [
  frontend({ name: 'aaa-frontend-1', project: 'aaa', labels: inProd, networks: { proxy: '172.20.0.4/16' } }),
  backend({ name: 'aaa-backend-1', project: 'aaa', labels: inProd, networks: { proxy: '172.20.0.5/16' } }),
];

describe('an instance', () => {
  it.each([false, true])('stays the same with strangers that claim it (strict: %s)', (strict) => {
    const choice = { strict, remembered: known('visio') };
    const alone = readInstances(observe(victims), choice).instances[0];
    const beside = readInstances(observe([...strangers, ...victims]), choice).instances[0];
    expect(beside?.project).toBe('visio');
    expect(beside?.frontendLabels).toEqual(alone?.frontendLabels);
    expect(beside?.services.find(({ project }) => project === 'visio')).toEqual(alone?.services[0]);
    if (strict) expect(beside).toEqual(alone);
  });

  it("has no frontend if its owner has no frontend: other projects don't replace it", () => {
    const { instances, problems } = readInstances(observe([...strangers, ...victims.slice(1)]), { remembered: known('visio') });
    expect(instances[0]).toMatchObject({ project: 'visio', frontends: [] });
    expect(problems.filter(({ code }) => code === 'no-frontend')).toMatchObject([
      { instance: 'prod', cure: expect.stringContaining('--project prod=') },
    ]);
  });

  it('stays unchanged if several projects claim it with --strict-instance, and the problem names them', () => {
    const { instances, problems } = readInstances(observe([...strangers, ...victims]), { strict: true, remembered: new Map() });
    expect(instances).toEqual([{ name: 'prod', frontendLabels: {}, frontends: [], services: [] }]);
    expect(problems).toMatchObject([{ code: 'owner-undecided', value: 'aaa, visio', cure: expect.stringContaining('--project prod=') }]);
  });
});
