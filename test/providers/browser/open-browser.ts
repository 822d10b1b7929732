import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { cacheDirectory } from '../cache-directory.ts';
import { findChromium } from './find-chromium.ts';

/** What a browser does by itself, without being told to by a test, is off. */
const quietly = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
] as const;

/** Opens a headless Chromium with a new profile; close it when done. */
export async function openBrowser(): Promise<Browser> {
  const program = await findChromium((line) => void process.stderr.write(`${line}\n`));
  // What it keeps besides its profile (certificates, a cache of fonts) goes to a home that is nobody's.
  const home = join(cacheDirectory(), 'browser-home');
  mkdirSync(home, { recursive: true });
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('XDG_')));
  return chromium.launch({
    executablePath: program,
    headless: true,
    // Chromium's sandbox can't be had as root, and the pages are our own.
    chromiumSandbox: false,
    args: [...quietly],
    env: { ...inherited, HOME: home },
  });
}
