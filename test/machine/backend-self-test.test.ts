import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { selfTestCommand, selfTestLimitMs, readSelfTest } from '../../src/doctor/collect/backend-self-test.ts';
import { tryCommand } from '../providers/run-command.ts';

// The script that the doctor runs in Meet's backend, on this machine's Python.

const servers: Server[] = [];
const seen: unknown[] = [];

async function listen(answer: RequestListener): Promise<number> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

let [healthy, silent] = [0, 0];
beforeAll(async () => {
  healthy = await listen((request, response) => {
    seen.push([request.url, request.headers.host, request.headers['x-forwarded-proto']]);
    response.writeHead(500).end('{}');
  });
  silent = await listen(() => undefined);
});
afterAll(() => {
  for (const server of servers) server.closeAllConnections();
  for (const server of servers) server.close();
});

async function run(port: number, names: readonly string[], namesPort: number): Promise<ReturnType<typeof readSelfTest>> {
  const selfTest = { names, namesPort, nameSeconds: 2, heartbeatSeconds: 2, path: '/__heartbeat__', port, host: 'visio.example.org' };
  const [, ...args] = selfTestCommand(selfTest);
  const { code, stdout } = await tryCommand('python3', args, { timeoutMs: selfTestLimitMs });
  return readSelfTest({ code, output: stdout }, selfTest);
}

test('connects to the names, and requests the heartbeat like nginx', async () => {
  const { reach, heartbeat } = await run(healthy, ['localhost', 'nobody.invalid'], healthy);
  expect(reach).toMatchObject({ known: true });
  const reachable = reach.known ? reach.value : new Map();
  expect(reachable.get('localhost')).toEqual({ kind: 'open' });
  expect(reachable.get('nobody.invalid')).toMatchObject({ kind: 'closed' });
  expect(heartbeat).toMatchObject({ kind: 'answer', status: 500 });
  expect(seen).toEqual([['/__heartbeat__', 'visio.example.org', 'https']]);
});

test('a heartbeat that hangs ends within its limit; a refused connection is reported', async () => {
  const closed = await listen(() => undefined);
  await new Promise((resolve) => servers.pop()?.close(resolve));
  const [hanging, refused] = await Promise.all([run(silent, [], closed), run(closed, ['127.0.0.1'], closed)]);
  expect(hanging.heartbeat).toEqual({ kind: 'unreachable', reason: 'no answer in time' });
  expect(refused.heartbeat).toEqual({ kind: 'refused' });
  expect(refused.reach).toEqual({ known: true, value: new Map([['127.0.0.1', { kind: 'closed', reason: 'Connection refused' }]]) });
});
