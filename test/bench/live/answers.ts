import { connect } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { WallClock } from './wall-clock.ts';

/** What came back of one request on a connection of its own. */
export interface Answer {
  /** When it arrived, or was given up. */
  readonly atMs: number;
  /** The last line of its body: a backend's name; nothing when nothing came. */
  readonly by: string;
}

/** Requests one after the other, all the time. */
export interface AnswerWatch {
  answers(): readonly Answer[];
  /** Between the beginnings of two requests. */
  intervalsMs(): readonly number[];
  stop(): Promise<void>;
}

const everyMs = 1.5;
const giveUpAfterMs = 3000;

/** Asks again and again, on fresh connections, a millisecond or two after the last beginning. */
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
      // A timer's shortest time is a millisecond.
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

/** One request for the backends' path, and who answered it. */
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
    // Not the socket's end: nginx would take a half-closed connection for a client that has gone.
    socket.write('GET /api/ HTTP/1.1\r\nHost: meet.example.com\r\nConnection: close\r\n\r\n');
  });
}
