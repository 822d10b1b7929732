import type { Call, CountingProxy } from './counting-proxy.ts';
import type { Place } from './place.ts';
import type { Round } from './round.ts';

/**
 * Splits the time from the start to the first answer into steps, as the proxy and the file watch saw them. A contender
 * without a request to the engine has the single step from the event to the file.
 * @throws Error if the start's event, the file or the signal is missing
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
  if (event === undefined) throw new Error("the proxy passed on no event of the backend's start");
  const inTime = ({ begunAtMs }: Call): boolean => begunAtMs >= event.atMs && begunAtMs < servedAtMs;
  const signal = proxy.calls().find((call) => inTime(call) && call.method === 'POST' && call.path.endsWith('/kill'));
  const writtenMs = writtenAtMs.find((atMs) => atMs >= event.atMs);
  if (signal?.endedAtMs === undefined || writtenMs === undefined)
    throw new Error('the file or the signal is missing between the start and the first answer');
  // Only calls before the write led to the file.
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
