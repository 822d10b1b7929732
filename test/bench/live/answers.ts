import { connect } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { WallClock } from './wall-clock.ts';

/** The answer to one request on a fresh connection. */
export interface Answer {
  /** When the answer arrived, or the request gave up. */
  readonly atMs: number;
  /** The last line of the body: a backend's name; empty without an answer. */
  readonly by: string;
}

/** Requests without a pause, one after the other. */
export interface AnswerWatch {
  answers(): readonly Answer[];
  /** From the start of a request to the start of the next. */
  intervalsMs(): readonly number[];
  stop(): Promise<void>;
}

const everyMs = 1.5;
const giveUpAfterMs = 3000;

/** Sends requests on fresh connections, each a millisecond or two after the start of the last one. */
export function watchAnswers(host: string, port: number, clock: WallClock): AnswerWatch {
  const answers: Answer[] = [];
  const intervals: number[] = [];
  const over = new AbortController();
  const run = async (): Promise<void> => {
    let lastMs: number | undefined;
    while (!over.signal.aborted) {
      const begunMs = performance.now();
      if (lastMs !== undefined) intervals.push(begunMs - lastMs);
      lastMs = begunMs;
      answers.push(await ask(host, port, clock));
      // The shortest timer takes a millisecond.
      if (performance.now() - begunMs < everyMs - 1) await pause(1);
      else await nextTurn();
    }
  };
  const ended = run();
  return {
    answers: () => answers,
    intervalsMs: () => intervals,
    async stop() {
      over.abort();
      await ended;
    },
  };
}

/** Sends one request for the backends' path. */
export function ask(host: string, port: number, clock: WallClock): Promise<Answer> {
  return new Promise((resolve) => {
    let body = '';
    let atMs: number | undefined;
    const socket = connect({ host, port, noDelay: true });
    socket.setEncoding('latin1').setTimeout(giveUpAfterMs, () => socket.destroy());
    socket.on('data', (text: string) => {
      body += text;
      atMs = clock.now();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve({ atMs: atMs ?? clock.now(), by: body.trimEnd().split('\n').at(-1)?.trim() ?? '' }));
    // No `end()`: nginx drops the request when the client half-closes the connection.
    socket.write('GET /api/ HTTP/1.1\r\nHost: meet.example.com\r\nConnection: close\r\n\r\n');
  });
}
