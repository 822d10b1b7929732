import { runClient } from './load/kept-alive-client.ts';
import type { Response } from './load/response-reader.ts';

/**
 * Requests each target exactly as given, in UTF-8: an HTTP library would normalize it. The requests are sent in
 * sequence on kept-alive connections.
 * @returns the answers in the same order
 */
export async function askTargets(host: string, port: number, targets: readonly string[]): Promise<readonly Response[]> {
  const answers: Response[] = [];
  const failures: string[] = [];
  let asked = 0;
  await runClient({
    host,
    port,
    answerWithinMs: 10_000,
    next() {
      const target = targets[asked++];
      if (target === undefined) return undefined;
      const line = Buffer.from(`GET ${target} HTTP/1.1\r\nHost: meet.example.com\r\n\r\n`).toString('latin1');
      return {
        text: line,
        answered: (response) => void answers.push(response),
        failed: (kind, detail) => void failures.push(`${JSON.stringify(target)}: ${kind}, ${detail}`),
      };
    },
    opened: () => undefined,
    closeAnnounced: () => undefined,
  });
  if (failures.length > 0) throw new Error(`${failures.length} of ${targets.length} requests failed:\n${failures.slice(0, 10).join('\n')}`);
  return answers;
}
