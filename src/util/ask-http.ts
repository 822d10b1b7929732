import { request } from 'node:http';
import type { Agent, IncomingHttpHeaders } from 'node:http';

/** The options of a request. */
interface HttpQuestion {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** The unix socket to connect to; the URL's host is then only a name. */
  readonly socketPath?: string;
  /** For `https:`, the agent with the certificates. Without one, each request has a connection of its own. */
  readonly agent?: Agent;
  /** At most this much of the body is read; 0 doesn't wait for a body. */
  readonly maxBytes: number;
}

/** An answer; redirects are not followed. */
interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** False where the body was cut by the limit or by the connection. */
  readonly isWhole: boolean;
}

/**
 * Sends a request over a new connection. The proof of a reload uses a plain socket (`reload/status-request.ts`), which
 * is faster.
 * @throws Error with the system's `code` without an answer, an AbortError if the signal aborted first
 */
export function askHttp(url: string, { maxBytes, ...options }: HttpQuestion, signal: AbortSignal): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, ...options, signal }, (response) => {
      const { statusCode: status = 0, headers } = response;
      let body = '';
      let length = 0;
      const finish = (isWhole: boolean): void => {
        resolve({ status, headers, body, isWhole });
        asked.destroy();
      };
      response.on('error', () => finish(false));
      if (maxBytes === 0) return finish(false);
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
        length += Buffer.byteLength(text);
        if (length > maxBytes) finish(false);
      });
      response.on('end', () => finish(true));
    });
    asked.on('error', reject);
    asked.end();
  });
}
