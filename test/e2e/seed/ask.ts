import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { publicHost, type SeedRequest } from './requests.ts';

/** The answering server, and the fields of the answer and of the request that the upstream saw. */
export interface Answer {
  readonly by: string;
  readonly fields: Readonly<Record<string, string>>;
}

const chunkBytes = 1024 * 1024;
const answerTimeoutMs = 20_000;

/** Asks the routing server on this port of the host. */
export async function ask(port: number, asked: SeedRequest): Promise<Answer> {
  const response = await send(port, asked);
  const body = await text(response).catch((error: Error) => `(cut: ${error.message})`);
  const answeredBy = upstreamOf(response);
  const status = `${response.statusCode ?? 0}`;
  const fields = { status, body, ...answerHeaders(response), ...seenByUpstream(response) };
  if (answeredBy !== undefined) return { by: answeredBy, fields };
  const type = response.headers['content-type'] ?? 'no content type';
  const retryAfter = response.headers['retry-after'];
  return { by: `nginx: ${status} ${type}${retryAfter === undefined ? '' : `, Retry-After: ${retryAfter}`}`, fields };
}

function send(port: number, { method, path, headers, body }: SeedRequest): Promise<IncomingMessage> {
  const length = body === undefined || 'Transfer-Encoding' in headers ? {} : { 'Content-Length': String(body.bytes) };
  return new Promise((resolve, reject) => {
    const sent = httpRequest({
      host: '127.0.0.1',
      port,
      method,
      path,
      agent: false,
      timeout: answerTimeoutMs,
      headers: { Host: publicHost, ...length, ...headers },
    });
    sent.on('response', (response) => {
      resolve(response);
      // nginx doesn't wait for a body that it refuses.
      if (body?.send === false) response.on('end', () => sent.destroy());
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer to ${method} ${path} within ${answerTimeoutMs} ms`)));
    sent.on('error', reject);
    if (body === undefined) sent.end();
    else if (body.send) Readable.from(zeros(body.bytes)).pipe(sent);
    else sent.flushHeaders();
  });
}

function* zeros(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= chunkBytes) yield Buffer.alloc(Math.min(left, chunkBytes));
}

function upstreamOf({ headers }: IncomingMessage): string | undefined {
  if (headers['x-backend-name'] !== undefined) return 'backend';
  return headers['x-answered-by'] === 'SPA' ? 'SPA' : undefined;
}

function answerHeaders({ headers }: IncomingMessage): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => name !== 'date' && name !== 'x-seen-all' && !name.startsWith('x-seen-'));
  return Object.fromEntries(kept.map(([name, value]) => [`answer's ${name}`, String(value)]));
}

/** The request line and the headers that the upstream got. The SPA reports only the headers in spa.conf. */
function seenByUpstream({ headers }: IncomingMessage): Record<string, string> {
  const all = headers['x-seen-all'];
  const seen =
    typeof all === 'string'
      ? [
          ...Object.entries(JSON.parse(decodeURIComponent(all)) as Record<string, string>),
          ...['uri', 'method', 'http-version'].map((name) => [name, String(headers[`x-seen-${name}`])]),
        ]
      : Object.entries(headers).flatMap(([name, value]) =>
          name.startsWith('x-seen-') ? [[name.slice('x-seen-'.length), String(value)]] : [],
        );
  return Object.fromEntries(seen.map(([name, value]) => [`upstream's ${name}`, value?.replace(/^HTTP\//, '') ?? '']));
}
