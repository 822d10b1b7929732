import { connect, type Socket } from 'node:net';
import type { FailureKind } from './load-words.ts';
import { createResponseReader, headerOf, type Response, type ResponseReader } from './response-reader.ts';

/** A request in full, and who wants to know what came of it. */
export interface ClientRequest {
  readonly text: string;
  /** The whole answer. */
  answered(response: Response): void;
  failed(kind: FailureKind, detail: string): void;
}

interface ClientOptions {
  readonly host: string;
  readonly port: number;
  readonly answerWithinMs: number;
  /** The next request; none ends the client. */
  next(): ClientRequest | undefined;
  /** Called after each whole answer: the client waits until it is told to go on. Without it, it goes on at once. */
  pause?(goOn: () => void): void;
  opened(): void;
  closeAnnounced(): void;
}

/** So that a server that is gone isn't asked a thousand times a second. */
const afterFailureMs = 20;

/**
 * One client with one connection that is kept alive: a request, its whole answer, a pause if wanted, the next request, never two
 * under way. A connection whose end was announced is opened again; one that ends after a request was written costs that
 * request, and it is never sent again: what a strict client that mustn't repeat anything would see.
 * @returns resolves when there is no next request
 */
export function runClient(options: ClientOptions): Promise<void> {
  return new Promise((resolve) => {
    let socket: Socket | undefined;
    let underWay: ClientRequest | undefined;

    const drop = (): void => {
      socket?.removeAllListeners().on('error', () => undefined);
      socket?.destroy();
      socket = undefined;
    };
    const fail = (kind: FailureKind, detail: string): void => {
      drop();
      const request = underWay;
      underWay = undefined;
      // A connection that ended between two requests costs nothing.
      if (request === undefined) return;
      request.failed(kind, detail);
      setTimeout(go, afterFailureMs);
    };
    const read = (reader: ResponseReader, chunk: string): void => {
      let response: Response | undefined;
      try {
        response = reader.read(chunk);
      } catch (error) {
        return fail('wrong answer', error instanceof Error ? error.message : String(error));
      }
      if (response === undefined) return;
      const request = underWay;
      underWay = undefined;
      if (headerOf(response.head, 'connection')?.toLowerCase() === 'close') {
        options.closeAnnounced();
        drop();
      }
      request?.answered(response);
      if (options.pause === undefined) go();
      else options.pause(go);
    };
    const open = (request: ClientRequest): void => {
      options.opened();
      const reader = createResponseReader();
      const opening = connect({ host: options.host, port: options.port, noDelay: true });
      let connected = false;
      socket = opening;
      opening.setEncoding('latin1').setTimeout(options.answerWithinMs);
      opening.on('connect', () => {
        connected = true;
        opening.write(request.text, 'latin1');
      });
      opening.on('data', (chunk: string) => read(reader, chunk));
      opening.on('timeout', () => fail('no answer in time', connected ? 'connected' : 'not connected'));
      opening.on('error', (error: NodeJS.ErrnoException) =>
        fail(connected ? 'connection lost' : 'no connection', error.code ?? error.message),
      );
      opening.on('end', () => fail('connection lost', 'closed'));
    };
    const go = (): void => {
      underWay = options.next();
      if (underWay === undefined) {
        drop();
        return resolve();
      }
      if (socket === undefined) open(underWay);
      else socket.write(underWay.text, 'latin1');
    };
    go();
  });
}
