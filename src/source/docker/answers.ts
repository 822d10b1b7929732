import type { IncomingMessage } from 'node:http';
import { answerLimits } from './answer-limits.ts';
import type { AnswerLimit } from './answer-limits.ts';
import { parseBoundedJson } from './bounded-json.ts';
import { notUnderstood, tooLong } from './engine-failure.ts';
import { recordOf, textOf } from './foreign-json.ts';
import { readLimited, TooLong } from './limited-read.ts';

/** Sends a call to the engine (docker-modem's `dial`), which answers with a stream. */
export type Dial = (call: object, callback: (error: unknown, stream: unknown) => void) => void;

/** One call. */
export interface EngineRequest {
  readonly method: 'GET' | 'POST';
  /** With a `?` at its end the options go into the query. */
  readonly path: string;
  readonly options: object;
  /** An empty object is sent, too. */
  readonly allowEmpty?: true;
}

export function openGet(dial: Dial, path: string, options: object, abortSignal: AbortSignal): Promise<IncomingMessage> {
  return open(dial, { method: 'GET', path, options }, [200], abortSignal);
}

/** docker-modem reads whatever has another status than these to its end, however long it is. */
const anyStatus = Object.fromEntries(Array.from({ length: 1000 }, (_, status) => [status, true]));

/**
 * Every answer comes as a stream, so that what is read of it has an end: docker-modem's own reading has no limit, and waits for ever
 * when the connection is cut in the middle of an answer.
 * @throws Error with `statusCode` for any other status
 */
export async function open(
  dial: Dial,
  request: EngineRequest,
  expected: readonly number[],
  abortSignal: AbortSignal,
): Promise<IncomingMessage> {
  const call = { ...request, isStream: true, abortSignal, statusCodes: anyStatus };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    dial(call, (error, stream) => (error instanceof Error ? reject(error) : resolve(stream as IncomingMessage)));
  });
  if (answer.statusCode !== undefined && expected.includes(answer.statusCode)) return answer;
  throw Object.assign(new Error(await readRefusal(answer)), { statusCode: answer.statusCode });
}

/** The words of a refusal: the engine's own are JSON. */
async function readRefusal(answer: IncomingMessage): Promise<string> {
  const bytes = await readLimited(answer, answerLimits.refusal.maxBytes).catch(() => Buffer.alloc(0));
  try {
    return textOf(recordOf(parseBoundedJson(bytes))['message']) || bytes.toString('utf8');
  } catch {
    return bytes.toString('utf8');
  }
}

/** @throws EngineError when it is longer than the limit */
export function readAnswer(what: string, answer: Promise<IncomingMessage>, { maxBytes }: AnswerLimit): Promise<Buffer> {
  return limited(
    what,
    answer.then((stream) => readLimited(stream, maxBytes)),
  );
}

export async function limited<Result>(what: string, reading: Promise<Result>): Promise<Result> {
  try {
    return await reading;
  } catch (cause) {
    throw cause instanceof TooLong ? tooLong(what, cause) : cause;
  }
}

/** @throws EngineError when an answer can't be read as what it should be */
export function understand<Result>(what: string, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    throw notUnderstood(what, cause);
  }
}

/** Rejects as soon as the signal aborts, also when the library doesn't notice. */
export function abortable<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
