import type { Explanation } from '../explain/explanation.ts';
import { printExplanation } from '../explain/print.ts';
import { readTarget } from '../explain/target.ts';
import { showUntrustedText } from '../model/untrusted-text.ts';
import { OptionsError } from '../options.ts';
import type { Options } from '../options.ts';
import { statusSockets } from '../publish/out-directory.ts';
import { askFirst, nobodyAnswers } from '../server/ask.ts';
import { defined } from '../util/defined.ts';
import { messageOf } from '../util/error-message.ts';

/** The explanation, and whether a container answers; or the reason for a failure. */
export type ExplainReport = { readonly output: string; readonly answered: boolean } | { readonly failure: string };

const timeoutMs = 3000;
const maxLineLength = 4000;

/**
 * Asks the running sidecar which containers answer a path or a URL.
 * @throws OptionsError when the text isn't a path or a URL
 */
export async function explainPath(options: Options, text: string, asJson: boolean): Promise<ExplainReport> {
  checkTarget(text);
  const sockets = await statusSockets(options.out);
  const query = new URLSearchParams({ target: text, ...defined({ instance: options.instance }) });
  const answer = await askFirst(sockets, `/explain?${query.toString()}`, timeoutMs);
  if (answer === undefined) return { failure: nobodyAnswers(sockets) };
  if (answer.status !== 200)
    return {
      failure: `the running meet-gen can't explain that: ${errorOf(answer.body) ?? `status ${answer.status}; its version may differ from this one`}`,
    };
  const explanation = JSON.parse(answer.body) as Explanation;
  const lines = asJson
    ? [JSON.stringify(explanation, undefined, 2)]
    : printExplanation(explanation).map((line) => showUntrustedText(line, maxLineLength));
  return { output: lines.map((line) => `${line}\n`).join(''), answered: explanation.answered };
}

function checkTarget(text: string): void {
  try {
    readTarget(text);
  } catch (error) {
    throw new OptionsError([`the path or URL can't be explained: ${messageOf(error)}`]);
  }
}

function errorOf(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { readonly error?: string }).error;
  } catch {
    return undefined;
  }
}
