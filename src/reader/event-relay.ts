import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import type { EngineClient } from '../source/docker/engine-client.ts';
import { createBackoff } from '../util/backoff.ts';
import { nowMs } from '../util/clock.ts';
import type { EngineReport } from './engine-report.ts';
import { reduceEvent } from './reduce.ts';
import { engineLimitMs } from './engine-answers.ts';

/** The reader's one stream of the engine's events, and the streams of its clients. */
export interface EventRelay {
  /** Why no client can subscribe now; undefined if one can. */
  refusal(): string | undefined;
  /** Whether the engine's stream was ever open. */
  hasOpened(): boolean;
  /** Adds a stream after its head. It is dropped when the client leaves or stops reading. */
  add(outgoing: ServerResponse, lineOf: (json: string, index: number) => string): void;
  /** Resolves when the first attempt to open the engine's stream is over. */
  readonly tried: Promise<void>;
}

/** A swarm has fewer nodes with a frontend. Each stream costs a descriptor. */
const mostStreams = 500;
/** A client with so many unread bytes has stopped reading. */
const mostUnread = 65_536;
const reconnectCapMs = 2000;
/** A stream that ends earlier than this is a fault, and reopens after a growing pause. */
const steadyMs = 2000;
const filters = { type: ['service', 'node'] };

/**
 * Keeps a stream of the engine's events open until the signal aborts, and sends each service and node event to all
 * clients. When the engine's stream ends, all clients' streams end, so that the clients look again.
 * @param onChange is called when earlier answers of the engine may be out of date, before any client gets the event
 */
export function relayEvents(
  engine: Pick<EngineClient, 'eventLines'>,
  onChange: () => void,
  report: EngineReport,
  signal: AbortSignal,
): EventRelay {
  const clients = new Map<ServerResponse, (json: string) => void>();
  let isOpen = false;
  let hasOpened = false;

  const follow = async (tried: () => void): Promise<void> => {
    const lines = await engine.eventLines({ filters }, engineLimitMs, signal);
    [isOpen, hasOpened] = [true, true];
    onChange();
    report.worked('/events');
    tried();
    for await (const line of lines) {
      const json = reduceEvent(line);
      if (json === undefined) continue;
      onChange();
      for (const tell of clients.values()) tell(json);
    }
  };

  const run = async (tried: () => void): Promise<void> => {
    const pause = createBackoff(reconnectCapMs);
    while (!signal.aborted) {
      const beganAtMs = nowMs();
      const failure = await follow(tried).then(
        () => new Error('the engine ended the event stream'),
        (error: unknown) => error,
      );
      isOpen = false;
      for (const outgoing of clients.keys()) outgoing.destroy();
      tried();
      if (signal.aborted) return;
      report.failed('/events', failure);
      if (nowMs() - beganAtMs > steadyMs) pause.reset();
      await sleep(pause.nextMs(), undefined, { signal }).catch(() => undefined);
    }
  };

  return {
    refusal() {
      if (!isOpen) return "the reader's own stream of events from its engine is not open; try another manager, or try again";
      return clients.size >= mostStreams ? `the reader has ${mostStreams} event streams already` : undefined;
    },
    hasOpened: () => hasOpened,
    add(outgoing, lineOf) {
      let index = 0;
      clients.set(outgoing, (json) => {
        if (outgoing.writableLength > mostUnread) outgoing.destroy();
        else outgoing.write(lineOf(json, index++));
      });
      outgoing.on('close', () => clients.delete(outgoing));
    },
    tried: new Promise((resolve) => void run(resolve)),
  };
}
