import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askRejected } from '../../../src/reload/rejected-probe.ts';

const never = new AbortController().signal;
const sha256 = 'a'.repeat(64);
const other = 'b'.repeat(64);

/** Answers `/rejected` like a frontend with a hook. */
async function says(status: number, body: string): Promise<string> {
  const server = createServer((asked, response) => void response.writeHead(asked.url === '/rejected' ? status : 500).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('asking a hook for a refusal', () => {
  it.each([
    [
      "nginx's words alone",
      `${sha256}\nnginx: [emerg] unknown directive "x" in /a:1\nnginx: configuration file /b test failed\n`,
      '[emerg] unknown directive "x" in /a:1',
    ],
    ["all lines, without nginx's own words", `${sha256}\n goes on \n\nwith the old one\n`, 'goes on; with the old one'],
    ['an empty text', `${sha256}\n`, ''],
  ])('returns %s', async (_, body, words) => {
    expect(await askRejected([await says(200, body)], sha256, 5000, never)).toEqual({ kind: 'refused', words });
  });

  it.each([
    ['refuses no file', 404, ''],
    ['refuses another file', 200, `${other}\n[emerg] x\n`],
    ['is missing, and the SPA answers', 200, '<!doctype html>'],
    ['refuses meet-gen', 403, `${sha256}\n[emerg] x\n`],
    ['sends an oversized answer', 200, `${sha256}\n${'x'.repeat(100_000)}`],
  ])('finds nothing if the hook %s', async (_, status, body) => {
    expect(await askRejected([await says(status, body)], sha256, 5000, never)).toEqual({ kind: 'nothing' });
  });

  it('uses the address that answers, and reads silence as no refusal', async () => {
    const good = await says(200, `${sha256}\nno\n`);
    expect(await askRejected(['127.0.0.1:1', good], sha256, 5000, never)).toEqual({ kind: 'refused', words: 'no' });
    expect(await askRejected(['127.0.0.1:1'], sha256, 5000, never)).toEqual({ kind: 'nothing' });
    expect(await askRejected([], sha256, 5000, never)).toEqual({ kind: 'nothing' });
  });
});
