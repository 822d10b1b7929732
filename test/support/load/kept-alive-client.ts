import { connect, type Socket } from 'node:net';
import type { FailureKind } from './load-messages.ts';
import { createResponseReader, headerOf, type Response, type ResponseReader } from './response-reader.ts';

/** The text of a request, and the handlers of its outcome. */
export interface ClientRequest {
  readonly text: string;
  /** Called with a complete answer. */
  answered(response: Response): void;
  failed(kind: FailureKind, detail: string): void;
}

interface ClientOptions {
  readonly host: string;
  readonly port: number;
  readonly answerWithinMs: number;
  /** The next request. Undefined ends the client. */
  next(): ClientRequest | undefined;
  /**
   * Called after each complete answer. The client waits until `goOn` is called. Without `pause`, it continues at once.
   */
  pause?(goOn: () => void): void;
  opened(): void;
  closeAnnounced(): void;
}

/** Limits the requests to a server that is down. */
const afterFailureMs = 20;

/**
 * A client with one kept-alive connection. It sends a request, reads the complete answer, pauses if wanted, and
 * continues: there is never a second request under way. It reopens a connection whose end was announced. If a
 * connection ends after a request was written, the request has failed. It is never sent again, as with a strict client.
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
      // A connection that ends between two requests fails no request.
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
