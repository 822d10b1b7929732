import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { protocolHeader, protocolVersion, signAnswer, signatureHeader, signEvent } from '../source/swarm/signature.ts';
import type { ErrorBoundary } from '../util/error-boundary.ts';
import { message, readQuestion, replyTo } from './answers.ts';
import type { Answer, Question } from './answers.ts';
import type { EventRelay } from './event-relay.ts';
import type { EngineAnswers } from './engine-answers.ts';

/** Each node has one connection for events and one for questions. */
const mostConnections = 1000;
/** So that a single container on the network can't take all connections. */
const mostFromAddress = 200;
/** The engine itself reads 64 KiB. Node answers 431 beyond the limit. */
const maxHeadBytes = 8192;
const maxHeaders = 100;
const slowestRequestMs = 5000;
/** A client that doesn't read its answer holds memory. */
const slowestAnswerMs = 5000;
/** Longer than the second between two questions of a node. */
const idleMs = 10_000;
/** A node that lost its network closes no connection. */
const keepAliveMs = 30_000;

export interface ReaderParts {
  readonly view: EngineAnswers;
  readonly relay: EventRelay;
  readonly secret: Buffer;
  readonly boundary: ErrorBoundary;
}

/**
 * Serves the reader's answers.
 * @returns a function that stops the server and ends all streams
 * @throws the system's error when the address can't be used
 */
export async function startReaderServer(
  parts: ReaderParts,
  where: { readonly host: string; readonly port: number },
): Promise<() => Promise<void>> {
  const server = createServer(
    {
      maxHeaderSize: maxHeadBytes,
      headersTimeout: slowestRequestMs,
      requestTimeout: slowestRequestMs,
      connectionsCheckingInterval: 1000,
      keepAliveTimeout: idleMs,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
    },
    (incoming, outgoing) => void parts.boundary.attempt('answering a node', () => respond(incoming, outgoing, parts)),
  );
  server.maxConnections = mostConnections;
  server.maxHeadersCount = maxHeaders;
  limitPerAddress(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      // A connection that could not be accepted, perhaps because no descriptor is free.
      server.on('error', (error) => parts.boundary.failed("the reader's server", error));
      resolve();
    });
  });
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}

function limitPerAddress(server: Server): void {
  const counts = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (counts.get(address) ?? 0) + 1;
    if (count > mostFromAddress) {
      socket.destroy();
      return;
    }
    counts.set(address, count);
    socket.on('close', () => {
      const left = (counts.get(address) ?? 1) - 1;
      if (left === 0) counts.delete(address);
      else counts.set(address, left);
    });
  });
}

/** An error in a request costs that request alone. */
async function respond(incoming: IncomingMessage, outgoing: ServerResponse, parts: ReaderParts): Promise<void> {
  const question = readQuestion(incoming);
  const { secret } = parts;
  try {
    const { answer, isStream } = await replyTo(incoming, question, parts.view, parts.relay.refusal);
    if (outgoing.destroyed) return;
    if (isStream) stream(incoming, outgoing, question, answer, parts);
    else send(incoming, outgoing, question, answer, secret);
  } catch (error) {
    if (outgoing.headersSent) incoming.socket.destroy();
    else send(incoming, outgoing, question, message(500, 'the reader failed; the reason is in its log'), secret);
    throw error;
  }
}

function send({ socket }: IncomingMessage, outgoing: ServerResponse, question: Question, answer: Answer, secret: Buffer): void {
  const { bytes } = answer.body;
  const length = answer.status === 304 ? {} : { 'content-length': bytes.length };
  outgoing.writeHead(answer.status, { ...headOf(question, answer, secret), ...length });
  const timer = setTimeout(() => socket.destroy(), slowestAnswerMs).unref();
  outgoing.on('close', () => clearTimeout(timer));
  outgoing.end(bytes);
}

function stream({ socket }: IncomingMessage, outgoing: ServerResponse, question: Question, answer: Answer, parts: ReaderParts): void {
  // The answer before it on this connection is not sent yet. Such a stream would not notice the end of the connection.
  if (outgoing.socket === null) return void socket.destroy();
  const { nonce } = question;
  const { relay, secret } = parts;
  outgoing.writeHead(answer.status, headOf(question, answer, secret));
  outgoing.flushHeaders();
  relay.add(outgoing, (json, index) => `${nonce === undefined ? '' : `${signEvent(secret, nonce, index, json)} `}${json}\n`);
}

function headOf({ path, nonce }: Question, { status, etag, body, headers }: Answer, secret: Buffer): Readonly<Record<string, string>> {
  return {
    ...headers,
    'cache-control': 'no-store',
    [protocolHeader]: protocolVersion,
    ...(etag === '' ? {} : { etag: `"${etag}"` }),
    ...(nonce === undefined ? {} : { [signatureHeader]: signAnswer(secret, nonce, { path, status, etag, bodyHash: body.hash }) }),
  };
}
