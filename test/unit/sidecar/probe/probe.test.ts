import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { probeOnce } from '../../../../src/sidecar/probe/probe.ts';

const never = new AbortController().signal;

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The address of a closed port. */
async function deadEndpoint(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

async function http(status: number, seen: IncomingMessage[] = []): Promise<string> {
  return listen(
    createHttpServer((request, response) => {
      seen.push(request);
      response.writeHead(status, { connection: 'close' }).end('x');
    }),
  );
}

const tcp = (endpoint: string): ReturnType<typeof probeOnce> => probeOnce({ containerId: 'c', endpoint, health: { by: 'tcp' } }, never);
const get = (endpoint: string, host?: string): ReturnType<typeof probeOnce> =>
  probeOnce({ containerId: 'c', endpoint, health: { by: 'http', path: '/ok' }, ...(host === undefined ? {} : { host }) }, never);

describe('a TCP probe', () => {
  it('finds a replica ready if it accepts the connection', async () => {
    expect(await tcp(await listen(createServer((socket) => socket.end())))).toMatchObject({ answer: 'ready' });
  });

  it('finds a replica not ready if it refuses the connection', async () => {
    expect(await tcp(await deadEndpoint())).toEqual({ answer: 'not-ready', detail: 'it refuses connections' });
  });

  it("decides nothing if the host's loopback address refuses it, since that may be meet-gen's own", async () => {
    const target = { containerId: 'c', health: { by: 'tcp' }, isOnLoopback: true } as const;
    expect(await probeOnce({ ...target, endpoint: await deadEndpoint() }, never)).toMatchObject({ answer: 'unclear' });
    expect(await probeOnce({ ...target, endpoint: await listen(createServer((socket) => socket.end())) }, never)).toMatchObject({
      answer: 'ready',
    });
  });

  it('decides nothing at an unreachable address', async () => {
    // The broadcast address fails before a connection is tried.
    expect(await tcp('255.255.255.255:8000')).toMatchObject({ answer: 'unclear' });
  });
});

describe('an HTTP probe', () => {
  it.each([200, 204, 301, 302, 399])('finds a replica ready at the answer %i', async (status) => {
    expect(await get(await http(status), 'meet.example.com')).toEqual({ answer: 'ready', detail: `/ok answers ${status}` });
  });

  it.each([400, 401, 404, 429, 500, 502, 503])('finds a replica not ready at the answer %i', async (status) => {
    expect(await get(await http(status), 'meet.example.com')).toEqual({ answer: 'not-ready', detail: `/ok answers ${status}` });
  });

  it('decides nothing at the answer 400 if no host is known that the backend could allow', async () => {
    expect(await get(await http(400))).toMatchObject({ answer: 'unclear' });
    expect(await get(await http(503))).toMatchObject({ answer: 'not-ready' });
  });

  it('sends the headers of a browser behind the proxies', async () => {
    const seen: IncomingMessage[] = [];
    await get(await http(200, seen), 'meet.example.com');
    expect(seen.map(({ method, url, headers }) => [method, url, headers.host, headers['x-forwarded-proto']])).toEqual([
      ['GET', '/ok', 'meet.example.com', 'https'],
    ]);
  });

  it('decides nothing if the answer is late or invalid', async () => {
    expect(await get(await listen(createServer((socket) => void socket.resume())), 'x')).toEqual({
      answer: 'unclear',
      detail: 'no answer in time',
    });
    expect(await get(await listen(createServer((socket) => void socket.resume().end('SSH-2.0\r\n'))), 'x')).toMatchObject({
      answer: 'unclear',
    });
  });

  it('finds a replica not ready if its port is closed', async () => {
    expect(await get(await deadEndpoint(), 'x')).toMatchObject({ answer: 'not-ready' });
  });
});
