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

/** An engine with these containers. `asked` holds the ids of each request, or `all`. */
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
  engine.view.setListening(true);
  return engine;
}

const many = (count: number): readonly Container[] =>
  Array.from({ length: count }, (_, index) => container({ id: `id-${index}`, name: `name-${index}` }));

describe('a look', () => {
  it('lists all containers the first time, and then waits for an event', async () => {
    const { view, asked } = engineOf(...many(3));
    expect(await view.look(signal)).toHaveLength(3);
    expect(await view.look(signal)).toHaveLength(3);
    expect(asked).toEqual(['all']);
  });

  it('asks twice for the container of an event; with few containers, it lists all every ten seconds', async () => {
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

  it('takes a list with ids as a whole from a source that always lists all', async () => {
    let there = many(3);
    const view = createEngineView(() => Promise.resolve(there), nowMs, true);
    view.setListening(true);
    await view.look(signal);
    there = [...there.slice(1), container({ id: 'new', name: 'new' })];
    view.touch('new', now);
    expect((await view.look(signal)).map(({ id }) => id)).toEqual(['id-1', 'id-2', 'new']);
  });

  it('lists all containers after an event with an unknown id', async () => {
    const { view, asked } = engineOf(...many(300));
    await view.look(signal);
    view.touch('ID-1', now);
    await view.look(signal);
    now += 50;
    await view.look(signal);
    expect(asked).toEqual(['all', ['ID-1'], 'all']);
  });

  it('asks only for the removed container after its end', async () => {
    const { view, asked, there } = engineOf(...many(300));
    await view.look(signal);
    there.delete('id-1');
    view.touch('id-1', now);
    await view.look(signal);
    now += 50;
    await view.look(signal);
    expect(asked).toEqual(['all', ['id-1'], ['id-1']]);
  });

  it('with more than 200 containers, asks once more for the container of an event', async () => {
    const { view, asked } = engineOf(...many(201));
    await view.look(signal);
    view.touch('id-7', longAgo());
    await view.look(signal);
    await view.look(signal);
    expect(asked).toEqual(['all', ['id-7']]);
  });

  it('lists all containers after events for more than 16', async () => {
    const { view, asked } = engineOf(...many(300));
    await view.look(signal);
    for (let index = 0; index < 17; index += 1) view.touch(`id-${index}`, longAgo());
    await view.look(signal);
    expect(asked).toEqual(['all', 'all']);
  });

  it('also asks for the container whose network it uses', async () => {
    const guest = container({ id: 'guest', name: 'guest', networkMode: 'container:owner' });
    const { view, asked } = engineOf(guest, container({ id: 'owner', name: 'owner' }), ...many(200));
    await view.look(signal);
    view.touch('guest', nowMs());
    await view.look(signal);
    expect(asked.at(-1)).toEqual(['guest', 'owner']);
  });

  it('lists all containers while no events arrive', async () => {
    const { view, asked } = engineOf(...many(3));
    await view.look(signal);
    view.setListening(false);
    await view.look(signal);
    await view.look(signal);
    view.setListening(true);
    await view.look(signal);
    expect(asked).toEqual(['all', 'all', 'all']);
  });

  it('lists all containers until a list begins late enough', async () => {
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

  it('asks for changes during the look before', async () => {
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

  it('asks again after a failure', async () => {
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

describe('concerns', () => {
  it('is true for a container of interest, the owner of its network, and an unknown id', async () => {
    const ours = [container({ id: 'ours', name: 'ours' }), container({ id: 'guest', name: 'our-guest', networkMode: 'container:vpn' })];
    const { view } = engineOf(...ours, container({ id: 'vpn', name: 'vpn' }), ...many(2));
    expect(view.concerns('id-1', isOurs)).toBe(true);
    await view.look(signal);
    expect(['ours', 'vpn', 'unseen', 'id-1'].map((id) => view.concerns(id, isOurs))).toEqual([true, true, true, false]);
  });
});

describe('the result of a look', () => {
  it('has the changed and the new container, not the removed container; the others stay the same objects', async () => {
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

  it('has the same objects for unchanged containers, also after a full list', async () => {
    const { view, there } = engineOf(...many(3));
    const before = await view.look(signal);
    view.touchAll(now);
    expect(await view.look(signal)).toBe(before);
    there.set('id-1', container({ id: 'id-1', name: 'name-1', state: 'exited' }));
    view.touchAll(now);
    const after = await view.look(signal);
    expect(after.map((one, index) => one === before[index])).toEqual([true, false, true]);
  });

  it('keeps the labels from before if they can not be read now; all other fields are new', async () => {
    const { labels } = container({ name: 'x', labels: { 'meet.role': 'backend' } });
    const good = { ...container({ id: 'id-1', name: 'one', networks: { a: '10.0.0.5/24' } }), labels };
    const { view, there } = engineOf(good);
    const before = await view.look(signal);
    const odd = { ...container({ id: 'id-1', name: 'one', state: 'exited' }), unreadable: "its labels aren't a JSON object" };
    for (const one of [odd, { ...odd, state: 'running' as const, networks: [{ name: 'a', ipv4: '10.0.0.77' }] }]) {
      there.set('id-1', one);
      view.touchAll(now);
      expect(await view.look(signal)).toEqual([{ ...one, labels, hasEarlierLabels: true }]);
    }
    there.set('id-1', good);
    view.touchAll(now);
    expect(await view.look(signal)).toEqual(before);
  });

  it('has only the name of a container that could never be read', async () => {
    const odd = { ...container({ id: 'odd', name: 'odd', state: 'dead' }), unreadable: "its labels aren't a JSON object" };
    const { view } = engineOf(odd);
    expect(await view.look(signal)).toEqual([odd]);
    view.touchAll(now);
    expect(await view.look(signal)).toEqual([odd]);
  });

  it.each(['all', 'by id'])('keeps all containers if entries have no id (%s)', async (which) => {
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

  it('says which containers are stopped without an event', async () => {
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

  it('before the first look, any id counts as known', () => {
    expect(engineOf().view.knows('whatever')).toBe(true);
  });
});
