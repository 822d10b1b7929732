import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory } from '../cache-directory.ts';
import { readOsRelease, unpackObstacle } from '../debian/running-debian.ts';
import { unpackOnce } from '../debian/unpack-once.ts';
import { withLock } from '../file-lock.ts';
import { docker, type Engine } from './docker-command.ts';
import { buildImage } from './image-build.ts';
import { runLabel } from './test-run.ts';
import type { Images, NginxSeries } from './stand-ins.ts';

const log = (line: string): void => void process.stderr.write(`${line}\n`);
const folder = fileURLToPath(new URL('./images/frontend-busybox', import.meta.url));

/** Builds the frontend's image with busybox's shell and tools; returns its name. */
export function provideBusyboxFrontend(engine: Engine, images: Images, series: NginxSeries): Promise<string> {
  return withLock(join(cacheDirectory(), 'busybox-frontend.lock'), async () => {
    const name = `meet-gen-test/frontend-busybox:${series}`;
    await buildImage(engine, { name, folder, base: images.frontend[series], additions: { busybox: await findBusybox(engine) } });
    return name;
  });
}

/** The path of busybox: from Debian's package, else from the image of that name. */
async function findBusybox(engine: Engine): Promise<string> {
  if (unpackObstacle() !== undefined) return copyFromImage(engine);
  const tree = { name: `busybox-static-${readOsRelease().codename}`, title: 'busybox', packages: ['busybox-static'], proof: 'usr' };
  const root = await unpackOnce(tree, log);
  const program = join(root, 'bin/busybox');
  return existsSync(program) ? program : join(root, 'usr/bin/busybox');
}

async function copyFromImage(engine: Engine): Promise<string> {
  const program = join(cacheDirectory(), 'busybox');
  if (existsSync(program)) return program;
  const image = 'busybox:stable-musl';
  log(`Pulling ${image} (1 MB) for ${program}`);
  const container = (await docker(engine, ['create', '--quiet', '--label', runLabel, image])).trim();
  await docker(engine, ['cp', `${container}:/bin/busybox`, program]);
  await docker(engine, ['rm', container]);
  return program;
}
