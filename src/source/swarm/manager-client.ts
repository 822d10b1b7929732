import { askHttp } from '../../util/ask-http.ts';
import { startDeadline } from '../../util/deadline.ts';
import { messageOf } from '../../util/error-message.ts';
import { answerLimits, maxJsonParts } from '../docker/answer-limits.ts';
import { parseBoundedJson } from '../docker/bounded-json.ts';
import { failureOf, ManagerFailure, refusal } from './manager-failure.ts';
import type { Manager } from './manager.ts';
import { newQuestion } from './question.ts';

/** Asks one manager one question. */
export interface ManagerClient {
  /**
   * @param read maps the JSON to our types; `before` is its last result from this manager
   * @returns the same object as before if the answer is unchanged
   * @throws ManagerFailure with the reason, within two seconds
   */
  ask<Value>(
    manager: Manager,
    path: string,
    read: (json: unknown, before: Value | undefined) => Value,
    signal: AbortSignal,
  ): Promise<Value>;
  /** Forgets the answers of all other managers. */
  keepOnly(manager: Manager): void;
}

interface LastAnswer {
  /** Empty from a manager that sends no ETag. */
  readonly etag: string;
  /** Empty with an ETag. */
  readonly body: string;
  readonly value: unknown;
}

/** Managers hang for 11 s after the end of their leader (measured). */
export const askLimitMs = 2000;
const etagPattern = /^"([\x21\x23-\x7e]{1,128})"$/;
const { maxBytes } = answerLimits.list;

/** @param secret the readers' secret; without one, answers need no signature */
export function createManagerClient(secret: Buffer | undefined, countCall: (endpoint: string) => void): ManagerClient {
  const lastAnswers = new Map<string, Map<string, LastAnswer>>();

  const askOnce = async <Value>(
    manager: Manager,
    path: string,
    read: (json: unknown, before: Value | undefined) => Value,
    signal: AbortSignal,
  ): Promise<Value> => {
    const answers = lastAnswers.get(manager.place) ?? new Map<string, LastAnswer>();
    const last = answers.get(path);
    const question = newQuestion(secret);
    const known = last === undefined || last.etag === '' ? {} : { 'if-none-match': `"${last.etag}"` };
    countCall(path);
    const { connection, url } = manager;
    const answer = await askHttp(url + path, { ...connection, headers: { ...question.headers, ...known }, maxBytes }, signal);
    const { status, headers, body } = answer;
    const etag = etagPattern.exec(headers.etag ?? '')?.[1] ?? '';
    // A 304 is about the tag in the question. A man in the middle can put a newer tag there, and so hide the newer answer.
    const isKnown = status === 304 && last !== undefined && etag !== '' && etag === last.etag;
    if (status !== 200 && !isKnown) throw refusal(path, status, body);
    if (!answer.isWhole) throw new ManagerFailure('its answer is cut short or too long', 'check whether a proxy in between cuts answers');
    question.checkAnswer(headers, { path, status, etag, body });
    if (isKnown || (last !== undefined && etag === '' && body === last.body)) return last.value as Value;
    const value = interpret(() => read(parse(body), last?.value as Value | undefined));
    lastAnswers.set(manager.place, answers.set(path, { etag, body: etag === '' ? body : '', value }));
    return value;
  };

  return {
    async ask(manager, path, read, signal) {
      const deadline = startDeadline(askLimitMs, signal);
      try {
        return await askOnce(manager, path, read, deadline.signal);
      } catch (cause) {
        // An abort without the time-out's name hides the time-out.
        throw failureOf(deadline.signal.aborted ? deadline.signal.reason : cause);
      } finally {
        deadline.end();
      }
    },
    keepOnly({ place }) {
      for (const known of lastAnswers.keys()) if (known !== place) lastAnswers.delete(known);
    },
  };
}

function parse(body: string): unknown {
  return body.length <= maxJsonParts ? JSON.parse(body) : parseBoundedJson(Buffer.from(body));
}

function interpret<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw new ManagerFailure(`its answer can't be read (${messageOf(cause)})`, 'check whether a proxy in between changes answers', cause);
  }
}
