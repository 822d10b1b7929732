import { createServer as createHttpServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { askHttp } from '../../../src/util/ask-http.ts';

const never = new AbortController().signal;
const maxBytes = 1000;

async function listen(server: Server, at: { port: 0; host: string } | { path: string } = { port: 0, host: '127.0.0.1' }): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(at, resolve));
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return 'path' in at ? at.path : `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const http = (listener: RequestListener): Promise<string> => listen(createHttpServer(listener));
const raw = (text: string): Promise<string> => listen(createServer((socket) => socket.on('error', () => undefined).end(text)));

test('an answer has its status, headers and body, and the connection is closed', async () => {
  const url = await http(({ method, url: path, headers: { host, connection } }, response) =>
    response.writeHead(418, { 'x-a': 'b' }).end(`${method} ${path} ${host} ${connection} é`),
  );
  const reply = await askHttp(`${url}/a?b=c`, { headers: { host: 'meet.example' }, maxBytes }, never);
  expect(reply).toMatchObject({ status: 418, headers: { 'x-a': 'b' }, body: 'GET /a?b=c meet.example close é', isWhole: true });
});

test('a redirect is an answer', async () => {
  let asked = 0;
  const url = await http((_, response) => {
    asked += 1;
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  expect(await askHttp(url, { maxBytes }, never)).toMatchObject({ status: 302, headers: { location: '/elsewhere' }, isWhole: true });
  expect(asked).toBe(1);
});

test('by POST through a unix socket', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ask-http-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const server = createHttpServer(({ method, url, headers: { host } }, response) => response.end(`${method} ${url} ${host}`));
  const socketPath = await listen(server, { path: join(folder, 'socket') });
  expect(await askHttp('http://localhost/a', { socketPath, method: 'POST', maxBytes }, never)).toMatchObject({ body: 'POST /a localhost' });
});

test('an endless body is read up to the limit', async () => {
  const url = await http((_, response) => {
    const write = (): void => void (response.write('x'.repeat(800)) ? setImmediate(write) : response.once('drain', write));
    response.on('error', () => undefined);
    write();
  });
  const { status, body, isWhole } = await askHttp(url, { maxBytes }, never);
  expect([status, isWhole]).toEqual([200, false]);
  expect(body.length).toBeLessThan(1_000_000);
});

test('an unwanted body is not awaited', async () => {
  const url = await http((_, response) => response.writeHead(200).flushHeaders());
  expect(await askHttp(url, { maxBytes: 0 }, never)).toMatchObject({ status: 200, body: '' });
});

test('a body that is cut on its way is not whole', async () => {
  const url = await raw('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
  expect(await askHttp(url, { maxBytes }, never)).toMatchObject({ status: 200, body: 'abc', isWhole: false });
});

test('a malformed answer is an error with a code', async () => {
  const closed = createServer();
  const url = await new Promise<string>((resolve) =>
    closed.listen(0, '127.0.0.1', () => {
      const { port } = closed.address() as AddressInfo;
      closed.close(() => resolve(`http://127.0.0.1:${port}`));
    }),
  );
  await expect(askHttp(url, { maxBytes }, never)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await expect(askHttp(await raw('SSH-2.0-OpenSSH\r\n'), { maxBytes }, never)).rejects.toMatchObject({
    code: expect.stringMatching(/^HPE_/) as string,
  });
  await expect(askHttp(await raw(''), { maxBytes }, never)).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('an abort ends it, before an answer and in the middle of one', async () => {
  for (const begin of ['', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc']) {
    const controller = new AbortController();
    const url = await listen(
      createServer((socket) => {
        socket.on('error', () => undefined).write(begin);
        socket.once('data', () => setImmediate(() => controller.abort()));
      }),
    );
    await expect(askHttp(url, { maxBytes }, controller.signal), begin).rejects.toMatchObject({ name: 'AbortError' });
  }
});
