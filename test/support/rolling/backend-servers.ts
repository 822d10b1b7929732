/** What of the backend's service (gunicorn with sync workers, which keep no connection) is put differently for other web servers. */
type BackendService = Readonly<Record<string, unknown>>;

/** gunicorn with threads, which keep a connection for so many seconds without a request; its own default is 2. */
export function gthread(keepAliveSeconds: number): BackendService {
  const settings = `--worker-class gthread --threads 4 --keep-alive ${keepAliveSeconds}`;
  return { environment: { GUNICORN_CMD_ARGS: settings } };
}

/** uvicorn, which keeps a connection for so many seconds without a request; its own default is 5. */
export function uvicorn(keepAliveSeconds: number): BackendService {
  const settings = ['--host', '0.0.0.0', '--lifespan', 'off', '--no-access-log', '--timeout-keep-alive', String(keepAliveSeconds)];
  return { command: ['/opt/python/python', '-m', 'uvicorn', ...settings, 'asgi:answer'] };
}
