import { docker, type Engine } from '../../providers/engine/docker-command.ts';

/** What a container got that called another; `seen` and `by` are what the backend's stand-in says of the request and of itself. */
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
  /** A body of so many bytes instead. */
  readonly bodyBytes?: number;
}

/** Calls from inside a container that has node, as LiveKit and S3 do. */
export async function callFromInside(engine: Engine, container: string, url: string, options: CallOptions = {}): Promise<Call> {
  const told = JSON.stringify({ method: 'POST', ...options });
  const code = `const { bodyBytes = 0, ...told } = ${told}; const body = bodyBytes === 0 ? {} : { body: 'x'.repeat(bodyBytes) };
    fetch('${url}', { ...told, ...body }).then(async (r) => console.log(JSON.stringify({ status: r.status, body: await r.text(), seen: JSON.parse(r.headers.get('x-seen')), by: r.headers.get('x-backend-host'), retryAfter: r.headers.get('retry-after') })))`;
  return JSON.parse(await docker(engine, ['exec', container, 'node', '-e', code])) as Call;
}
