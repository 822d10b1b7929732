import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineKinds, type EngineKind } from '../providers/engines/engine-kinds.ts';
import { startMeetOn, type MeetOnEngine } from '../support/engines/meet-on-engine.ts';
import { behaviours, type Behaviour } from './behaviours.ts';
import { limits } from './limits.ts';

for (const kind of engineKinds) {
  describe.concurrent(kind.name, () => conforms(kind));
}

function conforms(kind: EngineKind): void {
  let meet: MeetOnEngine;
  beforeAll(async () => {
    meet = await startMeetOn(kind);
  });
  afterAll(() => meet?.stop());

  for (const [name, behave] of Object.entries(behaviours) as [Behaviour, (meet: MeetOnEngine) => Promise<void>][]) {
    const limit = limits[kind.name]?.[name];
    test.sequential(limit === undefined ? name : `not: ${name} (${limit.reason})`, async () => {
      await meet.reset();
      if (limit === undefined) return behave(meet);
      const failure = await behave(meet).then(
        () => undefined,
        (error: unknown) => String(error),
      );
      if (failure !== undefined || limit.isRare === undefined) expect(failure, 'the behaviour fails').toMatch(limit.fails);
    });
  }
}
