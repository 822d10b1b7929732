import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { attackersOf, hostileSet, victimsInstance, victimsOf } from '../attack/hostile-sets.ts';
import { hostileText, hostileTexts } from '../attack/hostile-texts.ts';
import { isWhole } from '../support/published-file.ts';
import { waitUntil } from '../support/wait-until.ts';
import { test } from './scene.ts';

// The built command with hostile data: meet-gen writes files only below --out, and goes on with any list.

const worlds = 8;
const setsAWorld = 25;
const list = { method: 'GET', path: /^\/containers\/json$/ } as const;

/** Most of the texts aim at the instance name, since it becomes a folder. */
function answerOf(world: number): string {
  const from = world * setsAWorld;
  const sets = fc.sample(hostileSet, { numRuns: setsAWorld, seed: world });
  const entries = sets.flatMap((set, index) => [...victimsOf(from + index), ...attackersOf(set, from + index)]);
  const named = hostileTexts
    .filter((_, index) => index % worlds === world)
    .flatMap((text, index) =>
      ['meet.instance', 'com.docker.compose.project'].flatMap((place) =>
        attackersOf(
          [
            {
              kind: 'neighbour frontend',
              changes: [
                { place, text },
                { place: 'the id', text: `${world}-${index}-${place}` },
              ],
            },
          ],
          from,
        ),
      ),
    );
  return JSON.stringify([...entries, ...named]);
}

const wireValue = fc.oneof(hostileText, fc.constantFrom<unknown>(null, 0, 1e308, true, [], {}, { container: [] }, '__proto__'));
const eventLine = fc.oneof(
  hostileText.map((text) => text.replaceAll('\n', ' ')),
  fc
    .record({
      Type: fc.oneof(fc.constantFrom('container', 'network'), wireValue),
      Action: fc.oneof(fc.constantFrom('start', 'die', 'kill', 'health_status: healthy', 'connect'), wireValue),
      Actor: fc.oneof(
        wireValue,
        fc.record({
          ID: wireValue,
          Attributes: fc.oneof(
            wireValue,
            fc.record({ 'meet.role': wireValue, signal: wireValue, container: wireValue, name: wireValue, image: wireValue }),
          ),
        }),
      ),
      timeNano: wireValue,
    })
    .map((event) => JSON.stringify(event)),
);

/** Whether a path is the private folder of the status socket, or the socket itself. */
function isPrivate(path: string): boolean {
  return /^tmp\/meet-gen-[0-9a-f]{12}(?:\/status\.sock)?$/.test(path);
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  return (await readdir(folder, { recursive: true })).toSorted();
}

test.concurrent('writes no file outside the output directory, and goes on with any list of the engine', async ({ scene }) => {
  // Deep enough that a path with some `..` still lands in the watched folder.
  const around = join(scene.folder, 'around');
  const out = join(around, 'a', 'b', 'c', 'out');
  const [cwd, temporary] = [join(around, 'cwd'), join(around, 'tmp')];
  for (const folder of [out, cwd, temporary]) await mkdir(folder, { recursive: true });
  const before = await filesBelow(around);
  const run = scene.run(['--out', out], { cwd, env: { TMPDIR: temporary, HOME: cwd } });
  await run.waitForLog('engineConnected');
  for (let world = 0; world < worlds; world += 1) {
    const fault = scene.engine.faults.add({ ...list, do: 'body', body: answerOf(world) });
    for (const line of fc.sample(eventLine, { numRuns: 40, seed: world })) scene.engine.writeToEventStreams(`${line}\n`);
    run.signal('SIGHUP');
    const last = join(out, victimsInstance((world + 1) * setsAWorld - 1), 'routing.conf');
    await waitUntil('the last instance of this world is published', () => stat(last).catch(() => undefined));
    fault.lift();
  }
  const written = (await filesBelow(around)).filter((path) => !before.includes(path) && !isPrivate(path));
  expect(written.filter((path) => !path.startsWith('a/b/c/out/'))).toEqual([]);
  const inside = written.map((path) => path.slice('a/b/c/out/'.length));
  // meet-gen goes on publishing, so its candidates and kept files can be there too.
  const own = String.raw`\.(?:candidate-[a-z.]+-[0-9a-f]{12}|editions\.json|owner\.json|rejected\.(?:conf|txt)|candidate\.conf)`;
  const expected = new RegExp(`^(?:[a-z0-9][a-z0-9_-]{0,62}(?:/(?:routing\\.conf|${own}))?|\\.meet-gen\\.sock)$`);
  expect(inside.filter((path) => !expected.test(path))).toEqual([]);
  expect(inside.filter((path) => path.endsWith('/routing.conf')).length).toBeGreaterThan(worlds * setsAWorld);
  for (const path of inside.filter((name) => name.endsWith('/routing.conf')))
    expect(isWhole(await readFile(join(out, path), 'utf8')), path).toBe(true);

  await scene.frontend('frontend', { file: join(out, 'meet', 'routing.conf') });
  scene.backend('backend', 20);
  await waitUntil('a later backend is published', async () =>
    (await readFile(join(out, 'meet', 'routing.conf'), 'utf8').catch(() => '')).includes(`${scene.address(20)}:8000`),
  );
  expect(run.hasEnded()).toBe(false);
  // oxlint-disable-next-line no-control-regex -- the test looks for control characters
  expect(run.stderr()).not.toMatch(/[^\x20-\x7e…\n]/);
});
