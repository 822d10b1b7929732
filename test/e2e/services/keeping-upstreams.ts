/**
 * Servers that keep their connections. `keeps` does so properly. `cuts`, `cuts2` and `cuts3` answer one request of a
 * connection, and close the connection at the second request, without an answer. `unread` doesn't read the body of a
 * GET, and reads it as the next request. No server listens at `refuses`. All answer in JSON: the server's name, the
 * number of the request on its connection, and the request.
 */
export type KeepingUpstream = keyof typeof addresses;

const addresses = {
  keeps: '127.2.1.1',
  cuts: '127.2.1.2',
  cuts2: '127.2.1.3',
  cuts3: '127.2.1.4',
  unread: '127.2.1.5',
  refuses: '127.2.1.6',
} as const;

/** The address of an upstream, which listens on port 8000. */
export const addressOf = (upstream: KeepingUpstream): string => addresses[upstream];

/**
 * All upstreams, and a SPA that keeps its connections. `cutsSeen` counts connections closed at their second request.
 */
export const keepingScript = `
  const net = require('node:net');
  const addresses = ${JSON.stringify(addresses)};
  let cutsSeen = 0;
  const answer = (socket, name, number, head) => {
    const [method, path] = head.split(' ');
    const headers = Object.fromEntries(head.split('\\r\\n').slice(1).map((line) => line.split(': ')).map(([key, value]) => [key.toLowerCase(), value]));
    const body = JSON.stringify({ name, number, method, path, connection: headers.connection ?? '', cutsSeen });
    const close = headers.connection === 'close';
    socket.write('HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: ' + body.length + (close ? '\\r\\nConnection: close' : '') + '\\r\\n\\r\\n' + (method === 'HEAD' ? '' : body));
    if (close) socket.end();
  };
  const serve = (name, host, port) => net.createServer((socket) => {
    let number = 0;
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\\r\\n\\r\\n'); end >= 0; end = text.indexOf('\\r\\n\\r\\n')) {
        const head = text.slice(0, end);
        const length = name === 'unread' ? 0 : Number(/\\r\\ncontent-length: (\\d+)/i.exec(head)?.[1] ?? 0);
        if (text.length < end + 4 + length) return;
        text = text.slice(end + 4 + length);
        number += 1;
        if (number > 1 && name.startsWith('cuts')) {
          cutsSeen += 1;
          return socket.destroy();
        }
        answer(socket, name, number, head);
      }
    });
  }).listen(port, host);
  for (const [name, host] of Object.entries(addresses)) if (name !== 'refuses') serve(name, host, 8000);
  serve('spa', '127.0.0.1', 8080);
`;
