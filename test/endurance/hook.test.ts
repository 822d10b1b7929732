import { afterAll, describe, expect, test } from 'vitest';
import { providedEngine, providedImages } from '../providers/engine/provided.ts';
import { limitedBy, routesSaying, sha256, startHooked, type Ground, type HookedFrontend } from '../support/hooked-frontend.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { waitUntil } from '../support/wait-until.ts';

const grounds: readonly Ground[] = (['1.30', '1.22'] as const).flatMap((series) =>
  (['busybox', 'dash'] as const).map((shell) => ({ series, shell })),
);
const steps = Number(process.env['HOOK_STEPS'] ?? 40);
const seed = Number(process.env['HOOK_SEED'] ?? Date.now() % 100_000);
const idleSeconds = 60;
const clockTicksPerSecond = 100;

const engine = providedEngine();
const images = providedImages();
const started: HookedFrontend[] = [];
const start = async (ground: Ground, part: string, options = {}): Promise<HookedFrontend> => {
  const frontend = await startHooked(engine, images, ground, `hook-${part}-${ground.series.replace('.', '')}-${ground.shell}`, options);
  started.push(frontend);
  return frontend;
};
afterAll(() => Promise.all(started.map((frontend) => frontend.remove())));

describe.each(grounds)('nginx $series, $shell', { concurrent: true }, (ground) => {
  test.each([{ keepsTmp: false }, { keepsTmp: true }])(
    'serves the right file during a random walk, /tmp kept: $keepsTmp',
    async ({ keepsTmp }) => {
      const frontend = await start(ground, keepsTmp ? 'walk-kept' : 'walk', { keepsTmp });
      const random = seededRandom(seed + 2 * grounds.indexOf(ground) + Number(keepsTmp));
      let world: World = { live: nothing, rejected: undefined, published: undefined };
      const walked: string[] = [];
      for (let step = 1; step <= steps; step++) {
        const action = pick(random, actions);
        walked.push(action);
        if (action === 'restart') await frontend.docker('restart', '--time', '1');
        else if (action === 'crash') {
          await frontend.docker('kill');
          await frontend.docker('start');
        } else await frontend.publish(fileOf(action, step).text);
        world = action === 'restart' || action === 'crash' ? restarted(world, keepsTmp) : published(world, fileOf(action, step));
        const wanted = { routes: world.live.name, rejected: world.rejected === undefined ? '404' : sha256(world.rejected.text) };
        await frontend.until(wanted, 60_000).catch((error: Error) => {
          throw new Error(`HOOK_SEED=${seed}, after ${walked.join(', ')}: ${error.message}`);
        });
      }
    },
  );

  test('the loop survives any kind of file', async () => {
    const frontend = await start(ground, 'rubbish', { published: routesSaying('first') });
    await frontend.until({ routes: 'first' });
    const rubbish = {
      'a file that only root can read': 'echo x > .new && chmod 600 .new && mv .new routing.conf',
      'a folder': 'rm -f routing.conf && mkdir routing.conf',
      nothing: 'rm -rf routing.conf',
      '20 MB without an end of line': 'head -c 20000000 /dev/zero | tr "\\0" x > .new && mv .new routing.conf',
      zeros: 'head -c 100000 /dev/zero > .new && mv .new routing.conf',
      'a link to nowhere': 'ln -s /nowhere .new && mv .new routing.conf',
      'a link to /dev/zero': 'ln -s /dev/zero .new && mv .new routing.conf',
      'a pipe': 'mkfifo .new && mv .new routing.conf',
      'a terabyte': 'truncate -s 1099511627776 .new && mv .new routing.conf',
    };
    for (const [what, script] of Object.entries(rubbish)) {
      await frontend.inVolume(script);
      // Three times the hook's poll interval, since there is no change to wait for.
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const name = `after-${what.replaceAll(/\W+/g, '-')}`;
      await frontend.inVolume('rm -rf routing.conf');
      await frontend.publish(routesSaying(name));
      await frontend.until({ routes: name, rejected: '404' }, 40_000);
    }
  });

  test('a full /tmp is not a refusal, and the hook continues once there is space', async () => {
    const frontend = await start(ground, 'full', { tmpSize: '1m', published: routesSaying('first') });
    await frontend.until({ routes: 'first' });
    await frontend.exec('sh', '-c', 'cat /dev/zero > /tmp/filler 2> /dev/null; true');
    await frontend.publish(routesSaying('second'));
    await waitUntil('the log names the full disk', async () => (await frontend.log()).includes('No space left on device'));
    await frontend.until({ routes: 'first', generation: 'first', rejected: '404' });
    await frontend.exec('rm', '/tmp/filler');
    await frontend.until({ routes: 'second', generation: 'second', rejected: '404' });
  });

  test('changes during a start never kill a first process other than nginx', async () => {
    const frontend = await start(ground, 'init', { init: true, keepsTmp: true, published: routesSaying('first') });
    for (let round = 1; round <= 15; round++) {
      await frontend.docker('kill');
      await frontend.docker('start');
      for (const name of ['a', 'b', 'c']) await frontend.publish(routesSaying(`${name}-${round}`));
      await frontend.until({ routes: `c-${round}`, generation: `c-${round}`, rejected: '404' });
    }
  });
});

