import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOsRelease } from '../debian/running-debian.ts';
import { unpackOnce } from '../debian/unpack-once.ts';
import { NotProvided } from '../not-provided.ts';
import { tryCommand } from '../run-command.ts';
import { howToGetChromium } from './how-to-get-chromium.ts';

const wrapper = 'chromium';

/**
 * Unpacks a Debian suite's Chromium into the cache, once, with its libraries and a font.
 * @param suite a release (`bookworm`) or its security updates (`bookworm-security`). Default: the running release
 * @returns the path of the program, which needs no environment variables
 */
export async function unpackChromium(log: (line: string) => void, suite?: string): Promise<string> {
  const { codename } = readOsRelease();
  const from = suite ?? codename;
  const root = await unpackOnce(
    {
      name: `chromium-${from}`,
      title: `Chromium of Debian ${from}`,
      packages: from === codename ? ['chromium', 'fonts-dejavu-core'] : [`chromium/${from}`, 'fonts-dejavu-core'],
      // A security suite has only the changed packages. The other packages are in its release.
      suites: [...new Set([from.replace(/-security$/, ''), from])],
      withDependencies: true,
      proof: wrapper,
      finish: (building) => finish(building, from),
    },
    log,
  );
  return join(root, wrapper);
}

async function finish(root: string, suite: string): Promise<void> {
  writeFileSync(join(root, 'fonts.conf'), fontConfiguration);
  const program = join(root, wrapper);
  writeFileSync(program, wrapperScript);
  chmodSync(program, 0o755);
  const tried = await tryCommand(program, ['--version']);
  if (tried.code !== 0) {
    const reason = tried.stderr.trim().split('\n')[0];
    throw new NotProvided(`The Chromium of Debian ${suite} does not run here: ${reason}.`, howToGetChromium);
  }
}

/** Puts the folder's libraries before the machine's, and uses the folder's fonts only. */
const wrapperScript = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
libraries=
for folder in "$here"/usr/lib/*-linux-gnu* "$here"/lib/*-linux-gnu* "$here"/usr/lib/*-linux-gnu*/pulseaudio; do
  [ -d "$folder" ] && libraries=$libraries\${libraries:+:}$folder
done
export LD_LIBRARY_PATH="$libraries" FONTCONFIG_FILE="$here/fonts.conf"
exec "$here/usr/lib/chromium/chromium" "$@"
`;

const families = { 'sans-serif': 'DejaVu Sans', serif: 'DejaVu Serif', monospace: 'DejaVu Sans Mono', 'system-ui': 'DejaVu Sans' };

const fontConfiguration = [
  '<?xml version="1.0"?>',
  '<!DOCTYPE fontconfig SYSTEM "fonts.dtd">',
  '<fontconfig>',
  '  <dir prefix="relative">usr/share/fonts</dir>',
  '  <cachedir prefix="xdg">fontconfig</cachedir>',
  ...Object.entries(families).map(
    ([generic, family]) => `  <alias><family>${generic}</family><prefer><family>${family}</family></prefer></alias>`,
  ),
  '</fontconfig>',
  '',
].join('\n');
