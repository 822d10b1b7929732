import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { expect } from 'vitest';
import { swarmEvent } from '../support/fake-engine/raw-swarm.ts';
import { dockerTask } from '../support/swarm/docker-json.ts';
import { startReader } from '../support/swarm/reader.ts';
import type { Reader } from '../support/swarm/reader.ts';
import { waitUntil } from '../support/wait-until.ts';
import { test } from './scene.ts';

/** A node of its own, besides the hostile clients. */
const honest = '127.0.0.2';

interface RawClient {
  readonly socket: Socket;
  /** The reader's bytes so far. */
  received(): string;
  isClosed(): boolean;
}

/** A connection that sends these bytes, and ends only when the reader ends it. */
async function open(reader: Reader, text: string, from = '127.0.0.1'): Promise<RawClient> {
  const socket = connect({ host: '127.0.0.1', port: reader.port, localAddress: from });
  let received = '';
  let isClosed = false;
  socket.on('error', () => undefined);
  socket.on('close', () => (isClosed = true));
  socket.setEncoding('latin1').on('data', (more: string) => (received += more));
  await once(socket, 'connect');
  socket.write(text);
  return { socket, received: () => received, isClosed: () => isClosed };
}

async function expectAnswers(reader: Reader): Promise<void> {
  expect(await reader.ask('/tasks', { from: honest })).toMatchObject({ status: 200 });
  expect(reader.command.hasEnded()).toBe(false);
  expect(reader.command.logged('partFailed')).toEqual([]);
}

test.concurrent('ends connections without a whole request, and answers the others meanwhile', async ({ scene }) => {
  const reader = await startReader(scene);
  const beginnings = ['', 'G', 'GET /tasks', 'GET /tasks HTTP/1.1\r\n', 'GET /tasks HTTP/1.1\r\nHost: reader\r\nMeet-Gen-Nonce: 0'];
  const slow = await Promise.all(Array.from({ length: 150 }, (_, index) => open(reader, beginnings[index % beginnings.length] ?? '')));
  await expectAnswers(reader);
  await waitUntil('the reader ends them all', () => slow.every((client) => client.isClosed()));
  expect(new Set(slow.map((client) => client.received().split('\r\n')[0]))).toEqual(new Set(['HTTP/1.1 408 Request Timeout']));
  await expectAnswers(reader);
});

test.concurrent('refuses long request lines, long and many headers, and bytes that are not HTTP', async ({ scene }) => {
  const reader = await startReader(scene);
  const first = async (text: string): Promise<string> => {
    const client = await open(reader, text);
    return waitUntil('an answer', () => /^[^\r]*(?=\r\n)/.exec(client.received())?.[0]);
  };
  const tooLarge = 'HTTP/1.1 431 Request Header Fields Too Large';
  expect(await first(`GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: reader\r\n\r\n`)).toBe(tooLarge);
  expect(await first(`GET /tasks HTTP/1.1\r\nHost: reader\r\nA: ${'x'.repeat(100_000)}\r\n\r\n`)).toBe(tooLarge);
  expect(await first(`GET /tasks HTTP/1.1\r\nHost: reader\r\n${'A: x\r\n'.repeat(10_000)}\r\n`)).toBe(tooLarge);
  const bad = 'HTTP/1.1 400 Bad Request';
  for (const text of [
    '\u0016\u0003\u0001\u0002',
    'SSH-2.0-x\r\n\r\n',
    'GET /tasks HTTP/9.9\r\n\r\n',
    'GET /tasks HTTP/1.1\r\n\r\n',
    '\r\n\r\n\0',
  ])
    expect(await first(text), JSON.stringify(text)).toBe(bad);
  expect(await first('GET /tasks HTTP/1.1\r\nHost: reader\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n')).toBe(bad);
  expect(await first('GET /tasks HTTP/1.1\r\nHost: reader\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')).toBe('HTTP/1.1 200 OK');
  const tunnel = await open(reader, 'CONNECT 10.0.0.1:22 HTTP/1.1\r\nHost: reader\r\n\r\n');
  await waitUntil('the reader ends a tunnel', () => tunnel.isClosed());
  expect(tunnel.received()).toBe('');
  await expectAnswers(reader);
});

test.concurrent('answers thousands of paths, and remembers no path', async ({ scene }) => {
  const reader = await startReader(scene);
  const client = await open(reader, '');
  const count = 5000;
  for (let nth = 0; nth < count; nth += 1) client.socket.write(`GET /path-${nth} HTTP/1.1\r\nHost: reader\r\n\r\n`);
  await waitUntil('all are answered', () => client.received().split('HTTP/1.1 404 Not Found').length === count + 1);
  expect(client.received()).not.toContain('path-');
  expect(reader.command.stderr()).not.toContain('path-');
  expect(scene.engine.calls.filter(({ path }) => path !== '/_ping' && path !== '/events')).toEqual([]);
  await expectAnswers(reader);
});

