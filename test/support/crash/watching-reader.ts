import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** The observations of a file by a reader in a separate process. */
export interface Sightings {
  readonly reads: number;
  /** The number of different contents. */
  readonly files: number;
  /** The defects, each once: the file was missing, empty, torn, or not readable for all users. */
  readonly wrong: readonly string[];
}

export interface WatchingReader {
  stop(): Promise<Sightings>;
}

// Plain JavaScript as text, which needs only node. It opens the file, checks the mode, reads the content, and compares
// the generation with the hash of the rest. Then it pauses for a fifth of a millisecond.
const code = `
const { closeSync, fstatSync, openSync, readFileSync } = require('node:fs');
const { createHash } = require('node:crypto');
const [file] = process.argv.slice(1);
const seen = new Map();
const wrong = new Set();
let reads = 0;
function verdictOn(content) {
  const generation = /return 200 "([0-9a-f]{16}) \\$nginx_version\\\\n"/.exec(content)?.[1];
  if (content === '') return 'empty';
  if (generation === undefined) return 'torn: no generation in ' + content.length + ' characters';
  const draft = content.replaceAll(generation, '[meet-gen:generation]');
  return createHash('sha256').update(draft).digest('hex').slice(0, 16) === generation ? '' : 'torn: its generation is not its hash';
}
function look() {
  for (let time = 0; time < 20; time += 1) {
    reads += 1;
    try {
      const opened = openSync(file, 'r');
      const mode = fstatSync(opened).mode & 0o777;
      const content = readFileSync(opened, 'utf8');
      closeSync(opened);
      if (mode !== 0o644) wrong.add('its mode is ' + mode.toString(8));
      if (!seen.has(content)) seen.set(content, verdictOn(content));
      if (seen.get(content) !== '') wrong.add(seen.get(content));
      if (seen.size > 5000) for (const old of [...seen.keys()].slice(0, 1000)) files += seen.delete(old) ? 1 : 0;
    } catch (error) {
      wrong.add(error.code ?? error.message);
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0.2);
  }
  setImmediate(look);
}
let files = 0;
console.log('reading');
process.stdin.on('data', () => {
  console.log(JSON.stringify({ reads, files: files + seen.size, wrong: [...wrong] }));
  process.exit(0);
});
// The parent process has ended.
process.stdin.on('end', () => process.exit(0));
look();
`;

/** Starts to read an existing file in a separate process. */
export async function startWatchingReader(file: string): Promise<WatchingReader> {
  const child = spawn(process.execPath, ['-e', code, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  return {
    async stop() {
      const summary = once(lines, 'line');
      child.stdin.end('stop');
      const [line] = (await summary) as [string];
      return JSON.parse(line) as Sightings;
    },
  };
}
