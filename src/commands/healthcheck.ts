import type { Options } from '../options.ts';
import { statusSockets } from '../publish/out-directory.ts';
import { askFirst, nobodyAnswers } from '../server/ask.ts';

const timeoutMs = 3000;

/** Asks the running sidecar over its socket. @returns why the sidecar is not healthy; undefined if it is */
export async function checkHealth(options: Options): Promise<string | undefined> {
  const sockets = await statusSockets(options.out);
  for (const path of options.source.isHealthyWithoutView === true ? ['/healthz'] : ['/healthz', '/readyz']) {
    const answer = await askFirst(sockets, path, timeoutMs);
    if (answer === undefined) return nobodyAnswers(sockets);
    if (answer.status !== 200)
      return path === '/healthz'
        ? 'the loop of the running meet-gen is stuck'
        : "the running meet-gen is not ready: no file is published yet, or the engine can't be reached. See the log (docker compose logs meet-gen)";
  }
  return undefined;
}
