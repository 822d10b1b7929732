import ipaddr from 'ipaddr.js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { readLabels } from '../../../src/model/labels.ts';
import { isIdentityLabel } from '../../../src/model/member.ts';
import { backend, container, frontend, observe } from '../../support/containers.ts';

/* The cost of one container's labels, counted: it must not delay the routes of other containers. */

/** A container that records which of its labels were read; listing all labels is recorded too. */
function watched(one: Container): { readonly container: Container; readonly looked: Set<string> } {
  const looked = new Set<string>();
  const labels = new Proxy(one.labels, {
    get(target, key) {
      looked.add(String(key));
      return target[String(key)];
    },
    ownKeys(target) {
      looked.add('all of them');
      return Reflect.ownKeys(target);
    },
  });
  return { container: { ...one, labels }, looked };
}

const others = {
  'another project': backend({ name: 'other', project: 'other' }),
  'another instance of the same project': backend({ name: 'other', labels: { 'meet.instance': 'other' } }),
  'no project': container({ name: 'other', labels: { 'meet.role': 'service', 'meet.paths': '/x' } }),
  'a project that no instance can be named after': backend({ name: 'other', project: 'Stack.A' }),
  'an unreadable role': backend({ name: 'other', project: 'other', labels: { 'meet.role': 'frontened' } }),
  'an unreadable meet.instance': backend({ name: 'other', project: 'other', labels: { 'meet.instance': 'Meet!' } }),
};

function unread(labels: Readonly<Record<string, string>>, name: string): Container {
  return { ...container({ name, labels }), unreadable: 'it has too much' };
}

function networks(count: number): string {
  return Array.from({ length: count }, (_, index) => `::${index.toString(16)}`).join(',');
}

describe('with --instance', () => {
  it.each(Object.entries(others))('reads only the labels that decide the instance of a container of %s', (_, other) => {
    const { container: one, looked } = watched(other);
    const notes = { [one.name]: { stop: 'in-progress' as const } };
    const { instances, problems } = readInstances(observe([frontend(), backend(), one], [], notes), { only: 'meet' });
    expect(instances.map(({ name, services }) => [name, services.flatMap(({ replicas }) => replicas).length])).toEqual([['meet', 1]]);
    expect(problems).toEqual([]);
    expect([...looked].filter((key) => !isIdentityLabel(key))).toEqual([]);
    expect(looked.size).toBeGreaterThan(0);
  });

  it('puts a container with an unreadable meet.instance into the instance of its project, with a problem', () => {
    const odd = backend({ name: 'odd', labels: { 'meet.instance': 'Meet!', 'meet.port': 'x' } });
    const { instances, problems } = readInstances(observe([frontend(), odd]), { only: 'meet' });
    expect(instances[0]?.services[0]?.replicas).toHaveLength(1);
    expect(problems.map(({ key }) => key)).toEqual(['meet.instance', 'meet.port']);
  });

  it('reports an unread container to its own instance, or to all instances if its own is unknown', () => {
    const all = [
      frontend(),
      backend(),
      unread({ 'meet.role': 'service', 'meet.instance': 'meet' }, 'own'),
      unread({ 'meet.role': 'service', 'meet.instance': 'other' }, 'foreign'),
      unread({}, 'unknown'),
    ];
    const reported = (only?: string): readonly (string | undefined)[] =>
      readInstances(observe(all), { only })
        .problems.filter(({ code }) => code === 'container-unreadable')
        .map((one) => one.container);
    expect(reported('meet')).toEqual(['own', 'unknown']);
    expect(reported()).toEqual(['own', 'foreign', 'unknown']);
  });
});

describe('a guard', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each([
    ['64 networks are read', { 'meet.allow.a': `/x from ${networks(64)}` }, 64],
    ['of more than 64 networks none is read', { 'meet.allow.a': `/x from ${networks(2000)}` }, 0],
    [
      '33 of them are not read: all is closed then',
      Object.fromEntries(Array.from({ length: 33 }, (_, name) => [`meet.allow.a${name}`, `/x from ${networks(64)}`])),
      0,
    ],
  ])('%s', (_, labels, expected) => {
    const read = vi.spyOn(ipaddr.IPv6, 'isValid');
    const { labels: found } = readLabels(backend({ labels }));
    expect(read.mock.calls.length).toBe(expected);
    if (expected === 0)
      expect(found.allow?.closesAll === true || found.allow?.rules.every((rule) => rule.networks.length === 0)).toBe(true);
  });
});

describe('hundreds of unknown labels', () => {
  it('are reported as twenty problems and a number, next to any other problems', () => {
    const unknown = Object.fromEntries(Array.from({ length: 480 }, (_, index) => [`meet.x${index}`, '']));
    const { problems } = readLabels(backend({ labels: { ...unknown, 'meet.port': 'x', 'meet.allow.A': '/x from ::1' } }));
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)?.message).toMatch(/^46[0-2] more labels/);
    expect(problems.some(({ code }) => code === 'allow-unreadable')).toBe(true);
  });
});
