import { afterAll, beforeAll, test } from 'vitest';
import type { EngineKind } from '../providers/engines/engine-kinds.ts';
import { startMeetOn, type MeetOnEngine } from '../support/engines/meet-on-engine.ts';
import { behaviours, type Behaviour } from './behaviours.ts';
import { limits } from './limits.ts';

/** Declares a test for each behaviour that an engine can have. */
export function conforms(kind: EngineKind): void {
  let meet: MeetOnEngine;
  beforeAll(async () => {
    meet = await startMeetOn(kind);
  });
  afterAll(() => meet?.stop());

  const all = Object.entries(behaviours) as [Behaviour, (meet: MeetOnEngine) => Promise<void>][];
  for (const [name, behave] of all.filter(([behaviour]) => limits[kind.name]?.[behaviour] === undefined)) {
    test.sequential(name, async () => {
      await meet.reset();
      await behave(meet);
    });
  }
}
