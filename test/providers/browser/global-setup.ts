import { findChromium } from './find-chromium.ts';

/** Has a browser at hand before the first test that opens one: what takes minutes is done outside of their deadlines. */
export async function setup(): Promise<void> {
  await findChromium((line) => void process.stderr.write(`${line}\n`));
}
