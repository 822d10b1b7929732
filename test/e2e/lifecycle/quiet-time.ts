import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Engine } from '../../providers/engine/docker-command.ts';
import { startMeet } from '../../support/meet-stack.ts';

/** A separate Meet that the test watches for half a minute after its last event. */
export interface QuietTime {
  /** Resolves after that time: undefined for the right routes, else the error. */
  readonly outcome: Promise<unknown>;
  down(): Promise<void>;
}

const api = '/api/v1.0/config/';
const watchedMs = 30_000;
const betweenLooksMs = 3000;

/**
 * Pauses a backend, and watches the answers while other tests use their own stacks. The engine announces a pause before
 * its list shows it. A single look misses the pause, and no later event comes.
 */
export async function startQuietTime(engine: Engine): Promise<QuietTime> {
  const meet = await startMeet(engine, 'quiet', { scale: { backend: 3 } });
  const watch = async (): Promise<void> => {
    await meet.routed({ [api]: ['backend-1', 'backend-2', 'backend-3'] });
    await meet.docker('pause', meet.container('backend-2'));
    await meet.routed({ [api]: ['backend-1', 'backend-3'] });
    await meet.converged();
    const [file, hups] = [await meet.fileIdentity(), await meet.countHups()];
    const untilMs = Date.now() + watchedMs;
    while (Date.now() < untilMs) {
      await sleep(betweenLooksMs);
      expect(await meet.answering(api)).toEqual(['backend-1', 'backend-3']);
    }
    expect(await meet.fileIdentity()).toBe(file);
    expect(await meet.countHups()).toBe(hups);
  };
  return {
    outcome: watch().then(
      () => undefined,
      (error: unknown) => error,
    ),
    down: meet.down,
  };
}
