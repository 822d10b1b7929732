import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory } from '../cache-directory.ts';
import { readOsRelease, unpackObstacle } from '../debian/running-debian.ts';
import { unpackOnce } from '../debian/unpack-once.ts';
import { withLock } from '../file-lock.ts';
import type { Engine } from './docker-command.ts';
import { buildImage } from './image-build.ts';
import type { Images, NginxSeries } from './stand-ins.ts';

const log = (line: string): void => void process.stderr.write(`${line}\n`);
const folder = fileURLToPath(new URL('./images/frontend-busybox', import.meta.url));

/** The frontend's image with busybox's shell and tools; its name. */
export function provideBusyboxFrontend(engine: Engine, images: Images, series: NginxSeries): Promise<string> {
  const build = async (): Promise<string> => {
    const name = `meet-gen-test/frontend-busybox:${series}`;
    await buildImage(engine, { name, folder, base: images.frontend[series], contexts: { busybox: await findBusybox() } });
    return name;
  };
  return withLock(join(cacheDirectory(), 'busybox-frontend.lock'), build);
}

/** Where `/bin/busybox` is copied from: Debian's package where there is one, else the image of that name. */
async function findBusybox(): Promise<string> {
  if (unpackObstacle() !== undefined) return 'docker-image://busybox:stable-musl';
  const tree = { name: `busybox-static-${readOsRelease().codename}`, title: 'busybox', packages: ['busybox-static'], proof: 'usr' };
  const root = await unpackOnce(tree, log);
  return existsSync(join(root, 'bin/busybox')) ? root : join(root, 'usr');
}
