import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scene } from '../fake-engine/scene.ts';
import { isWhole } from '../published-file.ts';
import { seededRandom } from '../seeded-random.ts';
import { waitUntil } from '../wait-until.ts';
import { startWatchingReader } from './watching-reader.ts';
import type { Sightings } from './watching-reader.ts';

/** What became of so many lives and deaths. */
export interface Deaths {
  readonly kills: number;
  /** Kills that left a candidate: in the middle of a publication. */
  readonly inTheMiddle: number;
  /** The most candidates of one file that lay there at once. */
  readonly mostCandidates: number;
  /** Files that were not whole right after a kill. */
  readonly torn: number;
  readonly reader: Sightings;
}

/** How long after its first words one may live: most of it publishing, since the world changes all the time. */
const longestLifeMs = 250;
const changeEveryMs = 4;

/**
 * Starts the command and kills it at a random moment, again and again, while the world never rests and a reader reads all
 * the while; then lets one live, and waits until it has repaired everything and goes on.
 */
export async function killAgainAndAgain(scene: Scene, kills: number, seed: number): Promise<Deaths> {
  const random = seededRandom(seed);
  const file = join(scene.out, 'routing.conf');
  await scene.frontend('frontend', { file });
  const flags = ['--instance', 'meet', '--wait', '1ms:5ms'];
  const world = startRestlessWorld(scene);
  const first = scene.run(flags);
  await waitUntil('there is a file to read', async () => isWhole(await readFile(file, 'utf8').catch(() => '')));
  first.signal('SIGKILL');
  await first.ended;
  const reader = await startWatchingReader(file);
  let inTheMiddle = 0;
  let mostCandidates = 0;
  let torn = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const run = scene.run(flags);
    // From its very first moments on for one in ten, else from when it may publish.
    if (random() > 0.1) await run.waitForLog('engineConnected');
    await sleep(random() * longestLifeMs);
    run.signal('SIGKILL');
    await run.ended;
    const candidates = await candidatesIn(scene.out);
    if (candidates.length > 0) inTheMiddle += 1;
    mostCandidates = Math.max(mostCandidates, ...countsOfFiles(candidates));
    if (!isWhole(await readFile(file, 'utf8'))) torn += 1;
  }
  world.rest();
  scene.run(flags);
  await scene.serves(`${scene.address(world.last())}:8000`, '.');
  await waitUntil('nothing is left lying about', async () => (await candidatesIn(scene.out)).length === 0);
  return { kills, inTheMiddle, mostCandidates, torn, reader: await reader.stop() };
}

async function candidatesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('.candidate-'));
}

/** How many of them are for each file: what is kept beside the routes is written for itself. */
function countsOfFiles(candidates: readonly string[]): readonly number[] {
  const files = candidates.map((name) => name.replace(/-[^-]*$/, ''));
  return files.map((file) => files.filter((other) => other === file).length);
}

function place(turn: number): number {
  return 20 + (turn % 200);
}

/** One backend comes as another one goes, so that every change takes somebody out and none of them waits. */
function startRestlessWorld(scene: Scene): { rest(): void; last(): number } {
  let last = 0;
  scene.backend('backend-0', place(0));
  const timer = setInterval(() => {
    scene.engine.world.silently((world) => world.remove(`backend-${last}`));
    last += 1;
    scene.backend(`backend-${last}`, place(last));
  }, changeEveryMs);
  return { rest: () => clearInterval(timer), last: () => place(last) };
}
