import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { cacheDirectory } from '../cache-directory.ts';
import { findChromium } from './find-chromium.ts';

/** Switches off the browser's own background activity. */
const quietly = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
] as const;

/** Opens a headless Chromium with a new profile. The caller closes it. */
export async function openBrowser(): Promise<Browser> {
  const program = await findChromium((line) => void process.stderr.write(`${line}\n`));
  // Chromium writes more than its profile (certificates, a font cache). These files go into a separate home.
  const home = join(cacheDirectory(), 'browser-home');
  mkdirSync(home, { recursive: true });
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('XDG_')));
  return chromium.launch({
    executablePath: program,
    headless: true,
    // Chromium's sandbox doesn't work as root, and the pages are meet-gen's own.
    chromiumSandbox: false,
    args: [...quietly],
    env: { ...inherited, HOME: home },
  });
}
