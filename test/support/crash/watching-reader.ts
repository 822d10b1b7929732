import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** What a reader in a process of its own saw of a file, over and over. */
export interface Sightings {
  readonly reads: number;
  /** How many different files. */
  readonly files: number;
  /** What was wrong, each once: it was not there, empty, torn, or not for everybody to read. */
  readonly wrong: readonly string[];
}

export interface WatchingReader {
  stop(): Promise<Sightings>;
}

// Plain JavaScript as text, so that it needs nothing but node. It opens, looks at the mode, reads, and compares the generation
// with the hash of all the rest, as often as it can with a pause of a fifth of a millisecond.
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
  return createHash('sha256').update(draft).digest('hex').slice(0, 16) === generation ? '' : 'torn: not what its generation says';
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
// The process that started it has ended.
process.stdin.on('end', () => process.exit(0));
look();
`;

/** Starts to read a file that is there, in a process of its own. */
export async function startWatchingReader(file: string): Promise<WatchingReader> {
  const child = spawn(process.execPath, ['-e', code, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  return {
    async stop() {
      const told = once(lines, 'line');
      child.stdin.end('stop');
      const [line] = (await told) as [string];
      return JSON.parse(line) as Sightings;
    },
  };
}
