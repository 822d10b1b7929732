import type { IncomingMessage } from 'node:http';
import { answerLimits } from './answer-limits.ts';
import type { AnswerLimit } from './answer-limits.ts';
import { parseBoundedJson } from './bounded-json.ts';
import { answerTooLong, answerUnreadable } from './engine-failure.ts';
import { recordOf, textOf } from './json-fields.ts';
import { readLimited, TooLongError } from './limited-read.ts';

/** Sends a call to the engine, which answers with a stream (`dial` of docker-modem). */
export type Dial = (call: object, callback: (error: unknown, stream: unknown) => void) => void;

export interface EngineRequest {
  readonly method: 'GET' | 'POST';
  /** With a `?` at the end, the options go into the query. */
  readonly path: string;
  readonly options: object;
  /** Also sends options that are empty. */
  readonly allowEmpty?: true;
}

export function openGet(dial: Dial, path: string, options: object, abortSignal: AbortSignal): Promise<IncomingMessage> {
  return open(dial, { method: 'GET', path, options }, [200], abortSignal);
}

/** Every status is listed, since docker-modem reads an answer with any other status to its end, however long. */
const anyStatus = Object.fromEntries(Array.from({ length: 1000 }, (_, status) => [status, true]));

/**
 * Opens every answer as a stream, so that the caller can limit what it reads. docker-modem's own reading has no limit,
 * and never ends when the connection is cut in the middle of an answer.
 * @throws Error with `statusCode` for a status that isn't expected
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
  throw Object.assign(new Error(await readErrorText(answer)), { statusCode: answer.statusCode });
}

/** Reads the text of an error. The engine's own errors are JSON. */
async function readErrorText(answer: IncomingMessage): Promise<string> {
  const bytes = await readLimited(answer, answerLimits.errorText.maxBytes).catch(() => Buffer.alloc(0));
  try {
    return textOf(recordOf(parseBoundedJson(bytes))['message']) || bytes.toString('utf8');
  } catch {
    return bytes.toString('utf8');
  }
}

/** @throws EngineError when the answer is longer than the limit */
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
    throw cause instanceof TooLongError ? answerTooLong(what, cause) : cause;
  }
}

/** @throws EngineError when `read` can't read the answer */
export function interpret<Result>(what: string, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    throw answerUnreadable(what, cause);
  }
}

/** Rejects as soon as the signal aborts, even if the library ignores the signal. */
export function abortable<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
