import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { startDeadline } from '../../util/deadline.ts';
import { answerLimits } from '../docker/answer-limits.ts';
import { recordOf } from '../docker/json-fields.ts';
import { readLines } from '../docker/limited-read.ts';
import { askLimitMs } from './manager-client.ts';
import { ManagerFailure, refusal } from './manager-failure.ts';
import type { Manager } from './manager.ts';
import { newQuestion } from './question.ts';

const path = '/events';
/** A reader sends no other events. Docker sends all events of the manager. */
const filter = `?filters=${encodeURIComponent(JSON.stringify({ type: ['service', 'node'] }))}`;

/**
 * Reads a manager's stream of events. Yields when the manager has answered, and for each event of a service or node.
 * The events say only *look again*: a swarm reports nothing about its tasks.
 * @throws Error when the stream can't be opened, breaks, or has a wrong signature
 */
export async function* followManager(
  manager: Manager,
  secret: Buffer | undefined,
  signal: AbortSignal,
): AsyncGenerator<'opened' | 'changed'> {
  const question = newQuestion(secret);
  const deadline = startDeadline(askLimitMs, signal);
  try {
    const answer = await open(manager, secret === undefined ? path + filter : path, question.headers, deadline.signal);
    if (answer.statusCode !== 200) throw refusal(path, answer.statusCode ?? 0, '');
    question.checkAnswer(answer.headers, { path, status: 200, etag: '', body: '' });
    deadline.lift();
    yield 'opened';
    let index = 0;
    for await (const line of readLines(answer, answerLimits.event.maxBytes, answerLimits.line.maxBytes)) {
      const { Type: type } = recordOf(parse(question.checkEvent(index, line)));
      index += 1;
      if (type === 'service' || type === 'node') yield 'changed';
    }
  } finally {
    deadline.end();
  }
}

function open(
  { url, connection }: Manager,
  target: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request(url + target, { agent: false, ...connection, headers, signal }, resolve);
    asked.on('error', reject);
    asked.end();
  });
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new ManagerFailure('it sends events that are not JSON', 'check which program answers there', cause);
  }
}
