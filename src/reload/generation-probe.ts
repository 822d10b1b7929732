import { request } from 'node:http';
import { startDeadline } from '../deadline.ts';

/** What a frontend's status server answered, or why there is no answer. */
export type GenerationAnswer =
  | { readonly kind: 'generation'; readonly generation: string; readonly nginxVersion: string }
  /** It answers, but not us: we are on none of the instance's own networks. */
  | { readonly kind: 'denied' }
  | { readonly kind: 'silent'; readonly reason: string };

const maxAnswerBytes = 256;

/**
 * Asks `GET /generation` on each address at once, on a fresh connection each (an old nginx worker goes on answering on
 * kept-alive ones), and takes the first that tells a generation.
 * @param endpoints `address:port` of the status server on each network of the frontend
 */
export async function askGeneration(endpoints: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<GenerationAnswer> {
  if (endpoints.length === 0) return { kind: 'silent', reason: 'the frontend has no address' };
  const deadline = startDeadline(timeoutMs, signal);
  const answers = endpoints.map((endpoint) => askOne(endpoint, deadline.signal));
  try {
    return await Promise.any(answers.map(async (answer) => preferGeneration(await answer)));
  } catch {
    const all = await Promise.all(answers);
    return all.find((answer) => answer.kind === 'denied') ?? all[0] ?? { kind: 'silent', reason: 'no answer' };
  } finally {
    deadline.end();
  }
}

function preferGeneration(answer: GenerationAnswer): GenerationAnswer {
  if (answer.kind !== 'generation') throw new Error(answer.kind);
  return answer;
}

function askOne(endpoint: string, signal: AbortSignal): Promise<GenerationAnswer> {
  return new Promise((resolve) => {
    const fail = (error: Error): void => resolve({ kind: 'silent', reason: signal.aborted ? 'no answer in time' : error.message });
    const asked = request(
      `http://${endpoint}/generation`,
      { agent: false, signal, headers: { connection: 'close', host: 'meet-gen' } },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
          if (body.length > maxAnswerBytes) response.destroy(new Error('the answer is too long to be a generation'));
        });
        response.on('error', fail);
        response.on('end', () => resolve(readAnswer(response.statusCode, body)));
      },
    );
    asked.on('error', fail);
    asked.end();
  });
}

function readAnswer(status: number | undefined, body: string): GenerationAnswer {
  if (status === 403) return { kind: 'denied' };
  const match = /^([0-9a-f]{16}|none) ([0-9.]{1,20})\n?$/.exec(body);
  const [, generation, nginxVersion] = match ?? [];
  if (status === 200 && generation !== undefined && nginxVersion !== undefined) return { kind: 'generation', generation, nginxVersion };
  return { kind: 'silent', reason: `something else answers on the status port (status ${status ?? '?'})` };
}
