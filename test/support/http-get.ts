import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';

/** The address of a server. */
type Place = ({ readonly socketPath: string } | { readonly host: string; readonly port: number }) & {
  readonly headers?: Readonly<Record<string, string>>;
};

interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const limitMs = 30_000;

/**
 * One GET on a new connection. `fetch` isn't usable: on Node 20 it sometimes hangs when the server closes the
 * connection at once. Docker's port proxy does that while no process listens in the container.
 * @throws Error without an answer within 30 s
 */
export function httpGet(place: Place, path: string): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...place, path, agent: false, timeout: limitMs }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }));
    });
    asked.on('timeout', () => asked.destroy(new Error(`GET ${path} was not answered within ${limitMs / 1000} s`)));
    asked.on('error', reject);
    asked.end();
  });
}
