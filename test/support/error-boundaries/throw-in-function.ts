import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunningCommand } from '../built-command.ts';
import type { Scene } from '../fake-engine/scene.ts';
import { waitUntil } from '../wait-until.ts';

const preload = fileURLToPath(new URL('throw-in-function.cjs', import.meta.url));

/**
 * A primitive whose calls throw if they come from this function. With `about`, only calls that concern this text throw.
 */
export interface Fault {
  readonly call: string;
  readonly from?: string;
  readonly about?: string;
}

/** A `meet-gen run` with errors that a test injects into its parts. */
export interface FaultyRun {
  readonly run: RunningCommand;
  /** Makes these calls throw. Without a fault, no call throws. */
  setFault(fault?: Fault): Promise<void>;
  /** The number of errors thrown since the last `setFault`. */
  thrown(): number;
}

/** Starts the sidecar with prepared primitives. They throw only the faults of `setFault`. */
export function startFaultyRun(
  scene: Scene,
  flags: readonly string[] = [],
  wrap?: (program: string, args: readonly string[]) => readonly string[],
): FaultyRun {
  const file = join(scene.folder, 'fault.json');
  const env = { NODE_OPTIONS: `--require=${preload}`, THROW_IN_FUNCTION: file };
  const run = scene.run(flags, { env, ...(wrap === undefined ? {} : { wrap }) });
  return {
    run,
    async setFault(fault) {
      const text = JSON.stringify(fault ?? null);
      writeFileSync(file, text);
      run.signal('SIGUSR2');
      await waitUntil('the command has read the fault', () => run.hasEnded() || readText(`${file}.read`) === text);
    },
    thrown: () => readText(`${file}.thrown`).length,
  };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
