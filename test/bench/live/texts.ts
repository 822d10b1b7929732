import { readFile } from 'node:fs/promises';
import { waitUntil } from '../../support/wait-until.ts';
import { meetGen } from './contenders/meet-gen.ts';
import type { EngineApi } from './engine-api.ts';
import type { Place } from './place.ts';
import { untilAtRest } from './processor-time.ts';

/** What meet-gen publishes while these backends are in rotation: so that all contenders publish the same. */
export interface Texts {
  readonly '': string;
  readonly one: string;
  readonly two: string;
  readonly 'one,two': string;
}

/** Has meet-gen itself write each of them. */
export async function recordTexts(api: EngineApi, place: Place, signal: AbortSignal): Promise<Texts> {
  const { file, backends } = place;
  const [one, two] = backends;
  const running = await meetGen.start(place, api.socketPath);
  const published = async (inRotation: readonly { readonly address: string }[]): Promise<string> => {
    const isRight = (text: string): boolean =>
      backends.every((backend) => text.includes(`server ${backend.address}:`) === inRotation.includes(backend));
    const text = await waitUntil('meet-gen has published it', async () => {
      const now = await readFile(file, 'utf8');
      return isRight(now) ? now : undefined;
    });
    await untilAtRest(running.pid, signal);
    return text;
  };
  const kill = (id: string): Promise<unknown> => api.call('POST', `/containers/${id}/kill`);
  const start = (id: string): Promise<unknown> => api.call('POST', `/containers/${id}/start`);
  try {
    const nobody = await published([]);
    await start(one.id);
    const onlyOne = await published([one]);
    await start(two.id);
    const both = await published([one, two]);
    await kill(one.id);
    const onlyTwo = await published([two]);
    await kill(two.id);
    await published([]);
    return { '': nobody, one: onlyOne, two: onlyTwo, 'one,two': both };
  } finally {
    await running.stop();
  }
}
