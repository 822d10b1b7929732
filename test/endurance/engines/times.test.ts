import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineKinds, rootlessKinds, type EngineKind } from '../../providers/engines/engine-kinds.ts';
import { startMeetOn, type MeetOnEngine } from '../../support/engines/meet-on-engine.ts';

// The time from the moment at which meet-gen receives an event until the published file is right. The times of the engine
// itself, such as Podman's poll of its event file, don't count.

const rounds = 10;
const withinMs = 300;
/** This many of ten starts or stops. On a busy machine, one may take longer. */
const inTime = 9;

describe.each([...engineKinds, ...rootlessKinds])('$name', (kind) => followsInTime(kind));

function followsInTime(kind: EngineKind): void {
  let meet: MeetOnEngine;
  beforeAll(async () => {
    meet = await startMeetOn(kind);
  });
  afterAll(() => meet?.stop());

  test(`the file follows starts and stops within ${withinMs} ms of the event`, async () => {
    const name = await meet.replica();
    const id = (await meet.docker('inspect', '--format', '{{.Id}}', name)).trim();
    await meet.isIn(await meet.address(name));
    const [ins, outs]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      const address = await meet.address(name);
      await settled(meet);
      await meet.docker('stop', '--time', '5', name);
      await recorded(meet, address, false);
      // Docker announces the stop's signal. Podman announces the end alone.
      outs.push(sinceEvent(meet, id, ['kill', 'die']));
      await settled(meet);
      await meet.docker('start', name);
      await recorded(meet, await meet.address(name), true);
      ins.push(sinceEvent(meet, id, ['start']));
    }
    console.log(`${kind.name}: start → in ${describeTimes(ins)}, stop → out ${describeTimes(outs)}`);
    for (const timesMs of [ins, outs]) expect(timesMs.filter((ms) => ms <= withinMs).length).toBeGreaterThanOrEqual(inTime);
  });
}

async function settled(meet: MeetOnEngine): Promise<void> {
  await meet.converged();
  await meet.hasLooked();
  meet.events.forget();
}

/** Waits until the record of the file's contents, from which the time comes, has the change. */
function recorded(meet: MeetOnEngine, address: string, isIn: boolean): Promise<void> {
  return meet.wait('the change is recorded', async () => meet.contents().at(-1)?.includes(address) === isIn);
}

function sinceEvent(meet: MeetOnEngine, containerId: string, actions: readonly string[]): number {
  const receivedAtMs = meet.events.receivedAtMs(containerId, actions);
  expect(receivedAtMs, `meet-gen has received ${actions.join(' or ')}`).toBeDefined();
  return meet.changedAtMs() - (receivedAtMs ?? 0);
}

function describeTimes(timesMs: readonly number[]): string {
  const sorted = timesMs.toSorted((one, other) => one - other);
  return `${sorted[Math.floor(sorted.length / 2)]} ms (${sorted[0]} to ${sorted.at(-1)})`;
}
