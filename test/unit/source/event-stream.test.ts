import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { nowMs } from '../../../src/util/clock.ts';
import { EngineError } from '../../../src/source/engine-error.ts';
import { followEvents } from '../../../src/source/event-stream.ts';
import type { EventStream } from '../../../src/source/event-stream.ts';
import type { EngineEvent } from '../../../src/model/engine-event.ts';
import { waitUntil } from '../../support/wait-until.ts';

interface Opening {
  readonly sinceMs: number;
  say(event: EngineEvent): void;
  end(): void;
  fail(error: Error): void;
}

interface Following {
  readonly stream: EventStream;
  readonly openings: readonly Opening[];
  readonly reports: readonly string[];
  stop(): Promise<void>;
}

const event = (action: string, atMs: number): EngineEvent => ({ type: 'container', action, containerId: 'c', hasRole: true, atMs });

/** Follows an engine whose streams the test writes into; the first `refuse` subscriptions fail. */
function follow(refuse = 0): Following {
  const abort = new AbortController();
  const openings: Opening[] = [];
  const reports: string[] = [];
  let refusals = refuse;
  const stream = followEvents(
    (sinceMs, signal) => {
      if (refusals-- > 0) return Promise.reject(new Error('refused'));
      const pipe = new PassThrough({ objectMode: true, signal });
      openings.push({
        sinceMs,
        say: (one) => void pipe.write(one),
        end: () => void pipe.end(),
        fail: (error) => void pipe.destroy(error),
      });
      return Promise.resolve(pipe as AsyncIterable<EngineEvent>);
    },
    {
      onEvent: (one, isPast) => void reports.push(`${isPast ? 'past ' : ''}${one.action}`),
      onOpened: (isRenewal) => void reports.push(isRenewal ? 'renewed' : 'opened'),
      onConnected: () => void reports.push('connected'),
      onDisconnected: (error) => void reports.push(`disconnected: ${(error as Error).message}`),
    },
    500,
    abort.signal,
  );
  const stop = (): Promise<void> => {
    abort.abort();
    return stream.ended;
  };
  onTestFinished(stop);
  return { stream, openings, reports, stop };
}

describe('an event stream', () => {
  it('reports an answer that is not an event stream, however long it stayed open', async () => {
    const { openings, reports } = follow();
    await waitUntil('the stream is open', () => openings.length === 1);
    openings[0]?.fail(new EngineError('the answer is too long', { cure: 'see what answers' }));
    await waitUntil('the stream is open again', () => openings.length === 2);
    expect(reports).toContain('disconnected: the answer is too long');
  });

  it('asks for past events first, and marks them', async () => {
    const startedAtMs = nowMs();
    const { openings, reports } = follow();
    const opening = await waitUntil('the stream is open', () => openings[0]);
    expect(opening.sinceMs).toBeLessThanOrEqual(startedAtMs - 14 * 60_000);
    opening.say(event('kill', startedAtMs - 60_000));
    opening.say(event('die', nowMs()));
    await waitUntil('both events are reported', () => reports.includes('die'));
    expect(reports.filter((word) => word !== 'connected')).toEqual(['opened', 'past kill', 'die']);
  });

  it('reopens after a break, from the last event on', async () => {
    const { openings, reports } = follow();
    const opening = await waitUntil('the stream is open', () => openings[0]);
    const atMs = nowMs();
    opening.say(event('die', atMs));
    await waitUntil('the event is reported', () => reports.includes('die'));
    opening.fail(new Error('cut'));
    const again = await waitUntil('the stream is open again', () => openings[1]);
    expect(again.sinceMs - atMs).toBeGreaterThan(0);
    expect(again.sinceMs - atMs).toBeLessThan(0.01);
  });

  it('reports a stream that ends as soon as it is opened', async () => {
    const { openings, reports } = follow();
    (await waitUntil('the stream is open', () => openings[0])).end();
    await waitUntil('the fault is reported', () =>
      reports.some((word) => word.startsWith('disconnected: the engine, or a proxy in between')),
    );
  });

  it('retries after a failed subscription', async () => {
    const { openings, reports } = follow(3);
    await waitUntil('the stream is open', () => openings[0]);
    expect(reports.filter((word) => word === 'disconnected: refused')).toHaveLength(3);
  });

  it('renews a silent stream without reporting a fault, from the last event on', async () => {
    const { stream, openings, reports } = follow();
    const opening = await waitUntil('the stream is open', () => openings[0]);
    const atMs = nowMs();
    opening.say(event('die', atMs));
    await waitUntil('the event is reported', () => reports.includes('die'));
    stream.renewIfSilent();
    expect(openings).toHaveLength(1);
    stream.renewIfSilent();
    const renewed = await waitUntil('the stream is open again', () => openings[1]);
    expect(renewed.sinceMs).toBeGreaterThan(atMs);
    renewed.say(event('start', nowMs()));
    await waitUntil('the new stream delivers', () => reports.includes('start'));
    expect(reports.filter((word) => word !== 'connected')).toEqual(['opened', 'die', 'renewed', 'start']);
    stream.renewIfSilent();
    await nextTurn();
    expect(openings).toHaveLength(2);
  });

  it('is not renewed while an event waits in the socket of a blocked process', async () => {
    const { stream, openings, reports } = follow();
    const opening = await waitUntil('the stream is open', () => openings[0]);
    stream.renewIfSilent();
    await nextTurn();
    opening.say(event('die', nowMs()));
    expect(reports).not.toContain('die');
    stream.renewIfSilent();
    await nextTurn();
    expect(reports).toContain('die');
    expect(openings).toHaveLength(1);
    expect(reports).not.toContain('renewed');
  });

  it('ends when the signal aborts', async () => {
    const { openings, stop } = follow();
    await waitUntil('the stream is open', () => openings[0]);
    await stop();
    expect(openings).toHaveLength(1);
  });
});
