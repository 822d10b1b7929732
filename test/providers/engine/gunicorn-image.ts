import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory } from '../cache-directory.ts';
import { readOsRelease, unpackObstacle } from '../debian/running-debian.ts';
import { unpackOnce } from '../debian/unpack-once.ts';
import { withLock } from '../file-lock.ts';
import { NotProvided } from '../not-provided.ts';
import { runCommand } from '../run-command.ts';
import type { Engine } from './docker-command.ts';
import { buildImage } from './image-build.ts';
import type { Images } from './stand-ins.ts';

const log = (line: string): void => void process.stderr.write(`${line}\n`);
const folder = fileURLToPath(new URL('./images/gunicorn', import.meta.url));
/** From PyPI: gunicorn in the version that Meet 1.27 pins (its pyproject.toml), and uvicorn without compiled extras. */
const packages = ['gunicorn==23.0.0', 'packaging==25.0', 'uvicorn==0.54.0', 'click==8.5.1', 'h11==0.16.0'];

/** A backend behind real gunicorn, configured as in Meet's image. The image also has uvicorn, for other commands. */
export const gunicornImage = 'meet-gen-test/gunicorn-and-uvicorn:23';

/** Makes sure that the engine has the image. */
export function provideGunicorn(engine: Engine, images: Images): Promise<void> {
  return withLock(join(cacheDirectory(), 'gunicorn.lock'), async () => {
    const python = await findPython();
    await buildImage(engine, { name: gunicornImage, folder, base: images.backend, additions: { python }, ingredients: packages });
  });
}

/** A folder with Debian's Python, and both servers in `site/`. */
async function findPython(): Promise<string> {
  const obstacle = unpackObstacle();
  if (obstacle !== undefined) {
    throw new NotProvided(`Python for an image with gunicorn can't be unpacked: ${obstacle}.`, 'Run these tests as root on Debian.');
  }
  return unpackOnce(
    {
      name: `gunicorn-and-uvicorn-${readOsRelease().codename}`,
      title: 'Python with gunicorn 23 and uvicorn',
      packages: ['python3', 'python3-pip'],
      withDependencies: true,
      proof: 'site/uvicorn/__init__.py',
      async finish(building) {
        const python = join(building, 'python');
        writeFileSync(python, wrapper);
        chmodSync(python, 0o755);
        const site = join(building, 'site');
        await runCommand(python, ['-m', 'pip', 'install', '--quiet', '--no-deps', '--no-compile', '--target', site, ...packages]);
        // 60 MB that the image doesn't need.
        for (const needless of ['usr/share', 'usr/lib/python3/dist-packages', 'var', 'etc']) {
          rmSync(join(building, needless), { recursive: true, force: true });
        }
      },
    },
    log,
  );
}

/** Debian's Python runs from any folder if its own libraries come before the machine's. */
const wrapper = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
libraries=
for folder in "$here"/usr/lib/*-linux-gnu* "$here"/lib/*-linux-gnu*; do
  [ -d "$folder" ] && libraries=$libraries\${libraries:+:}$folder
done
export LD_LIBRARY_PATH="$libraries" PYTHONPATH="$here/site" PYTHONDONTWRITEBYTECODE=1 PYTHONNOUSERSITE=1
exec "$here/usr/bin/python3" "$@"
`;
