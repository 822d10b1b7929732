import { describe, expect, it } from 'vitest';
import { createEngineView } from '../../../src/source/engine-view.ts';
import type { EngineView } from '../../../src/source/engine-view.ts';
import { entriesWithoutId } from '../../../src/model/container.ts';
import type { Container } from '../../../src/model/container.ts';
import { container } from '../../support/containers.ts';

const { signal } = new AbortController();
let now = 1_000_000;
const nowMs = (): number => now;
const longAgo = (): number => now - 1000;

/** An engine of these containers, and what it was asked for: the ids, or all. */
function engineOf(...containers: readonly Container[]): {
  readonly asked: (readonly string[] | 'all')[];
  readonly there: Map<string, Container>;
  fails: boolean;
  readonly view: EngineView;
} {
  const there = new Map(containers.map((one) => [one.id, one]));
  const engine = {
    asked: [] as (readonly string[] | 'all')[],
    there,
    fails: false,
    view: createEngineView((_, ids) => {
      engine.asked.push(ids ?? 'all');
      if (engine.fails) return Promise.reject(new Error('no answer'));
      return Promise.resolve([...there.values()].filter(({ id }) => ids?.includes(id) ?? true).map((one) => structuredClone(one)));
    }, nowMs),
  };
  engine.view.hear(true);
  return engine;
}

const many = (count: number): readonly Container[] =>
  Array.from({ length: count }, (_, index) => container({ id: `id-${index}`, name: `name-${index}` }));

describe('what a look asks the engine for', () => {
  it('all the first time, and nothing when nothing happened since', async () => {
    const { view, asked } = engineOf(...many(3));
    expect(await view.look(signal)).toHaveLength(3);
    expect(await view.look(signal)).toHaveLength(3);
    expect(asked).toEqual(['all']);
  });

  it('after an event its container alone, and once more; of a few all of them every ten seconds', async () => {
    const { view, asked } = engineOf(...many(3));
    await view.look(signal);
    for (const id of ['id-1', 'id-2']) {
      view.touch(id, now);
      await view.look(signal);
      now += 50;
      await view.look(signal);
      await view.look(signal);
      now += 10_000;
    }
    expect(asked).toEqual(['all', ['id-1'], ['id-1'], ['id-2'], 'all']);
  });

  it('all in the end after an event of one that the engine has not got', async () => {
    const { view, asked } = engineOf(...many(300));
    await view.look(signal);
    view.touch('ID-1', now);
    await view.look(signal);
    now += 50;
    await view.look(signal);
    expect(asked).toEqual(['all', ['ID-1'], 'all']);
  });

  it('not all after the end of one that had been seen', async () => {
    const { view, asked, there } = engineOf(...many(300));
    await view.look(signal);
    there.delete('id-1');
    view.touch('id-1', now);
    await view.look(signal);
    now += 50;
    await view.look(signal);
    expect(asked).toEqual(['all', ['id-1'], ['id-1']]);
  });

  it('of many at last the same container once more', async () => {
    const { view, asked } = engineOf(...many(201));
    await view.look(signal);
    view.touch('id-7', longAgo());
    await view.look(signal);
    await view.look(signal);
    expect(asked).toEqual(['all', ['id-7']]);
  });

  it('all when that much has happened that one by one costs more', async () => {
    const { view, asked } = engineOf(...many(300));
    await view.look(signal);
    for (let index = 0; index < 17; index += 1) view.touch(`id-${index}`, longAgo());
    await view.look(signal);
    expect(asked).toEqual(['all', 'all']);
  });

  it('with a container the owner of its network', async () => {
    const guest = container({ id: 'guest', name: 'guest', networkMode: 'container:owner' });
    const { view, asked } = engineOf(guest, container({ id: 'owner', name: 'owner' }), ...many(200));
    await view.look(signal);
    view.touch('guest', nowMs());
    await view.look(signal);
    expect(asked.at(-1)).toEqual(['guest', 'owner']);
  });

  it('all while no event is heard', async () => {
    const { view, asked } = engineOf(...many(3));
    await view.look(signal);
    view.hear(false);
    await view.look(signal);
    await view.look(signal);
    view.hear(true);
    await view.look(signal);
    expect(asked).toEqual(['all', 'all', 'all']);
  });

  it('all until such a list has begun late enough', async () => {
    const { view, asked } = engineOf(...many(3));
    await view.look(signal);
    const soonMs = nowMs() + 30;
    view.touchAll(soonMs);
    await view.look(signal);
    now = soonMs;
    await view.look(signal);
    await view.look(signal);
    expect(asked).toEqual(['all', 'all', 'all']);
  });

  it('what happened while it was under way', async () => {
    const { view, asked } = engineOf(...many(3));
    await view.look(signal);
    view.touch('id-1', now);
    const looking = view.look(signal);
    view.touch('id-2', now);
    view.touchAll(now);
    await looking;
    await view.look(signal);
    expect(asked).toEqual(['all', ['id-1'], 'all']);
  });

  it('again what it got no answer for', async () => {
    const engine = engineOf(...many(201));
    await engine.view.look(signal);
    engine.view.touch('id-3', longAgo());
    engine.fails = true;
    await expect(engine.view.look(signal)).rejects.toThrow('no answer');
    engine.fails = false;
    await engine.view.look(signal);
    expect(engine.asked).toEqual(['all', ['id-3'], ['id-3']]);
  });
});

