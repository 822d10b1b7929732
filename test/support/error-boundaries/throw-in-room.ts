import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunningCommand } from '../built-command.ts';
import type { Scene } from '../fake-engine/scene.ts';
import { waitUntil } from '../wait-until.ts';

const preload = fileURLToPath(new URL('throw-in-room.cjs', import.meta.url));

/** A call of a primitive that throws: which one, made from a function of that name, and about that text where not all are meant. */
export interface Fault {
  readonly call: string;
  readonly from?: string;
  readonly about?: string;
}

/** `meet-gen run`, into whose parts a test can make errors fall. */
export interface FaultyRun {
  readonly run: RunningCommand;
  /** From now on these calls throw; without any none does. */
  strike(fault?: Fault): Promise<void>;
  /** How often one has thrown since. */
  thrown(): number;
}

/** Starts the sidecar with Node's primitives prepared: they throw only where `strike` says so. */
export function startFaultyRun(
  scene: Scene,
  flags: readonly string[] = [],
  wrap?: (program: string, args: readonly string[]) => readonly string[],
): FaultyRun {
  const file = join(scene.folder, 'fault.json');
  const env = { NODE_OPTIONS: `--require=${preload}`, THROW_IN_ROOM: file };
  const run = scene.run(flags, { env, ...(wrap === undefined ? {} : { wrap }) });
  return {
    run,
    async strike(fault) {
      const text = JSON.stringify(fault ?? null);
      writeFileSync(file, text);
      run.signal('SIGUSR2');
      await waitUntil('the fault is taken in', () => run.hasEnded() || readText(`${file}.read`) === text);
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
