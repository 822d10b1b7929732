import { nowMs } from '../util/clock.ts';
import { startDeadline } from '../util/deadline.ts';
import { getText } from './status-request.ts';
import { messageOf } from '../util/error-message.ts';

/** The answer of a frontend's status server, or why it gave no answer. */
export type GenerationAnswer =
  | {
      readonly kind: 'generation';
      readonly generation: string;
      readonly nginxVersion: string;
      readonly endpoint: string;
      /** From the connection attempt to the end of the answer. */
      readonly tookMs: number;
    }
  /** The server refuses meet-gen, which is on none of the instance's own networks. */
  | { readonly kind: 'denied' }
  | { readonly kind: 'silent'; readonly reason: string };

const maxAnswerBytes = 256;
const noAnswer = 'no answer in time';
const anotherAnswer = 'something else answers on the status port';

/**
 * Asks `GET /generation` on all addresses at once, and takes the first answer with a generation. Each request opens its
 * own connection, since an old nginx worker goes on answering on kept-alive connections.
 * @param endpoints `address:port` of the status server on each network of the frontend
 */
export async function askGeneration(endpoints: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<GenerationAnswer> {
  const [first, ...others] = endpoints;
  if (first === undefined) return { kind: 'silent', reason: 'the frontend has no address' };
  const deadline = startDeadline(timeoutMs, signal);
  if (others.length === 0) return askOne(first, deadline.signal).finally(deadline.done);
  let underWay = endpoints.length;
  const answers = endpoints.map((endpoint) => askOne(endpoint, deadline.signal).finally(() => (underWay -= 1)));
  try {
    return await Promise.any(answers.map(async (answer) => preferGeneration(await answer)));
  } catch {
    const all = await Promise.all(answers);
    return all.toSorted((one, other) => silenceOf(one) - silenceOf(other))[0] ?? { kind: 'silent', reason: 'no answer' };
  } finally {
    if (underWay === 0) deadline.done();
    else deadline.end();
  }
}

/** Ranks failures, the most informative first. A network that meet-gen doesn't share gives no answer at all. */
function silenceOf(answer: GenerationAnswer): number {
  if (answer.kind !== 'silent') return 0;
  if (answer.reason.startsWith(anotherAnswer)) return 1;
  return answer.reason === noAnswer ? 3 : 2;
}

function preferGeneration(answer: GenerationAnswer): GenerationAnswer {
  if (answer.kind !== 'generation') throw new Error(answer.kind);
  return answer;
}

async function askOne(endpoint: string, signal: AbortSignal): Promise<GenerationAnswer> {
  const askedAtMs = nowMs();
  try {
    const { status, body } = await getText(endpoint, '/generation', maxAnswerBytes, signal);
    return readAnswer(endpoint, status, body, nowMs() - askedAtMs);
  } catch (error) {
    const reason = messageOf(error);
    return { kind: 'silent', reason: signal.aborted ? noAnswer : reason };
  }
}

function readAnswer(endpoint: string, status: number, body: string, tookMs: number): GenerationAnswer {
  if (status === 403) return { kind: 'denied' };
  const match = /^([0-9a-f]{16}|none) ([0-9.]{1,20})\n?$/.exec(body);
  const [, generation, nginxVersion] = match ?? [];
  if (status === 200 && generation !== undefined && nginxVersion !== undefined) {
    return { kind: 'generation', generation, nginxVersion, endpoint, tookMs };
  }
  return { kind: 'silent', reason: `${anotherAnswer} (status ${status})` };
}
