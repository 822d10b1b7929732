import { lstat, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { askSocket, composeLabels, waitForStatus } from '../support/fake-engine/scene.ts';
import type { Scene } from '../support/fake-engine/scene.ts';
import { untrustedFiles } from '../support/untrusted-files.ts';
import { waitUntil } from '../support/wait-until.ts';

// An attacker with write access to the shared volume puts every kind of file into every place that meet-gen reads or
// writes. Each costs only the instance of that place its own file, and only as long as the file stays.

/** The places in the folder of an instance. */
const places = {
  'the published file': 'routing.conf',
  'the folder': '.',
  'the stored editions': '.editions.json',
  'the remembered owner': '.owner.json',
  'the refused file': '.rejected.conf',
  "nginx's words": '.rejected.txt',
  'the staged candidate': '.candidate.conf',
  'a left candidate': '.candidate-x',
} as const;
type Place = keyof typeof places;
type Kind = string;

/** One kind of file in one place, with an instance of its own. */
interface Attack {
  readonly instance: string;
  readonly place: Place;
  readonly kind: Kind;
}

export const attacks: readonly Attack[] = (Object.keys(places) as Place[]).flatMap((place, row) =>
  Object.keys(untrustedFiles.all).map((kind, column) => ({ instance: `t${row}-${column}`, place, kind })),
);

/** Kinds that a rename can't replace: they block the instance's file. */
function isInTheWay({ place, kind }: Attack): boolean {
  if (place === 'the folder') return !['an empty directory', 'a directory with files'].includes(kind);
  return place === 'the published file' && ['an empty directory', 'a directory with files'].includes(kind);
}

/**
 * The owner file of an instance with a blocked folder. It is written at the resync, unless meet-gen could not publish
 * there during the attack.
 */
function mayBeReported(one: Attack, isAtStart: boolean): boolean {
  return one.place === 'the folder' && !isAtStart && isInTheWay(one);
}

/** Kinds that meet-gen finds at a read or write and can't replace. */
function isReported(one: Attack, isAtStart: boolean): boolean {
  const { place, kind } = one;
  // Owner files are written with the first file and at each resync, which replaces everything but a folder.
  if (place === 'the remembered owner') return ['an empty directory', 'a directory with files'].includes(kind);
  if (place !== 'the stored editions') return false;
  // Without new knowledge nothing is written.
  return isAtStart && (kind in untrustedFiles.notRegular || (kind === 'a file of mode 0000' && process.getuid?.() !== 0));
}

const pathOf = ({ out }: Scene, { instance, place }: Attack): string => join(out, instance, places[place]);
const fileOf = ({ out }: Scene, { instance }: Attack): string => join(out, instance, 'routing.conf');

const keptIn = (scene: Scene, one: Attack): string =>
  one.place === 'the folder' ? join(scene.out, one.instance, '.owner.json') : pathOf(scene, one);

/** A frontend and a backend for each attack. No frontend answers there, so meet-gen learns nothing. */
export function addVictims({ engine }: Scene): void {
  for (const { instance } of attacks)
    engine.world.add({
      name: `${instance}-frontend`,
      labels: composeLabels(instance, 'frontend', { 'meet.role': 'frontend' }),
      networks: { [`${instance}_default`]: '127.0.0.1' },
      prefixLength: 24,
      image: 'lasuite/meet-frontend:v1.27.0',
    });
}

/**
 * Puts each file in its place.
 * @returns the folder that links lead to
 */
export async function attack(scene: Scene): Promise<string> {
  const outside = join(scene.folder, 'outside');
  await mkdir(outside, { recursive: true });
  await writeFile(join(outside, 'file'), 'outside\n');
  for (const one of attacks) {
    const path = pathOf(scene, one);
    await rm(path, { recursive: true, force: true });
    await mkdir(dirname(path), { recursive: true });
    await untrustedFiles.all[one.kind]?.(path.replace(/\/\.$/, ''), outside);
  }
  return outside;
}

/** Checks the state during the attack: blocked places are reported, replaceable files are replaced. */
export async function expectContained(scene: Scene, outside: string, isAtStart: boolean): Promise<void> {
  const blocked = attacks.filter(isInTheWay).map(({ instance }) => instance);
  const keptOf = (some: (one: Attack, isAtStart: boolean) => boolean): readonly string[] =>
    attacks.filter((one) => some(one, isAtStart)).map((one) => keptIn(scene, one));
  const kept = keptOf(isReported);
  const perhaps = new Set(keptOf(mayBeReported));
  await waitForStatus(scene, 'the blocked files are reported', ({ problems }) => {
    const reported = problems.flatMap(({ code, instance }) => (code === 'publish-failed' ? (instance ?? '') : []));
    const notKept = problems.flatMap(({ code, value }) => (code === 'not-kept' ? (value ?? '') : []));
    const certain = notKept.filter((path) => !perhaps.has(path));
    return isSame(reported, blocked) && isSame(certain, kept);
  });
  for (const one of attacks.filter((each) => !isInTheWay(each))) await waitForOwnFile(scene, one);
  expect(await readdir(outside)).toEqual(['file']);
  expect(await readFile(join(outside, 'file'), 'utf8')).toBe('outside\n');
  expect((await askSocket(scene.statusSocket, '/healthz')).status).toBe(200);
}

/** Removes every file, and checks that no problem is left and every instance has its file. */
export async function expectRecovery(scene: Scene, look: () => void): Promise<void> {
  for (const one of attacks) await rm(pathOf(scene, one).replace(/\/\.$/, ''), { recursive: true, force: true });
  look();
  await waitForStatus(scene, 'no file is blocked', ({ problems }) =>
    problems.every(({ code }) => code !== 'publish-failed' && code !== 'not-kept'),
  );
  for (const one of attacks) await waitForOwnFile(scene, one);
}

/** Waits for the files that are written once, before the next attack. */
export async function waitForOwnerFiles({ out }: Scene): Promise<void> {
  for (const { instance } of attacks)
    await waitUntil(`the owner of ${instance} is remembered`, () =>
      readFile(join(out, instance, '.owner.json'), 'utf8').then(
        (text) => text.includes(`"project":"${instance}"`),
        () => false,
      ),
    );
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && new Set([...some, ...others]).size === some.length;
}

/** The published file is a regular file written by meet-gen. */
async function waitForOwnFile(scene: Scene, one: Attack): Promise<void> {
  const path = fileOf(scene, one);
  await waitUntil(`${one.kind} in place of ${one.place} leaves ${path} alone`, async () => {
    const isFile = await lstat(path).then(
      (stats) => stats.isFile() && stats.size < 100_000,
      () => false,
    );
    return isFile && (await readFile(path, 'utf8')).startsWith(`# routing.conf of ${one.instance},`);
  });
}
