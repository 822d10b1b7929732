import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpackWithDependencies, whyNoPackages } from '../debian/debian-packages.ts';
import { cacheDirectory } from '../engine/places.ts';
import { tryCommand } from '../run-command.ts';
import { findProgram, isProgram } from '../find-program.ts';

/** A Chromium, and what its environment needs besides. */
export interface Chromium {
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
}

const variable = 'MEETGEN_TEST_CHROMIUM';
const names = ['chromium', 'chromium-browser', 'google-chrome'] as const;
const unpacked = 'usr/lib/chromium/chromium';
const howToGetOne = `Install Chromium or Chrome (one of ${names.join(', ')} on the PATH), or set ${variable} to its program`;

/**
 * Finds a Chromium: the one that MEETGEN_TEST_CHROMIUM names, one on the PATH, or else Debian's, unpacked into the cache (as root on
 * Debian, about 210 MB to download, once; nothing is installed).
 * @param log told before anything is downloaded
 * @throws Error that says how to get one
 */
export async function findChromium(log: (line: string) => void): Promise<Chromium> {
  const named = process.env[variable];
  if (named !== undefined && named !== '') {
    if (!isProgram(named)) throw new Error(`${variable}=${named} is no program. ${howToGetOne}.`);
    return { program: named, env: {} };
  }
  const found = findProgram(names);
  if (found !== undefined) return { program: found, env: {} };
  const obstacle = whyNoPackages();
  if (obstacle !== undefined)
    throw new Error(
      `The tests have no browser, and can't unpack Debian's: ${obstacle}. ${howToGetOne}, or run the tests as root on Debian.`,
    );
  const cache = cacheDirectory();
  mkdirSync(cache, { recursive: true });
  const root = await unpackWithDependencies(cache, 'chromium', {
    packages: ['chromium', 'fonts-dejavu-core'],
    before: (folder) =>
      log(`Unpacking Debian's Chromium into ${folder} (about 210 MB to download, 810 MB on disk, once; nothing is installed)`),
    finish: finishTree,
  });
  return describeTree(root);
}

async function finishTree(root: string): Promise<void> {
  writeFileSync(fontsOf(root), fontConfiguration);
  const { program, env } = describeTree(root);
  const tried = await tryCommand(program, ['--version'], { env });
  if (tried.code !== 0) throw new Error(`The Chromium of Debian's packages does not run here: ${tried.stderr.trim()}. ${howToGetOne}.`);
}

/** The tree's libraries go before the machine's, and no font comes from anywhere but the tree. */
function describeTree(root: string): Chromium {
  const triplet = readdirSync(join(root, 'usr/lib')).find((name) => /-linux-gnu/.test(name)) ?? '';
  const folders = [`usr/lib/${triplet}`, `lib/${triplet}`, `usr/lib/${triplet}/pulseaudio`].map((folder) => join(root, folder));
  return {
    program: join(root, unpacked),
    env: { LD_LIBRARY_PATH: folders.filter((folder) => existsSync(folder)).join(':'), FONTCONFIG_FILE: fontsOf(root) },
  };
}

function fontsOf(root: string): string {
  return join(root, 'fonts.conf');
}

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
