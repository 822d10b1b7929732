import { request } from 'node:http';

/** Asks the meet-gen behind the first of these sockets that answers; undefined when none does. */
export async function askFirst(
  socketPaths: readonly string[],
  path: string,
  timeoutMs: number,
  method: 'GET' | 'POST' = 'GET',
): Promise<{ status: number; body: string } | undefined> {
  for (const socketPath of socketPaths) {
    const answered = await askStatus(socketPath, path, timeoutMs, method);
    if (answered !== undefined) return answered;
  }
  return undefined;
}

/** What to say when none of them answers. */
export function nobodyAnswers(socketPaths: readonly string[]): string {
  return `no meet-gen answers on ${socketPaths[0] ?? 'its socket'}; is it running with this --out?`;
}

/** Undefined when nobody answers in time. */
export function askStatus(
  socketPath: string,
  path: string,
  timeoutMs: number,
  method: 'GET' | 'POST' = 'GET',
): Promise<{ readonly status: number; readonly body: string } | undefined> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path, method, agent: false, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('error', () => resolve(undefined));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on('error', () => resolve(undefined));
    asked.end();
  });
}
