import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scene } from '../fake-engine/scene.ts';
import { isWhole } from '../published-file.ts';
import { seededRandom } from '../seeded-random.ts';
import { waitUntil } from '../wait-until.ts';
import { startWatchingReader } from './watching-reader.ts';
import type { Sightings } from './watching-reader.ts';

/** The results of a series of kills. */
export interface KillReport {
  readonly kills: number;
  /** Kills during a publication: a candidate file was left. */
  readonly inTheMiddle: number;
  /** The highest number of candidates of one file at the same time. */
  readonly mostCandidates: number;
  /** Incomplete files right after a kill. */
  readonly torn: number;
  readonly reader: Sightings;
}

/**
 * The longest time from the first log lines to a kill. meet-gen publishes most of that time, since containers change
 * constantly.
 */
const longestLifeMs = 250;
const changeEveryMs = 4;

/**
 * Starts the command and kills it at a random moment, again and again. Meanwhile containers change constantly, and a
 * reader reads the file. The last run isn't killed: waits until it has cleaned up and publishes the current world.
 */
export async function killRepeatedly(scene: Scene, kills: number, seed: number): Promise<KillReport> {
  const random = seededRandom(seed);
  const file = join(scene.out, 'routing.conf');
  await scene.frontend('frontend', { file });
  const flags = ['--instance', 'meet', '--wait', '1ms:5ms'];
  const world = startChangingWorld(scene);
  const first = scene.run(flags);
  await waitUntil('a complete file is published', async () => isWhole(await readFile(file, 'utf8').catch(() => '')));
  first.signal('SIGKILL');
  await first.ended;
  const reader = await startWatchingReader(file);
  let inTheMiddle = 0;
  let mostCandidates = 0;
  let torn = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const run = scene.run(flags);
    // One run in ten can be killed from its first moment, the others only once they may publish.
    if (random() > 0.1) await run.waitForLog('engineConnected');
    await sleep(random() * longestLifeMs);
    run.signal('SIGKILL');
    await run.ended;
    const candidates = await candidatesIn(scene.out);
    if (candidates.length > 0) inTheMiddle += 1;
    mostCandidates = Math.max(mostCandidates, ...countsOfFiles(candidates));
    if (!isWhole(await readFile(file, 'utf8'))) torn += 1;
  }
  world.stop();
  scene.run(flags);
  await scene.serves(`${scene.address(world.last())}:8000`, '.');
  await waitUntil('no candidate file is left', async () => (await candidatesIn(scene.out)).length === 0);
  return { kills, inTheMiddle, mostCandidates, torn, reader: await reader.stop() };
}

async function candidatesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('.candidate-'));
}

/** The number of candidates for each file. The files beside `routing.conf` have their own candidates. */
function countsOfFiles(candidates: readonly string[]): readonly number[] {
  const files = candidates.map((name) => name.replace(/-[^-]*$/, ''));
  return files.map((file) => files.filter((other) => other === file).length);
}

function place(turn: number): number {
  return 20 + (turn % 200);
}

/** Replaces the backend every few milliseconds. Each change removes a backend, so none of the changes is delayed. */
function startChangingWorld(scene: Scene): { stop(): void; last(): number } {
  let last = 0;
  scene.backend('backend-0', place(0));
  const timer = setInterval(() => {
    scene.engine.world.silently((world) => world.remove(`backend-${last}`));
    last += 1;
    scene.backend(`backend-${last}`, place(last));
  }, changeEveryMs);
  return { stop: () => clearInterval(timer), last: () => place(last) };
}
