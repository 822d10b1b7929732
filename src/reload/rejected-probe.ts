import { refusalIn } from '../nginx/refusals.ts';
import { getText } from './status-request.ts';
import { startDeadline } from '../util/deadline.ts';
import type { InquiryAnswer } from './ways/way.ts';

const maxAnswerBytes = 16_384;

/**
 * Asks the hook in a frontend, `GET /rejected` on its status port, whether it refuses a file. Its answer's first line is the
 * SHA-256 of what it refuses, the others are nginx's words; 404 when it refuses nothing.
 */
export async function askRejected(
  endpoints: readonly string[],
  sha256: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<InquiryAnswer> {
  const deadline = startDeadline(timeoutMs, signal);
  try {
    const answers = await Promise.allSettled(endpoints.map((endpoint) => getText(endpoint, '/rejected', maxAnswerBytes, deadline.signal)));
    for (const answer of answers) {
      if (answer.status !== 'fulfilled' || answer.value.status !== 200) continue;
      const [refused, ...said] = answer.value.body.split('\n');
      if (refused?.trim() === sha256) return { kind: 'refused', words: wordsOf(said) };
    }
    return { kind: 'nothing' };
  } finally {
    deadline.end();
  }
}

function wordsOf(said: readonly string[]): string {
  const lines = said.map((line) => line.trim()).filter((line) => line !== '');
  return refusalIn(said.join('\n')) ?? lines.join('; ');
}
