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

/** The open streams, and when they were told last. */
interface Live {
  readonly onChange: (listener: () => void) => () => void;
  readonly streams: Set<ServerResponse>;
  readonly tell: () => void;
  readonly changed: () => void;
  /** While somebody looks. */
  stopListening: (() => void) | undefined;
  next: NodeJS.Timeout | undefined;
  toldAtMs: number;
}

/** @param onChange calls back whenever what is known has changed; it is listened to only while somebody looks */
export function createLiveStreams(onChange: (listener: () => void) => () => void, boundary: Pick<ErrorBoundary, 'guard'>): LiveStreams {
  const live: Live = {
    onChange,
    streams: new Set(),
    tell: boundary.guard(part, () => tellAll(live)),
    changed: boundary.guard(part, () => schedule(live, Math.max(0, live.toldAtMs + leastGapMs - performance.now()))),
    stopListening: undefined,
    next: undefined,
    toldAtMs: 0,
  };
  return {
    isFull: () => live.streams.size >= mostStreams,
    add: (outgoing) => add(live, outgoing),
  };
}

function add(live: Live, outgoing: ServerResponse): void {
  const { streams, onChange, changed } = live;
  streams.add(outgoing);
  outgoing.on('close', () => drop(live, outgoing));
  live.stopListening ??= onChange(changed);
  // What has changed between the page and this stream is seen at once.
  outgoing.write(`retry: ${retryMs}\n\n${lookAgain}`);
  if (streams.size === 1) schedule(live, silenceMs);
}

function drop(live: Live, stream: ServerResponse): void {
  live.streams.delete(stream);
  if (live.streams.size > 0) return;
  live.stopListening?.();
  live.stopListening = undefined;
  clearTimeout(live.next);
}

function schedule(live: Live, delayMs: number): void {
  clearTimeout(live.next);
  live.next = live.streams.size === 0 ? undefined : setTimeout(live.tell, delayMs).unref();
}

function tellAll(live: Live): void {
  live.toldAtMs = performance.now();
  schedule(live, silenceMs);
  for (const stream of live.streams) {
    if (stream.writableLength > mostUnread) stream.destroy();
    else stream.write(lookAgain);
  }
}
