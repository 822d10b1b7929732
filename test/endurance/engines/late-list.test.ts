import { afterAll, beforeAll, test } from 'vitest';
import { endOnce } from '../../engines/behaviours.ts';
import { engineKinds } from '../../providers/engines/engine-kinds.ts';
import { startMeetOn, type MeetOnEngine } from '../../support/engines/meet-on-engine.ts';

// Docker 20.10 announces an end before its list shows it, up to 236 ms before. A look in between must not put the dead
// address back.

const endsOfEach = 15;
const kind = engineKinds.find(({ name }) => name === 'docker-20.10');

let meet: MeetOnEngine;
beforeAll(async () => {
  if (kind === undefined) throw new Error('no engine docker-20.10');
  meet = await startMeetOn(kind);
});
afterAll(() => meet?.stop());

test.each(['stop', 'kill'])(`on Docker 20.10, each %s is one change of the file, in ${endsOfEach} of ${endsOfEach}`, async (end) => {
  for (let count = 0; count < endsOfEach; count += 1) {
    await meet.reset();
    await endOnce(meet, (name) => meet.docker(end, name));
  }
});
