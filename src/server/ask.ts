import { askHttp } from '../util/ask-http.ts';

/** Far more than the status of 10,000 containers takes. */
const maxStatusBytes = 64 * 1024 ** 2;

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

/** Undefined when nobody answers in time, or not as meet-gen does. */
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
