import { request } from 'node:http';

/** What a browser in front of the outer nginx got. */
export interface Answer {
  /** Absent when there was no answer at all; then `failure` says why. */
  readonly status?: number;
  readonly failure?: string;
  readonly contentType: string;
  readonly retryAfter?: string;
  readonly body: string;
  /** The host name of the container that answered: its short id. Absent when none of ours did. */
  readonly answeredBy?: string;
  readonly tookMs: number;
}

export type Visit = (path: string) => Promise<Answer>;

export const apiPath = '/api/v1.0/config/';
/** A room that begins like the API: rooms look like this, and Meet makes their names by chance. */
export const roomPath = '/api-abcd-efg';

const patienceMs = 10_000;

/** A visitor of the outer nginx: GET on a new connection each time. It never throws; no answer is an answer too. */
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
      asked.setTimeout(patienceMs, () => asked.destroy(new Error(`no answer within ${patienceMs} ms`)));
      asked.on('error', fail);
      asked.end();
    });
  };
}

export const isJson = ({ status, contentType }: Answer): boolean => status === 200 && contentType.startsWith('application/json');

/** The single-page application: it says 200 to anything, so only its body tells that it was meant. */
export const isSpa = ({ status, contentType, body }: Answer): boolean =>
  status === 200 && contentType.startsWith('text/html') && body.includes('SPA of ');

/** Nobody is there, said as it should be: come back in a moment. */
export const isPoliteRefusal = ({ status, retryAfter, contentType }: Answer): boolean =>
  status === 503 && retryAfter !== undefined && !contentType.startsWith('text/html');

/** An answer in a few words. */
export function describeAnswer({ status, contentType, retryAfter, failure }: Answer): string {
  if (status === undefined) return failure ?? 'no answer';
  const type = contentType.split(';')[0] ?? '';
  return `${status}${type === '' ? '' : ` ${type}`}${retryAfter === undefined ? '' : `, Retry-After: ${retryAfter}`}`;
}
