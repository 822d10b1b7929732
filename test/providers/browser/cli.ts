import { unpackChromium } from './chromium-tree.ts';

// Provides another Chromium: `MEETGEN_TEST_CHROMIUM=$(npx tsx test/providers/browser/cli.ts unpack bookworm-security)`.
// Progress goes to standard error, the program's path to standard output.

const [command, suite, ...rest] = process.argv.slice(2);
try {
  if (command !== 'unpack' || rest.length > 0) throw new Error('Usage: npx tsx test/providers/browser/cli.ts unpack [suite]');
  process.stdout.write(`${await unpackChromium((line) => void process.stderr.write(`${line}\n`), suite)}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
