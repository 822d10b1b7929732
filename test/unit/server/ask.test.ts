import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { askFirst } from '../../../src/server/ask.ts';

/** Longer than any test may take. */
const timeoutMs = 60_000;

async function serve(listener: RequestListener): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ask-'));
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });
  return join(folder, 'socket');
}

test('takes the first socket that answers', async () => {
  const answering = await serve((_, response) => response.writeHead(503).end('{}'));
  const cut = await serve((_, response) => response.writeHead(200, { 'content-length': 9 }).write('{', () => response.destroy()));
  expect(await askFirst(['/nowhere/socket', cut, answering], '/status', timeoutMs)).toMatchObject({ status: 503, body: '{}' });
  expect(await askFirst(['/nowhere/socket', cut], '/status', timeoutMs)).toBeUndefined();
});

test('gives up an answer without an end, before it fills the memory', async () => {
  const endless = await serve((_, response) => {
    const text = 'x'.repeat(1024 ** 2);
    const write = (): void => {
      while (response.write(text));
      response.once('drain', write);
    };
    response.on('error', () => undefined);
    write();
  });
  expect(await askFirst([endless], '/status', timeoutMs)).toBeUndefined();
});
