import type { ServerResponse } from 'node:http';
import type { ErrorBoundary } from '../util/error-boundary.ts';

/** The pages that are open: each is told when there is something new to look at (server-sent events, WHATWG HTML 9.2). */
export interface LiveStreams {
  /** No further one is taken. */
  isFull(): boolean;
  /** Takes an answer whose head has been written; it is dropped when its reader goes away or doesn't read. */
  add(outgoing: ServerResponse): void;
}

const mostStreams = 32;
/** Many changes at once are one look. */
const leastGapMs = 200;
/** What is told in minutes gets old without any change, and a proxy in between closes what is silent. */
const silenceMs = 15_000;
const retryMs = 1000;
/** So much that nobody has read means that nobody reads. */
const mostUnread = 16_384;

const part = 'telling open pages';
const lookAgain = 'event: look\ndata:\n\n';

/** @param onChange calls back whenever what is known has changed; it is listened to only while somebody looks */
export function createLiveStreams(onChange: (listener: () => void) => () => void, boundary: Pick<ErrorBoundary, 'guard'>): LiveStreams {
  const streams = new Set<ServerResponse>();
  let stopListening: (() => void) | undefined;
  let next: NodeJS.Timeout | undefined;
  let toldAtMs = 0;

  const tell = boundary.guard(part, () => {
    toldAtMs = performance.now();
    schedule(silenceMs);
    for (const stream of streams) {
      if (stream.writableLength > mostUnread) stream.destroy();
      else stream.write(lookAgain);
    }
  });
  const schedule = (delayMs: number): void => {
    clearTimeout(next);
    next = streams.size === 0 ? undefined : setTimeout(tell, delayMs).unref();
  };
  const changed = boundary.guard(part, () => schedule(Math.max(0, toldAtMs + leastGapMs - performance.now())));
  const drop = (stream: ServerResponse): void => {
    streams.delete(stream);
    if (streams.size > 0) return;
    stopListening?.();
    stopListening = undefined;
    clearTimeout(next);
  };
  return {
    isFull: () => streams.size >= mostStreams,
    add(outgoing) {
      streams.add(outgoing);
      outgoing.on('close', () => drop(outgoing));
      stopListening ??= onChange(changed);
      // What has changed between the page and this stream is seen at once.
      outgoing.write(`retry: ${retryMs}\n\n${lookAgain}`);
      if (streams.size === 1) schedule(silenceMs);
    },
  };
}
