import type { Call, CountingProxy } from './counting-proxy.ts';
import type { Place } from './place.ts';
import type { Round } from './round.ts';

/**
 * What the time from the start to the first answer is made of, as the proxy and the file saw it. A contender that lists
 * nothing has no such part; the rest is in the part before.
 * @throws Error when the start's event, the file or the signal was not seen
 */
export function explainTime(
  proxy: Pick<CountingProxy, 'calls' | 'events'>,
  writtenAtMs: readonly number[],
  round: Pick<Round, 'startedAtMs' | 'servedAtMs'>,
  place: Pick<Place, 'backends'>,
): readonly (readonly [string, number])[] {
  const { startedAtMs, servedAtMs } = round;
  const [{ id }] = place.backends;
  const event = proxy.events().find(({ line }) => isStartOf(line, id));
  if (event === undefined) throw new Error('the contender was not told of the start through the proxy');
  const inTime = ({ begunAtMs }: Call): boolean => begunAtMs >= event.atMs && begunAtMs < servedAtMs;
  const signal = proxy.calls().find((call) => inTime(call) && call.method === 'POST' && call.path.endsWith('/kill'));
  const writtenMs = writtenAtMs.find((atMs) => atMs >= event.atMs);
  if (signal?.endedAtMs === undefined || writtenMs === undefined)
    throw new Error('no signal, or no file, was seen between the start and the first answer');
  // What was begun before the file was written led to it.
  const asked = proxy
    .calls()
    .filter((call) => inTime(call) && call.begunAtMs < writtenMs && call.method === 'GET' && call.path !== '/events');
  const firstMs = asked[0]?.begunAtMs;
  const lastMs = asked.at(-1)?.endedAtMs;
  const asking: readonly (readonly [string, number])[] =
    firstMs === undefined || lastMs === undefined
      ? [['event → file', writtenMs - event.atMs]]
      : [
          ['event → first question', firstMs - event.atMs],
          ['questions to the engine', lastMs - firstMs],
          ['last answer → file', writtenMs - lastMs],
        ];
  return [
    ['start → event heard', event.atMs - startedAtMs],
    ...asking,
    ['file → HUP', signal.begunAtMs - writtenMs],
    ['HUP', signal.endedAtMs - signal.begunAtMs],
    ['HUP sent → served', servedAtMs - signal.endedAtMs],
  ];
}

function isStartOf(line: string, id: string): boolean {
  const { Action: action, Actor: actor } = JSON.parse(line) as { Action?: string; Actor?: { ID?: string } };
  return action === 'start' && actor?.ID === id;
}
