import { readFile } from 'node:fs/promises';
import { waitUntil } from '../../support/wait-until.ts';
import { meetGen } from './contenders/meet-gen.ts';
import type { EngineApi } from './engine-api.ts';
import type { Place } from './place.ts';
import { waitForContender } from './processor-time.ts';

/** The files that meet-gen publishes, by the backends in rotation. All contenders publish the same files. */
export interface Texts {
  readonly '': string;
  readonly one: string;
  readonly two: string;
  readonly 'one,two': string;
}

/** Starts meet-gen, and records each text that it writes. */
export async function recordTexts(api: EngineApi, place: Place, signal: AbortSignal): Promise<Texts> {
  const { file, backends } = place;
  const [one, two] = backends;
  const running = await meetGen.start(place, api.socketPath);
  const published = async (inRotation: readonly { readonly address: string }[]): Promise<string> => {
    const isRight = (text: string): boolean =>
      backends.every((backend) => text.includes(`server ${backend.address}:`) === inRotation.includes(backend));
    const text = await waitUntil('the file is published', async () => {
      const now = await readFile(file, 'utf8');
      return isRight(now) ? now : undefined;
    });
    await waitForContender(running.pid, signal);
    return text;
  };
  const kill = (id: string): Promise<unknown> => api.call('POST', `/containers/${id}/kill`);
  const start = (id: string): Promise<unknown> => api.call('POST', `/containers/${id}/start`);
  try {
    const none = await published([]);
    await start(one.id);
    const onlyOne = await published([one]);
    await start(two.id);
    const both = await published([one, two]);
    await kill(one.id);
    const onlyTwo = await published([two]);
    await kill(two.id);
    await published([]);
    return { '': none, one: onlyOne, two: onlyTwo, 'one,two': both };
  } finally {
    await running.stop();
  }
}
