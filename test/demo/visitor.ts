import { request } from 'node:http';

/** The outer nginx's answer to a browser. */
export interface Answer {
  /** Absent without an answer; `failure` then has the reason. */
  readonly status?: number;
  readonly failure?: string;
  readonly contentType: string;
  readonly retryAfter?: string;
  readonly body: string;
  /** The host name of the answering container: its short id. Absent for any other answer. */
  readonly answeredBy?: string;
  readonly tookMs: number;
}

export type Visit = (path: string) => Promise<Answer>;

export const apiPath = '/api/v1.0/config/';
/** A room whose name begins like the API's path. Meet generates room names of this form at random. */
export const roomPath = '/api-abcd-efg';

const timeoutMs = 10_000;

/** @returns a function that sends a GET to the outer nginx on a new connection. It never throws. */
export function createVisitor(port: number): Visit {
  return (path) => {
    const startedAtMs = performance.now();
    const tookMs = (): number => performance.now() - startedAtMs;
    return new Promise((resolve) => {
      const fail = (error: Error): void => resolve({ failure: error.message, contentType: '', body: '', tookMs: tookMs() });
      const asked = request({ host: '127.0.0.1', port, path, agent: false, headers: { host: 'meet.example.org' } }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('error', fail);
        response.on('end', () => {
          const { headers, statusCode } = response;
          const answeredBy = (headers['x-backend-host'] ?? headers['x-standin-name'])?.toString() ?? /^SPA of (\S+)$/m.exec(body)?.[1];
          resolve({
            ...(statusCode === undefined ? {} : { status: statusCode }),
            contentType: headers['content-type'] ?? '',
            ...(headers['retry-after'] === undefined ? {} : { retryAfter: headers['retry-after'] }),
            body,
            ...(answeredBy === undefined ? {} : { answeredBy }),
            tookMs: tookMs(),
          });
        });
      });
      asked.setTimeout(timeoutMs, () => asked.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      asked.on('error', fail);
      asked.end();
    });
  };
}

export const isJson = ({ status, contentType }: Answer): boolean => status === 200 && contentType.startsWith('application/json');

/** True for an answer of the SPA, by its body: the SPA answers every path with 200. */
export const isSpa = ({ status, contentType, body }: Answer): boolean =>
  status === 200 && contentType.startsWith('text/html') && body.includes('SPA of ');

/** True for the right answer without a backend: 503 with Retry-After, and no HTML. */
export const isPoliteRefusal = ({ status, retryAfter, contentType }: Answer): boolean =>
  status === 503 && retryAfter !== undefined && !contentType.startsWith('text/html');

/** @returns the answer in a few words */
export function describeAnswer({ status, contentType, retryAfter, failure }: Answer): string {
  if (status === undefined) return failure ?? 'no answer';
  const type = contentType.split(';')[0] ?? '';
  return `${status}${type === '' ? '' : ` ${type}`}${retryAfter === undefined ? '' : `, Retry-After: ${retryAfter}`}`;
}
