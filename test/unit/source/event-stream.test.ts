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
  readonly told: readonly string[];
  stop(): Promise<void>;
}

const event = (action: string, atMs: number): EngineEvent => ({ type: 'container', action, containerId: 'c', hasRole: true, atMs });

/** Follows an engine whose streams the test writes into; `refuse` makes subscribing fail so many times first. */
function follow(refuse = 0): Following {
  const abort = new AbortController();
  const openings: Opening[] = [];
  const told: string[] = [];
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
      onEvent: (one, isPast) => void told.push(`${isPast ? 'past ' : ''}${one.action}`),
      onOpened: (isRenewal) => void told.push(isRenewal ? 'renewed' : 'opened'),
      onConnected: () => void told.push('connected'),
      onDisconnected: (error) => void told.push(`disconnected: ${(error as Error).message}`),
    },
    500,
    abort.signal,
  );
  const stop = (): Promise<void> => {
    abort.abort();
    return stream.ended;
  };
  onTestFinished(stop);
  return { stream, openings, told, stop };
}

describe('an event stream', () => {
  it('reports what is no stream of events however long it lived', async () => {
    const { openings, told } = follow();
    await waitUntil('it is open', () => openings.length === 1);
    openings[0]?.fail(new EngineError('the answer is too long', { cure: 'see what answers' }));
    await waitUntil('it is opened again', () => openings.length === 2);
    expect(told).toContain('disconnected: the answer is too long');
  });

  it('asks for the past at first, and tells it apart', async () => {
    const startedAtMs = nowMs();
    const { openings, told } = follow();
    const opening = await waitUntil('it is open', () => openings[0]);
    expect(opening.sinceMs).toBeLessThanOrEqual(startedAtMs - 14 * 60_000);
    opening.say(event('kill', startedAtMs - 60_000));
    opening.say(event('die', nowMs()));
    await waitUntil('both were told', () => told.includes('die'));
    expect(told.filter((word) => word !== 'connected')).toEqual(['opened', 'past kill', 'die']);
  });

  it('that broke is opened again from the last event on', async () => {
    const { openings, told } = follow();
    const opening = await waitUntil('it is open', () => openings[0]);
    const atMs = nowMs();
    opening.say(event('die', atMs));
    await waitUntil('it was told', () => told.includes('die'));
    opening.fail(new Error('cut'));
    const again = await waitUntil('it is open again', () => openings[1]);
    expect(again.sinceMs - atMs).toBeGreaterThan(0);
    expect(again.sinceMs - atMs).toBeLessThan(0.01);
  });

  it('that ends as soon as it is opened is a fault', async () => {
    const { openings, told } = follow();
    (await waitUntil('it is open', () => openings[0])).end();
    await waitUntil('that is told', () => told.some((word) => word.startsWith('disconnected: the engine, or something in between')));
  });

  it('that can not be had is tried again', async () => {
    const { openings, told } = follow(3);
    await waitUntil('it is open', () => openings[0]);
    expect(told.filter((word) => word === 'disconnected: refused')).toHaveLength(3);
  });

  it('is renewed when nothing was heard since the last check, without a word of a fault, from where it was', async () => {
    const { stream, openings, told } = follow();
    const opening = await waitUntil('it is open', () => openings[0]);
    const atMs = nowMs();
    opening.say(event('die', atMs));
    await waitUntil('it was told', () => told.includes('die'));
    stream.renewIfSilent();
    expect(openings).toHaveLength(1);
    stream.renewIfSilent();
    const renewed = await waitUntil('it is open again', () => openings[1]);
    expect(renewed.sinceMs).toBeGreaterThan(atMs);
    renewed.say(event('start', nowMs()));
    await waitUntil('the new one is heard', () => told.includes('start'));
    expect(told.filter((word) => word !== 'connected')).toEqual(['opened', 'die', 'renewed', 'start']);
    stream.renewIfSilent();
    await nextTurn();
    expect(openings).toHaveLength(2);
  });

  it('is not renewed when an event waits to be read: a process that was held up has just not come to it', async () => {
    const { stream, openings, told } = follow();
    const opening = await waitUntil('it is open', () => openings[0]);
    stream.renewIfSilent();
    await nextTurn();
    opening.say(event('die', nowMs()));
    expect(told).not.toContain('die');
    stream.renewIfSilent();
    await nextTurn();
    expect(told).toContain('die');
    expect(openings).toHaveLength(1);
    expect(told).not.toContain('renewed');
  });

  it('ends with the signal', async () => {
    const { openings, stop } = follow();
    await waitUntil('it is open', () => openings[0]);
    await stop();
    expect(openings).toHaveLength(1);
  });
});
