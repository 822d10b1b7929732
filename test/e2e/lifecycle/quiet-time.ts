import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Engine } from '../../providers/engine/docker-command.ts';
import { startMeet } from '../../support/meet-stack.ts';

/** A Meet of its own that is watched for half a minute after its last event. */
export interface QuietTime {
  /** Resolves when that time is over: undefined when all was right, else what was wrong. */
  readonly outcome: Promise<unknown>;
  down(): Promise<void>;
}

const api = '/api/v1.0/config/';
const watchedMs = 30_000;
const betweenLooksMs = 3000;

/**
 * Pauses a backend and watches what is served then, while other tests go on with stacks of their own. Pausing is
 * announced before the engine's own list shows it: who looks only once never sees it, and no later event makes up for it.
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
