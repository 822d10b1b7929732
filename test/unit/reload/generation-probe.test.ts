import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askGeneration } from '../../../src/reload/generation-probe.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));
const never = new AbortController().signal;
const generation = '0123456789abcdef';

/** Starts a server on loopback. @returns its endpoint */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const says = (status: number, body: string): Promise<string> => serve((_, response) => void response.writeHead(status).end(body));

describe('asking a frontend which configuration it serves', () => {
  it.each([
    [`${generation} 1.30.3\n`, generation, '1.30.3'],
    [`${generation} 1.22.1`, generation, '1.22.1'],
    ['none 1.30.3\n', 'none', '1.30.3'],
  ])('reads %j', async (body, expected, nginxVersion) => {
    const endpoint = await says(200, body);
    expect(await askGeneration([endpoint], 5000, never)).toEqual({
      kind: 'generation',
      generation: expected,
      nginxVersion,
      endpoint,
      tookMs: expect.any(Number) as number,
    });
  });

  it.each([
    [200, ''],
    [200, '<!doctype html>'],
    [200, generation],
    [200, `${generation} `],
    [200, `${generation}0 1.30.3`],
    [200, `${generation.toUpperCase()} 1.30.3`],
    [200, `${generation} 1.30.3\nmore`],
    [200, `${generation} 1.30.3; evil`],
    [404, `${generation} 1.30.3`],
    [301, ''],
    [500, ''],
  ])('rejects status %i with %j', async (status, body) => {
    expect(await askGeneration([await says(status, body)], 5000, never)).toMatchObject({ kind: 'silent' });
  });

  it('reads 403 as a refusal', async () => {
    expect(await askGeneration([await says(403, 'x')], 5000, never)).toEqual({ kind: 'denied' });
  });

  it('takes the first address with a generation', async () => {
    const refusing = await says(403, '');
    const hanging = await serve(() => undefined);
    const good = await says(200, `${generation} 1.30.3`);
    expect(await askGeneration([refusing, hanging, '127.0.0.1:1', good], 5000, never)).toMatchObject({ generation, endpoint: good });
  });

  it('prefers a refusal to silence', async () => {
    expect(await askGeneration(['127.0.0.1:1', await says(403, '')], 5000, never)).toEqual({ kind: 'denied' });
  });

  it('reports the most informative reason: another server, then a refused connection, then silence', async () => {
    const hanging = await serve(() => undefined);
    const other = await says(200, 'hello');
    expect(await askGeneration([hanging, '127.0.0.1:1', other], 1000, never)).toMatchObject({
      reason: expect.stringContaining('something else answers') as string,
    });
    expect(await askGeneration([hanging, '127.0.0.1:1'], 1000, never)).toMatchObject({
      reason: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  it('gives up at the time limit', async () => {
    expect(await askGeneration([await serve(() => undefined)], 50, never)).toEqual({ kind: 'silent', reason: 'no answer in time' });
  });

  it('gives up at the abort', async () => {
    const abort = new AbortController();
    const endpoint = await serve(() => abort.abort());
    expect(await askGeneration([endpoint], 60_000, abort.signal)).toMatchObject({ kind: 'silent' });
  });

  it('reports a frontend without an address, and a refused connection', async () => {
    expect(await askGeneration([], 5000, never)).toMatchObject({ kind: 'silent', reason: 'the frontend has no address' });
    expect(await askGeneration(['127.0.0.1:1'], 5000, never)).toMatchObject({
      kind: 'silent',
      reason: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  it('stops reading an endless answer', async () => {
    const endless = await serve((_, response) => {
      const more = (): void => {
        while (response.write('x'.repeat(1000)));
        response.once('drain', more);
      };
      more();
    });
    expect(await askGeneration([endless], 60_000, never)).toMatchObject({
      kind: 'silent',
      reason: expect.stringContaining('too long') as string,
    });
  });

  it('opens a new connection each time, and closes it', async () => {
    const ports = new Set<number | undefined>();
    const endpoint = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      expect(request.headers.connection).toBe('close');
      response.end(`${generation} 1.30.3`);
    });
    for (let round = 0; round < 5; round += 1) await askGeneration([endpoint], 5000, never);
    expect(ports.size).toBe(5);
  });
});

/** Sends this text, and keeps the connection open unless it `ends`. */
async function speak(text: string, { ends = true } = {}): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => void (ends ? socket.end(text) : socket.write(text)));
    onTestFinished(() => void socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('an answer on the status port', () => {
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${generation.length + 8}\r\n\r\n`;

  it('may keep the connection open after a declared length', async () => {
    expect(await askGeneration([await speak(`${head}${generation} 1.30.3\n`, { ends: false })], 5000, never)).toMatchObject({ generation });
  });

  it('may declare no length, and close the connection', async () => {
    expect(await askGeneration([await speak(`HTTP/1.1 200 OK\r\n\r\n${generation} 1.30.3\n`)], 5000, never)).toMatchObject({ generation });
  });

  it.each([
    ['a truncated answer that would match', `${head}${generation} 1.30`, 'the answer is cut short'],
    ['a truncated header', 'HTTP/1.1 200 OK\r\nContent-Le', 'the answer is not HTTP'],
    ['the greeting of an SSH server', 'SSH-2.0-OpenSSH_9.2\r\n', 'the answer is not HTTP'],
    ['an empty answer', '', 'the connection was closed without an answer'],
    ['a header without an end', `HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(2000)}`, 'the answer is too long'],
  ])('is not a generation if it is %s', async (_, text, reason) => {
    expect(await askGeneration([await speak(text)], 5000, never)).toEqual({ kind: 'silent', reason });
  });

  it.skipIf(!hasIpv6)('is requested on an IPv6 address, too', async () => {
    const server = createServer((_, response) => void response.end(`${generation} 1.30.3`));
    await new Promise<void>((resolve) => server.listen(0, '::1', resolve));
    onTestFinished(() => void server.close());
    expect(await askGeneration([`[::1]:${(server.address() as AddressInfo).port}`], 5000, never)).toMatchObject({ generation });
  });
});
