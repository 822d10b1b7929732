import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';

/** The text in the generation's place while meet-gen hashes the file. */
const placeholder = '[meet-gen:generation]';

/** Whether this is a complete published file: its generation is the hash of the rest. */
export function isWhole(content: string): boolean {
  const generation = /return 200 "([0-9a-f]{16}) \$nginx_version\\n"/.exec(content)?.[1];
  if (generation === undefined) return false;
  const draft = content.replaceAll(generation, placeholder);
  return createHash('sha256').update(draft).digest('hex').slice(0, 16) === generation;
}

/** A reader's observations of a file. */
interface Sightings {
  readonly reads: number;
  /** Failed reads: the file was missing, or not readable. */
  readonly failed: number;
  /** The different contents. */
  readonly contents: readonly string[];
}

/** A reader that hardly pauses, so that its reads coincide with writes. */
export interface BusyReader {
  stop(): Promise<Sightings>;
}

// Plain JavaScript as text: a worker can't start from TypeScript.
const readerCode = `
const { readFileSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
const stopped = new Int32Array(workerData.stop);
const contents = new Set();
let reads = 0;
let failed = 0;
parentPort.postMessage('started');
while (Atomics.load(stopped, 0) === 0) {
  reads += 1;
  try {
    contents.add(readFileSync(workerData.file, 'utf8'));
  } catch {
    failed += 1;
  }
  // A tenth of a millisecond, so that the writer also runs on a machine with few cores.
  Atomics.wait(stopped, 0, 0, 0.1);
}
parentPort.postMessage({ reads, failed, contents: [...contents] });
`;

/** Starts to read a file repeatedly, in a separate thread. */
export async function startBusyReader(file: string): Promise<BusyReader> {
  const stop = new SharedArrayBuffer(4);
  const worker = new Worker(readerCode, { eval: true, workerData: { file, stop } });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  return {
    stop() {
      const sightings = new Promise<Sightings>((resolve, reject) => worker.once('message', resolve).once('error', reject));
      Atomics.store(new Int32Array(stop), 0, 1);
      return sightings;
    },
  };
}
