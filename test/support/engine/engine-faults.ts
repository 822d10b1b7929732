import { daemonPid, endDaemon, startDaemon } from './daemon.ts';
import { unpackEnginePackages } from './debian-packages.ts';
import type { Engine } from './docker-command.ts';
import { countOtherRuns, withEngineLock } from './engine-lock.ts';
import { cacheDirectory } from './places.ts';

/** Ends dockerd, by SIGTERM or SIGKILL, does `meanwhile`, and starts it again. Only on an engine of ours. */
export async function restartEngine(
  engine: Engine,
  options: { signal: 'SIGTERM' | 'SIGKILL'; meanwhile?: () => Promise<void> },
): Promise<void> {
  assertOurs(engine);
  await withEngineLock(async () => {
    const cache = cacheDirectory();
    const packages = await unpackEnginePackages(cache, () => undefined);
    await endDaemon(options.signal);
    await options.meanwhile?.();
    await startDaemon(packages, cache);
  });
}

/** Stops dockerd's process for a while (SIGSTOP, SIGCONT): its socket takes connections and answers nothing. */
export async function freezeEngine(engine: Engine, whileFrozen: () => Promise<void>): Promise<void> {
  assertOurs(engine);
  const pid = daemonPid();
  if (pid === undefined) throw new Error('The test engine does not run: nothing to freeze');
  process.kill(pid, 'SIGSTOP');
  try {
    await whileFrozen();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

/** Can this run break the engine without breaking another run's tests? */
export function mayBreakEngine(engine: Engine): boolean {
  return engine.provided && countOtherRuns() === 0;
}

function assertOurs(engine: Engine): void {
  if (countOtherRuns() > 0) throw new Error('Another test run uses the same engine: run the tests of engine faults when it has ended');
  if (!engine.provided) throw new Error(`The engine at ${engine.host} is not the tests' own: faults are only for one that they started`);
}