test.concurrent.each(grounds)('uses less than 1% of a processor while idle: nginx $series, $shell', async (ground) => {
  const frontend = await start(ground, 'idle', { published: routesSaying('first') });
  await frontend.until({ routes: 'first' });
  const [loop] = await frontend.loops();
  const usedTicks = async (): Promise<number> => {
    const fields = (await frontend.exec('cat', `/proc/${loop}/stat`)).split(' ');
    return fields.slice(13, 17).reduce((sum, ticks) => sum + Number(ticks), 0);
  };
  const before = await usedTicks();
  await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1000));
  const usedMs = ((await usedTicks()) - before) * (1000 / clockTicksPerSecond);
  console.log(`nginx ${ground.series}, ${ground.shell}: ${usedMs} ms of processor time in ${idleSeconds} s`);
  expect(usedMs).toBeLessThan(idleSeconds * 10);
});

// ---- the model of a walk ----

const actions = ['good', 'good', 'bad', 'by address', 'by uri', 'restart', 'crash'] as const;

interface File {
  readonly name: string;
  readonly text: string;
  readonly passes: boolean;
  /** A running nginx refuses another key for the same zone. */
  readonly key?: string;
}

interface World {
  readonly live: File;
  readonly rejected: File | undefined;
  readonly published: File | undefined;
}

const nothing: File = { name: '503', text: '', passes: true };

function fileOf(action: (typeof actions)[number], step: number): File {
  const name = `${action.replace(' ', '-')}-${step}`;
  if (action === 'bad') return { name, text: routesSaying(name, { more: 'no_such_directive on;' }), passes: false };
  if (action === 'good') return { name, text: routesSaying(name), passes: true };
  const key = action === 'by uri' ? '$request_uri' : '$binary_remote_addr';
  return { name, text: limitedBy(key, name), passes: true, key };
}

function published({ live }: World, file: File): World {
  const refused = !file.passes || (file.key !== undefined && live.key !== undefined && file.key !== live.key);
  return refused ? { live, rejected: file, published: file } : { live: file, rejected: undefined, published: file };
}

/** A new nginx has no zone. A bad file leaves the live file in place, if /tmp is kept. */
function restarted(world: World, keepsTmp: boolean): World {
  const file = world.published;
  if (file === undefined) return world;
  if (file.passes) return { live: file, rejected: undefined, published: file };
  return { live: keepsTmp ? world.live : nothing, rejected: file, published: file };
}

function pick<Item>(random: () => number, items: readonly Item[]): Item {
  return items[Math.floor(random() * items.length)] as Item;
}
