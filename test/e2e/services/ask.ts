import { request } from 'node:http';

/** The address of a container's published port. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** An answer. `received` is the request that a service got, from the service's answer. */
export interface Asked {
  readonly status: number;
  readonly body: string;
  readonly received?: {
    readonly host: string;
    readonly port: number;
    readonly url: string;
    readonly headers: Readonly<Record<string, string | undefined>>;
  };
}

/** Sends one request on a new connection. The path is sent unchanged, also `/a/../b`. */
export function ask({ host, port }: Place, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const options = { host, port, path, agent: false, headers: { host: 'meet.example.com', ...headers }, timeout: 5000 };
    const asked = request(options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body, ...readReceived(response.headers['content-type'], body) }),
      );
    });
    asked.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, body: '' });
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.on('error', reject);
    asked.end();
  });
}

function readReceived(type: string | undefined, body: string): Pick<Asked, 'received'> {
  return type === 'application/json' ? { received: JSON.parse(body) as NonNullable<Asked['received']> } : {};
}
