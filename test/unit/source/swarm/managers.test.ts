import { expect, it } from 'vitest';
import { createManagers } from '../../../../src/source/swarm/managers.ts';
import type { DockerHost } from '../../../../src/source/docker-host.ts';

const never = new AbortController().signal;

function tcp(host: string): DockerHost {
  return { url: `tcp://${host}:9190`, host, port: 9190 };
}

function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
}

const names = new Map<string, readonly string[]>([['tasks.reader', ['10.0.2.1', '10.0.2.2', 'fd00::3']]]);
const resolve = (name: string): Promise<readonly string[]> => Promise.resolve(names.get(name) ?? []);

it('a name stands for all its addresses, and the manager that answered is asked again', async () => {
  const managers = createManagers([tcp('tasks.reader')], resolve);
  const asked: string[] = [];
  const ask = async ({ place }: { place: string }): Promise<string> => {
    asked.push(place);
    if (place !== 'tcp://[fd00::3]:9190') throw new Error('refused');
    return place;
  };
  expect(await managers.first(ask, never)).toBe('tcp://[fd00::3]:9190');
  expect(asked).toEqual(['tcp://10.0.2.1:9190', 'tcp://10.0.2.2:9190', 'tcp://[fd00::3]:9190']);
  expect(managers.current()?.place).toBe('tcp://[fd00::3]:9190');
  await managers.first(ask, never);
  expect(asked).toHaveLength(4);
});

it('a name with very many addresses stands for some of them: each round asks them all', async () => {
  const addresses = Array.from({ length: 4000 }, (_, index) => `10.0.${Math.floor(index / 250)}.${index % 250}`);
  const asked = new Set<string>();
  const managers = createManagers([tcp('tasks.reader')], () => Promise.resolve(addresses));
  const failing = managers.first(({ place }) => {
    asked.add(place);
    return Promise.reject(new Error('refused'));
  }, never);
  await expect(failing).rejects.toThrow('no manager of the swarm can be read');
  expect(asked.size).toBe(64);
});

it('the error has the reason of each manager, also of a name without an address', async () => {
  const managers = createManagers([tcp('tasks.reader'), tcp('nowhere'), { url: 'unix:///m.sock', socketPath: '/m.sock' }], (name) =>
    name === 'nowhere' ? Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })) : resolve(name),
  );
  const failing = managers.first(async ({ place }) => {
    if (place.startsWith('unix')) throw Object.assign(new Error('connect'), { code: 'ENOENT' });
    throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  }, never);
  await expect(failing).rejects.toThrow(
    'no manager of the swarm can be read: tcp://10.0.2.1:9190: it refuses connections; tcp://10.0.2.2:9190: it refuses connections; tcp://[fd00::3]:9190: it refuses connections; tcp://nowhere:9190: its name has no address; unix:///m.sock: its socket does not exist',
  );
  expect(managers.current()).toBeUndefined();
});

it('managers that hang at first delay only the first round', async () => {
  const managers = createManagers([tcp('tasks.reader')], resolve);
  let questions = 0;
  const answer = await managers.first(async ({ place }, signal) => {
    questions += 1;
    // The first round hangs at all three managers.
    return questions <= 4 ? hang(signal) : place;
  }, never);
  expect(answer).toBe('tcp://10.0.2.2:9190');
});

it('ends the questions under way after an answer', async () => {
  const managers = createManagers([tcp('tasks.reader')], resolve);
  const ended: string[] = [];
  await managers.first(async ({ place }, signal) => {
    if (place === 'tcp://10.0.2.2:9190') return place;
    signal.addEventListener('abort', () => ended.push(place));
    return hang(signal);
  }, never);
  expect(ended).toEqual(['tcp://10.0.2.1:9190', 'tcp://[fd00::3]:9190']);
});

it('addresses from before apply while DNS fails or hangs', async () => {
  let dns: 'works' | 'fails' | 'hangs' = 'works';
  const managers = createManagers([tcp('tasks.reader')], (name) => {
    if (dns === 'works') return resolve(name);
    return dns === 'fails' ? Promise.reject(new Error('SERVFAIL')) : new Promise(() => undefined);
  });
  const answering = new Set(['tcp://10.0.2.1:9190']);
  const ask = async ({ place }: { place: string }): Promise<string> => {
    if (!answering.has(place)) throw new Error('refused');
    return place;
  };
  await managers.first(ask, never);
  dns = 'fails';
  answering.clear();
  answering.add('tcp://10.0.2.2:9190');
  expect(await managers.first(ask, never)).toBe('tcp://10.0.2.2:9190');
  dns = 'hangs';
  answering.clear();
  answering.add('tcp://10.0.2.1:9190');
  expect(await managers.first(ask, never)).toBe('tcp://10.0.2.1:9190');
});

it('a question that is cut off at the end does not hide an earlier failure', async () => {
  const managers = createManagers([tcp('tasks.reader')], resolve);
  let questions = 0;
  const failing = managers.first(async ({ place }, signal) => {
    if (place !== 'tcp://10.0.2.1:9190') return hang(signal);
    questions += 1;
    if (questions > 3) return hang(signal);
    throw new Error('an answer of its own');
  }, never);
  await expect(failing).rejects.toThrow('tcp://10.0.2.1:9190: an answer of its own; tcp://10.0.2.2:9190: it did not answer in time');
});

it('rejects when the signal aborts', async () => {
  const managers = createManagers([tcp('tasks.reader')], resolve);
  const abort = new AbortController();
  const asked = managers.first((_, signal) => hang(signal), abort.signal);
  abort.abort();
  await expect(asked).rejects.toThrow();
});
