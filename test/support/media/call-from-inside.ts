import { docker, type Engine } from '../../providers/engine/docker-command.ts';

/**
 * The answer to a call from one container to another. The backend stand-in reports the request in `seen`, itself in
 * `by`.
 */
export interface Call {
  readonly status: number;
  readonly body: string;
  readonly seen: { readonly host?: string; readonly proto?: string } | null;
  readonly by: string | null;
  readonly retryAfter: string | null;
}

export interface CallOptions {
  readonly method?: string;
  readonly headers?: object;
  readonly body?: string;
  /** Sends a body of this many bytes instead. */
  readonly bodyBytes?: number;
}

/** Sends a request from inside a container with node, as LiveKit and S3 do. */
export async function callFromInside(engine: Engine, container: string, url: string, options: CallOptions = {}): Promise<Call> {
  const init = JSON.stringify({ method: 'POST', ...options });
  const code = `const { bodyBytes = 0, ...init } = ${init}; const body = bodyBytes === 0 ? {} : { body: 'x'.repeat(bodyBytes) };
    fetch('${url}', { ...init, ...body }).then(async (r) => console.log(JSON.stringify({ status: r.status, body: await r.text(), seen: JSON.parse(r.headers.get('x-seen')), by: r.headers.get('x-backend-host'), retryAfter: r.headers.get('retry-after') })))`;
  return JSON.parse(await docker(engine, ['exec', container, 'node', '-e', code])) as Call;
}
