import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createManagerClient } from '../../../../src/source/swarm/manager-client.ts';
import { managerAt } from '../../../../src/source/swarm/manager.ts';
import type { Manager } from '../../../../src/source/swarm/manager.ts';
import {
  hashBody,
  nonceHeader,
  protocolHeader,
  protocolVersion,
  signAnswer,
  signatureHeader,
} from '../../../../src/source/swarm/signature.ts';

const never = new AbortController().signal;
const secret = Buffer.from('0123456789abcdef');

let server: Server;
let manager: Manager;
let respond: (asked: IncomingMessage, answer: ServerResponse) => void;

beforeEach(async () => {
  server = createServer((asked, answer) => respond(asked, answer));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  manager = managerAt({ url: `tcp://127.0.0.1:${port}`, host: '127.0.0.1', port }, '127.0.0.1');
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/**
 * Answers as a reader whose list has this tag.
 * @param knownTag the tag in the question that the reader got
 */
function answerAsReader(asked: IncomingMessage, answer: ServerResponse, etag: string, knownTag = asked.headers['if-none-match']): void {
  const status = knownTag === `"${etag}"` ? 304 : 200;
  const body = status === 304 ? '' : `["${etag}"]`;
  const signature = signAnswer(secret, String(asked.headers[nonceHeader]), {
    path: asked.url ?? '',
    status,
    etag,
    bodyHash: hashBody(body),
  });
  answer.writeHead(status, { etag: `"${etag}"`, [protocolHeader]: protocolVersion, [signatureHeader]: signature }).end(body);
}

it('a 304 stands for the known answer', async () => {
  const client = createManagerClient(secret, () => undefined);
  respond = (asked, answer) => answerAsReader(asked, answer, 'first');
  const first = await client.ask(manager, '/tasks', (json) => json, never);
  expect(first).toEqual(['first']);
  expect(await client.ask(manager, '/tasks', (json) => json, never)).toBe(first);
});

it('refuses a 304 about a tag that it did not ask with: a man in the middle may have changed the question', async () => {
  const client = createManagerClient(secret, () => undefined);
  respond = (asked, answer) => answerAsReader(asked, answer, 'first');
  await client.ask(manager, '/tasks', (json) => json, never);
  // The reader has newer tasks. The man in the middle puts their tag into the question.
  respond = (asked, answer) => answerAsReader(asked, answer, 'second', '"second"');
  await expect(client.ask(manager, '/tasks', (json) => json, never)).rejects.toThrow('it answered 304');
  respond = (asked, answer) => answerAsReader(asked, answer, 'second');
  expect(await client.ask(manager, '/tasks', (json) => json, never)).toEqual(['second']);
});

it('refuses a 304 without a question about a tag', async () => {
  const client = createManagerClient(undefined, () => undefined);
  respond = (_, answer) => answer.end('["from a plain proxy"]');
  await client.ask(manager, '/tasks', (json) => json, never);
  respond = (_, answer) => answer.writeHead(304).end();
  await expect(client.ask(manager, '/tasks', (json) => json, never)).rejects.toThrow('it answered 304');
});
