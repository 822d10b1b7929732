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

/** A port on which nobody listens any more. */
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

describe('a connection', () => {
  it('that is accepted means ready', async () => {
    expect(await tcp(await listen(createServer((socket) => socket.end())))).toMatchObject({ answer: 'ready' });
  });

  it('that is refused means not ready', async () => {
    expect(await tcp(await deadEndpoint())).toEqual({ answer: 'not-ready', detail: 'it refuses connections' });
  });

  it("to the host's loopback address that is refused decides nothing: it may be ours", async () => {
    const target = { containerId: 'c', health: { by: 'tcp' }, isOnLoopback: true } as const;
    expect(await probeOnce({ ...target, endpoint: await deadEndpoint() }, never)).toMatchObject({ answer: 'unclear' });
    expect(await probeOnce({ ...target, endpoint: await listen(createServer((socket) => socket.end())) }, never)).toMatchObject({
      answer: 'ready',
    });
  });

  it('to where nobody can be reached decides nothing', async () => {
    // The broadcast address: no connection is even tried.
    expect(await tcp('255.255.255.255:8000')).toMatchObject({ answer: 'unclear' });
  });
});

describe('an HTTP answer', () => {
  it.each([200, 204, 301, 302, 399])('of %i means ready', async (status) => {
    expect(await get(await http(status), 'meet.example.com')).toEqual({ answer: 'ready', detail: `/ok answers ${status}` });
  });

  it.each([400, 401, 404, 429, 500, 502, 503])('of %i means not ready', async (status) => {
    expect(await get(await http(status), 'meet.example.com')).toEqual({ answer: 'not-ready', detail: `/ok answers ${status}` });
  });

  it('of 400 decides nothing where no host is known that the backend could allow', async () => {
    expect(await get(await http(400))).toMatchObject({ answer: 'unclear' });
    expect(await get(await http(503))).toMatchObject({ answer: 'not-ready' });
  });

  it('is asked for as a browser would through the proxies', async () => {
    const seen: IncomingMessage[] = [];
    await get(await http(200, seen), 'meet.example.com');
    expect(seen.map(({ method, url, headers }) => [method, url, headers.host, headers['x-forwarded-proto']])).toEqual([
      ['GET', '/ok', 'meet.example.com', 'https'],
    ]);
  });

  it('that does not come in time, or is none, decides nothing', async () => {
    expect(await get(await listen(createServer((socket) => void socket.resume())), 'x')).toEqual({
      answer: 'unclear',
      detail: 'no answer in time',
    });
    expect(await get(await listen(createServer((socket) => void socket.resume().end('SSH-2.0\r\n'))), 'x')).toMatchObject({
      answer: 'unclear',
    });
  });

  it('from where nobody listens means not ready', async () => {
    expect(await get(await deadEndpoint(), 'x')).toMatchObject({ answer: 'not-ready' });
  });
});
