import { request } from 'node:http';

/** Where a container's published port is. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** What came back; `told` is what the service says that it was asked, where a service answered. */
export interface Asked {
  readonly status: number;
  readonly body: string;
  readonly told?: {
    readonly host: string;
    readonly port: number;
    readonly url: string;
    readonly headers: Readonly<Record<string, string | undefined>>;
  };
}

/** One request on a connection of its own; the path goes out as it is written, also `/a/../b`. */
export function ask({ host, port }: Place, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const options = { host, port, path, agent: false, headers: { host: 'meet.example.com', ...headers }, timeout: 5000 };
    const asked = request(options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, ...toldIn(response.headers['content-type'], body) }));
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

function toldIn(type: string | undefined, body: string): Pick<Asked, 'told'> {
  return type === 'application/json' ? { told: JSON.parse(body) as NonNullable<Asked['told']> } : {};
}
