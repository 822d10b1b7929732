import { readFileSync } from 'node:fs';

/** The keys that replace those of the usual backend, gunicorn with sync workers, which keep no connections open. */
type BackendService = Readonly<Record<string, unknown>>;

/** gunicorn with threads, which keep an idle connection for this many seconds. gunicorn's default is 2. */
export function gthread(keepAliveSeconds: number): BackendService {
  const settings = `--worker-class gthread --threads 4 --keep-alive ${keepAliveSeconds}`;
  return { environment: { GUNICORN_CMD_ARGS: settings } };
}

/** uvicorn, which keeps an idle connection for this many seconds. uvicorn's default is 5. */
export function uvicorn(keepAliveSeconds: number): BackendService {
  const settings = ['--host', '0.0.0.0', '--lifespan', 'off', '--no-access-log', '--timeout-keep-alive', String(keepAliveSeconds)];
  return { command: ['/opt/python/python', '-m', 'uvicorn', ...settings, 'asgi:answer'] };
}

/** A server that closes connections without notice: after an idle time, or after a number of answers. */
export function impatient(closes: { readonly idleAfterMs: number } | { readonly afterRequests: number }): BackendService {
  const [name, value] =
    'idleAfterMs' in closes ? ['CLOSES_IDLE_AFTER_MS', closes.idleAfterMs] : ['CLOSES_AFTER_REQUESTS', closes.afterRequests];
  return { command: ['node', '--input-type=module', '--eval', impatientServer], environment: { [name]: String(value) } };
}

const impatientServer = readFileSync(new URL('impatient-server.mjs', import.meta.url), 'utf8');
