/**
 * Upstreams by the fate of their connections: closed or reset after the request, closed after the start of an answer,
 * or left open. `authorizes` answers only the request about recordings, and closes all other connections. No server
 * listens at `refuses`. At `unreachable` a server listens, but its accept queue stays full.
 */
export type Upstream = keyof typeof addresses;

const addresses = {
  closes: '127.1.1.1',
  resets: '127.1.1.2',
  begins: '127.1.1.3',
  waits: '127.1.1.4',
  answers: '127.1.1.5',
  authorizes: '127.1.1.6',
  refuses: '127.1.1.7',
  unreachable: '127.1.1.8',
} as const;

/** The address of an upstream, which listens on port 8000. */
export const addressOf = (upstream: Upstream): string => addresses[upstream];

/** All upstreams, and a SPA that closes its connections: a Node program without dependencies. `answers` starts last. */
export const upstreamsScript = `
  const net = require('node:net');
  const { once } = require('node:events');
  const { createServer } = require('node:http');
  const { Worker } = require('node:worker_threads');
  const addresses = ${JSON.stringify(addresses)};
  const behaviours = {
    closes: (socket) => socket.destroy(),
    resets: (socket) => socket.resetAndDestroy(),
    begins: (socket) => socket.end('HTTP/1.1 200 OK\\r\\nContent-'),
    waits: () => undefined,
  };
  const onRequest = (behave) => net.createServer((socket) => socket.on('error', () => undefined).once('data', () => behave(socket)));
  for (const [name, behave] of Object.entries(behaviours)) onRequest(behave).listen(8000, addresses[name]);
  onRequest(behaviours.closes).listen(8080, '127.0.0.1');
  const question = '/api/v1.0/recordings/media-auth/';
  createServer((request, response) => (request.url === question ? response.end() : request.socket.destroy())).listen(8000, addresses.authorizes);

  const neverAccepts = (host) => {
    require('node:net').createServer().listen({ port: 8000, host, backlog: 1 }, () => {
      require('node:worker_threads').parentPort.postMessage('listening');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });
  };
  (async () => {
    const full = new Worker('(' + neverAccepts + ')("' + addresses.unreachable + '")', { eval: true });
    await once(full, 'message');
    // Linux queues one more than the backlog.
    for (let queued = 0; queued < 2; queued += 1) await once(net.connect(8000, addresses.unreachable), 'connect');
    createServer((request, response) => response.end()).listen(8000, addresses.answers);
  })();
`;
