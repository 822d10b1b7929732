import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askAsVisitor, entrancePath } from '../../../src/reload/visitor-probe.ts';
import type { VisitorAnswer } from '../../../src/reload/visitor-probe.ts';

const generation = '0123456789abcdef';
const path = entrancePath(generation);
const { signal } = new AbortController();

/** A routing port with these answers; records the requests. */
async function portThat(
  answer: (request: IncomingMessage) => { status: number; body: string },
): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.headers.host ?? ''}${request.url ?? ''}`);
    const { status, body } = answer(request);
    response.writeHead(status, { connection: 'close' });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, asked };
}

const visit = (port: number, hosts: readonly string[] = [], turn = 0): Promise<VisitorAnswer> =>
  askAsVisitor('127.0.0.1:8084', { port, hosts, path }, turn, signal);

describe("a visitor's request", () => {
  it('finds the target if the file of its generation answers', async () => {
    const { port } = await portThat(() => ({ status: 200, body: `${generation} 1.30.3\n` }));
    expect(await visit(port)).toEqual({ kind: 'target', tookMs: expect.any(Number) });
  });

  it.each([
    ['a page', 200, '<!doctype html>', /: status 200/],
    ['another generation', 200, 'fedcba9876543210 1.30.3\n', /: status 200/],
    ['a refusal', 503, `${generation} 1.30.3\n`, /: status 503/],
    ['a long page', 200, 'x'.repeat(10_000), /: status 200/],
    ['an empty body', 200, '', /: status 200/],
  ])('finds another server if the answer is %s', async (_, status, body, expected) => {
    const { port } = await portThat(() => ({ status, body }));
    expect(await visit(port)).toEqual({ kind: 'other', answer: expect.stringMatching(expected) });
  });

  it('reports that nothing listens', async () => {
    expect(await visit(1)).toEqual({ kind: 'silent', answer: expect.stringMatching(/port 1: .*ECONNREFUSED/) });
  });

  it('uses each host name in order, and by default a name that no server has', async () => {
    const { port, asked } = await portThat(() => ({ status: 200, body: `${generation} 1.30.3\n` }));
    const hosts = ['meet.example.com', '*.example.org'];
    for (const turn of [0, 1, 2]) await visit(port, hosts, turn);
    await visit(port);
    expect(asked).toEqual(['meet.example.com', 'meet-gen.example.org', 'meet.example.com', 'meet-gen'].map((host) => host + path));
  });
});
