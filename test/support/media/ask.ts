import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { providedEngine } from '../../providers/engine/provided.ts';
import type { MeetStack } from '../meet-stack.ts';

/** The answer that a client received. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Requests exactly this path from a routing server's published port, on a new connection. */
export async function ask(meet: MeetStack, path: string, question: Question = {}, server = 'frontend-1'): Promise<Answer> {
  const port = (await meet.port(server, 8083)) ?? NaN;
  return askAt({ host: providedEngine().publishAddress, port }, path, question);
}

/** Requests exactly this path from any server, on a new connection. */
export function askAt(
  { host, port }: { readonly host: string; readonly port: number },
  path: string,
  { method = 'GET', headers = {} }: Question = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const all = { host: 'meet.example.com', ...headers };
    const asked = request({ host, port, path, method, headers: all, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }));
    });
    asked.on('error', reject);
    asked.end();
  });
}
