import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unpackPackage, whyNoPackages } from '../debian/debian-packages.ts';
import type { Engine } from './docker-command.ts';
import { withLock } from './engine-lock.ts';
import { buildImage } from './image-build.ts';
import { cacheDirectory } from './places.ts';
import type { Images, NginxSeries } from './stand-ins.ts';

const folder = fileURLToPath(new URL('./images/frontend-busybox', import.meta.url));

/** The frontend's image with busybox's shell and tools; its name. */
export function provideBusyboxFrontend(engine: Engine, images: Images, series: NginxSeries): Promise<string> {
  const build = async (): Promise<string> => {
    const name = `meet-gen-test/frontend-busybox:${series}`;
    await buildImage(engine, { name, folder, base: images.frontend[series], contexts: { busybox: await findBusybox() } });
    return name;
  };
  mkdirSync(cacheDirectory(), { recursive: true });
  return process.platform === 'linux' ? withLock(join(cacheDirectory(), 'busybox-frontend.lock'), build) : build();
}

/** Where `/bin/busybox` is copied from: Debian's package where there is one, else the image of that name. */
async function findBusybox(): Promise<string> {
  if (whyNoPackages() !== undefined) return 'docker-image://busybox:stable-musl';
  const root = await unpackPackage(cacheDirectory(), 'busybox-static');
  return existsSync(join(root, 'bin/busybox')) ? root : join(root, 'usr');
}
