import type { ServerResponse } from 'node:http';
import type { ErrorBoundary } from '../util/error-boundary.ts';

/** The open pages: changes → an event `look` to each page (server-sent events, WHATWG HTML 9.2). */
export interface LiveStreams {
  /** Whether no further page can be added. */
  isFull(): boolean;
  /** Adds an answer after its header. It is dropped when the client leaves or stops reading. */
  add(outgoing: ServerResponse): void;
}

const mostStreams = 32;
/** Many changes at once are one event. */
const leastGapMs = 200;
/** Times in minutes get old without any change, and a proxy closes silent connections. */
const silenceMs = 15_000;
const retryMs = 1000;
/** A client with so many unread bytes has stopped reading. */
const mostUnread = 16_384;

const part = 'updating open pages';
const lookAgain = 'event: look\ndata:\n\n';

/** The open streams, and the time of the last event. */
interface Live {
  readonly onChange: (listener: () => void) => () => void;
  readonly streams: Set<ServerResponse>;
  readonly tell: () => void;
  readonly changed: () => void;
  /** Set while a page is open. */
  stopListening: (() => void) | undefined;
  next: NodeJS.Timeout | undefined;
  toldAtMs: number;
}

/** @param onChange adds a listener for changes of the snapshot; called only while a page is open */
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
  // Covers changes between the loading of the page and this stream.
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
