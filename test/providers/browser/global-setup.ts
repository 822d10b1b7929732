import { findChromium } from './find-chromium.ts';

/** Finds or unpacks a browser before the tests, since a download takes minutes and tests have deadlines. */
export async function setup(): Promise<void> {
  await findChromium((line) => void process.stderr.write(`${line}\n`));
}
