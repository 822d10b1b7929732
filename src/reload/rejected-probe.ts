import { refusalIn } from '../nginx/refusals.ts';
import { getText } from './status-request.ts';
import { startDeadline } from '../util/deadline.ts';
import type { InquiryAnswer } from './ways/way.ts';

const maxAnswerBytes = 16_384;

/**
 * Asks the hook whether it refuses a file: `GET /rejected` on the frontend's status port. The answer's first line is the
 * SHA-256 of the refused file, the rest are nginx's words. Without a refused file the answer is 404.
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
      const [refused, ...output] = answer.value.body.split('\n');
      if (refused?.trim() === sha256) return { kind: 'refused', words: wordsOf(output) };
    }
    return { kind: 'nothing' };
  } finally {
    deadline.end();
  }
}

function wordsOf(output: readonly string[]): string {
  const lines = output.map((line) => line.trim()).filter((line) => line !== '');
  return refusalIn(output.join('\n')) ?? lines.join('; ');
}
