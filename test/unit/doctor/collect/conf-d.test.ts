import { expect, test } from 'vitest';
import { readConfD } from '../../../../src/doctor/collect/conf-d.ts';

const container = { id: 'f1', name: 'meet_frontend.n1.t1' };
const { signal } = new AbortController();

/** An engine with these files in its archive, and a container with these texts. */
function engineWith(archive: Readonly<Record<string, string>>, inside: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  return {
    asked,
    readFiles: () => Promise.resolve(new Map(Object.entries(archive))),
    exec: (_: unknown, command: readonly string[]) => {
      asked.push(command.join(' '));
      const text = inside[command.at(-1)?.split('/').at(-1) ?? ''];
      return Promise.resolve(text === undefined ? { code: 1, output: 'no such file' } : { code: 0, output: text });
    },
  };
}

test('a Swarm config, empty in the archive, has its text from inside', async () => {
  const engine = engineWith({ 'default.conf': 'server {}', 'routing.conf': '' }, { 'routing.conf': 'include x;' });
  const files = await readConfD(engine, container, signal);
  expect(Object.fromEntries(files)).toEqual({ 'default.conf': 'server {}', 'routing.conf': 'include x;' });
  expect(engine.asked).toEqual(['cat /etc/nginx/conf.d/routing.conf']);
});

test('a folder without empty files needs no command', async () => {
  const engine = engineWith({ 'default.conf': 'server {}', 'notes.txt': '' }, {});
  expect((await readConfD(engine, container, signal)).size).toBe(2);
  expect(engine.asked).toEqual([]);
});

test('a file that can not be read inside is unknown, not empty', async () => {
  await expect(readConfD(engineWith({ 'routing.conf': '' }, {}), container, signal)).rejects.toThrow(
    '/etc/nginx/conf.d/routing.conf could not be read',
  );
});
