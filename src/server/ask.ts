import { askHttp } from '../util/ask-http.ts';

/** Far more than the status of 10,000 containers. */
const maxStatusBytes = 64 * 1024 ** 2;

/** Asks the meet-gen behind these sockets. @returns the first answer, or undefined */
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

/** The error message when no socket answers. */
export function nobodyAnswers(socketPaths: readonly string[]): string {
  return `no meet-gen answers on ${socketPaths[0] ?? 'its socket'}; is it running with this --out?`;
}

/** Returns undefined without an answer in time, or where the answer isn't from a meet-gen. */
export async function askStatus(
  socketPath: string,
  path: string,
  timeoutMs: number,
  method: 'GET' | 'POST' = 'GET',
): Promise<{ readonly status: number; readonly body: string } | undefined> {
  const asked = askHttp(`http://localhost${path}`, { socketPath, method, maxBytes: maxStatusBytes }, AbortSignal.timeout(timeoutMs));
  const reply = await asked.catch(() => undefined);
  return reply?.isWhole === true ? reply : undefined;
}