const isOurs = ({ name }: Container): boolean => name.startsWith('our');

describe('whose events matter', () => {
  it('those of ours, of the owner of our network, and of anybody who has not been seen', async () => {
    const ours = [container({ id: 'ours', name: 'ours' }), container({ id: 'guest', name: 'our-guest', networkMode: 'container:vpn' })];
    const { view } = engineOf(...ours, container({ id: 'vpn', name: 'vpn' }), ...many(2));
    expect(view.concerns('id-1', isOurs)).toBe(true);
    await view.look(signal);
    expect(['ours', 'vpn', 'unseen', 'id-1'].map((id) => view.concerns(id, isOurs))).toEqual([true, true, true, false]);
  });
});

describe('what a look shows', () => {
  it('a container as it is now, one that is new, and no more one that is gone; the others as they were', async () => {
    const { view, there } = engineOf(...many(300));
    const before = await view.look(signal);
    there.set('id-1', container({ id: 'id-1', name: 'name-1', state: 'exited' }));
    there.set('new', container({ id: 'new', name: 'new' }));
    there.delete('id-2');
    for (const id of ['id-1', 'id-2', 'new']) view.touch(id, nowMs());
    const after = new Map((await view.look(signal)).map((one) => [one.id, one]));
    expect(after.size).toBe(300);
    expect(after.get('id-1')?.state).toBe('exited');
    expect(after.has('id-2')).toBe(false);
    expect(after.get('new')?.name).toBe('new');
    expect(after.get('id-9')).toBe(before.find(({ id }) => id === 'id-9'));
    expect(view.knows('id-2')).toBe(false);
    expect(view.knows('new')).toBe(true);
  });

  it('the very same objects for what has not changed, though the engine was asked for all', async () => {
    const { view, there } = engineOf(...many(3));
    const before = await view.look(signal);
    view.touchAll(now);
    expect(await view.look(signal)).toBe(before);
    there.set('id-1', container({ id: 'id-1', name: 'name-1', state: 'exited' }));
    view.touchAll(now);
    const after = await view.look(signal);
    expect(after.map((one, index) => one === before[index])).toEqual([true, false, true]);
  });

  it('labels that were read before, where they can not be read now, and all else as it is now', async () => {
    const { labels } = container({ name: 'x', labels: { 'meet.role': 'backend' } });
    const good = { ...container({ id: 'id-1', name: 'one', networks: { a: '10.0.0.5/24' } }), labels };
    const { view, there } = engineOf(good);
    const before = await view.look(signal);
    const odd = { ...container({ id: 'id-1', name: 'one', state: 'exited' }), unreadable: 'its labels are no labels' };
    for (const one of [odd, { ...odd, state: 'running' as const, networks: [{ name: 'a', ipv4: '10.0.0.77' }] }]) {
      there.set('id-1', one);
      view.touchAll(now);
      expect(await view.look(signal)).toEqual([{ ...one, labels, isAsBefore: true }]);
    }
    there.set('id-1', good);
    view.touchAll(now);
    expect(await view.look(signal)).toEqual(before);
  });

  it('nothing but a name of one that could never be read', async () => {
    const odd = { ...container({ id: 'odd', name: 'odd', state: 'dead' }), unreadable: 'its labels are no labels' };
    const { view } = engineOf(odd);
    expect(await view.look(signal)).toEqual([odd]);
    view.touchAll(now);
    expect(await view.look(signal)).toEqual([odd]);
  });

  it.each(['all', 'by id'])('nobody as removed where entries have no id (%s)', async (which) => {
    const { view, there } = engineOf(...many(300));
    await view.look(signal);
    there.delete('id-1');
    there.set(entriesWithoutId, { ...container({ id: entriesWithoutId, name: entriesWithoutId }), unreadable: '1 entry has no id' });
    if (which === 'all') view.touchAll(now);
    else for (const id of ['id-1', entriesWithoutId]) view.touch(id, now);
    const ids = (await view.look(signal)).map(({ id }) => id);
    expect(ids).toContain('id-1');
    expect(ids).toContain(entriesWithoutId);
    there.delete(entriesWithoutId);
    view.touchAll(now);
    expect(await view.look(signal)).toHaveLength(299);
  });

  it('whether a container is at rest: it does not run, and nothing has happened to it', async () => {
    const { view } = engineOf(
      container({ id: 'runs', name: 'runs' }),
      container({ id: 'ended', name: 'ended', state: 'exited' }),
      container({ id: 'touched', name: 'touched', state: 'exited' }),
    );
    expect(view.isAtRest('ended')).toBe(false);
    await view.look(signal);
    view.touch('touched', now);
    expect(['runs', 'ended', 'touched', 'unknown'].map(view.isAtRest)).toEqual([false, true, false, false]);
  });

  it('anything may be known before the first', () => {
    expect(engineOf().view.knows('whatever')).toBe(true);
  });
});