test.concurrent('accepts a limited number of connections from an address', async ({ scene }) => {
  const reader = await startReader(scene);
  const request = 'GET /events HTTP/1.1\r\nHost: reader\r\n\r\n';
  const many = await Promise.all(Array.from({ length: 250 }, () => open(reader, request)));
  await waitUntil('the reader has ended some', () => many.filter((client) => client.isClosed()).length === 50);
  await waitUntil('the others are streams', () => many.filter((client) => client.received().startsWith('HTTP/1.1 200')).length === 200);
  await expectAnswers(reader);
  for (const { socket } of many) socket.destroy();
  await waitUntil('their places are free', async () => {
    const client = await open(reader, request);
    return waitUntil('an answer or an end', () => (client.isClosed() ? 'ended' : client.received() !== '' && 'answered')).then(
      (end) => end === 'answered',
    );
  });
});

test.concurrent('opens a limited number of event streams', async ({ scene }) => {
  const reader = await startReader(scene);
  const addresses = ['127.0.0.11', '127.0.0.12', '127.0.0.13'];
  const request = 'GET /events HTTP/1.1\r\nHost: reader\r\n\r\n';
  const many = await Promise.all(Array.from({ length: 540 }, (_, index) => open(reader, request, addresses[index % 3])));
  await waitUntil('all are answered', () => many.every((client) => client.received() !== ''));
  const firstLines = many.map((client) => client.received().split('\r\n')[0]);
  expect(firstLines.filter((line) => line === 'HTTP/1.1 200 OK')).toHaveLength(500);
  expect(firstLines.filter((line) => line === 'HTTP/1.1 503 Service Unavailable')).toHaveLength(40);
  await expectAnswers(reader);
  for (const { socket } of many) socket.destroy();
  await waitUntil('a stream is free', async () => (await reader.openEvents({ from: honest })).status === 200);
});

test.concurrent('opens no stream behind another answer, which would not notice its end', async ({ scene }) => {
  const reader = await startReader(scene);
  const client = await open(reader, 'GET /events HTTP/1.1\r\nHost: reader\r\n\r\n'.repeat(3));
  await waitUntil('the reader ends the connection', () => client.isClosed());
  await expectAnswers(reader);
});

test.concurrent('drops an event stream that is not read, and goes on with the others', async ({ scene }) => {
  const reader = await startReader(scene);
  const stuck = await open(reader, 'GET /events HTTP/1.1\r\nHost: reader\r\n\r\n');
  await waitUntil('the stream is open', () => stuck.received() !== '');
  stuck.socket.pause();
  const events = await reader.openEvents({ from: honest });
  const event = swarmEvent('service', 'update', 'x'.repeat(200), { name: 'x'.repeat(250) });
  const batch = 1000;
  // The kernel's buffers take megabytes before the reader has to keep any byte.
  const told = await waitUntil('the unread stream ends', async () => {
    const before = scene.engine.sentEvents();
    for (let nth = 0; nth < batch; nth += 1) scene.engine.rawSwarm.tell(event);
    await waitUntil('the other client has read all', () => events.lines().length === before + batch);
    // A write on a connection that the reader has ended fails.
    stuck.socket.write('\r\n');
    return stuck.isClosed() && before + batch;
  });
  expect(events.lines()).toHaveLength(told);
  expect(events.hasEnded()).toBe(false);
  await expectAnswers(reader);
});

test.concurrent('ends a connection whose answer is not read', async ({ scene }) => {
  const labels = { 'meet.role': 'backend', 'meet.paths': 'x'.repeat(8000) };
  scene.engine.rawSwarm.tasks = Array.from({ length: 250 }, (_, index) => dockerTask({ id: `task-${index}`, labels }));
  const reader = await startReader(scene);
  // 40 MB: the kernel's buffers take some.
  const stuck = await open(reader, 'GET /tasks HTTP/1.1\r\nHost: reader\r\n\r\n'.repeat(20));
  stuck.socket.once('data', () => stuck.socket.pause());
  await waitUntil('the first answer begins', () => stuck.received().startsWith('HTTP/1.1 200 OK\r\n'));
  await waitUntil('the reader ends the connection', () => {
    stuck.socket.write('\r\n');
    return stuck.isClosed();
  });
  await expectAnswers(reader);
});
