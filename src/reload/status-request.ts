import { request } from 'node:http';

/**
 * Asks a frontend's status server, on a fresh connection: an old nginx worker goes on answering on kept-alive ones.
 * @param endpoint `address:port`
 * @throws Error when there is no answer, or one of more than `maxBytes`
 */
export function getText(
  endpoint: string,
  path: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      `http://${endpoint}${path}`,
      { agent: false, signal, headers: { connection: 'close', host: 'meet-gen' } },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
          if (body.length > maxBytes) response.destroy(new Error('the answer is too long'));
        });
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode, body }));
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}
