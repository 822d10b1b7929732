import { connect } from 'node:net';
import { addressIn, portIn } from '../model/endpoint.ts';

const maxHeadBytes = 8192;
/** No server may have this name: such a server would answer instead of the default server. */
const ownHost = 'meet-gen';

/** An answer exceeded its limit. */
export class LongAnswer extends Error {
  override name = 'LongAnswer';
  readonly status: number;

  constructor(status: number) {
    super('the answer is too long');
    this.status = status;
  }
}

export interface StatusAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * Asks a frontend's nginx on a new connection: an old nginx worker goes on answering on kept-alive connections.
 * Plain HTTP/1.0, since a proof takes a dozen requests, and a request by `node:http` costs twice the processor time.
 * @param endpoint `address:port`, an IPv6 address in brackets
 * @param host for the Host header
 * @throws LongAnswer if the body exceeds `maxBytes`
 * @throws Error without a complete answer
 */
export function getText(endpoint: string, path: string, maxBytes: number, signal: AbortSignal, host = ownHost): Promise<StatusAnswer> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const socket = connect(placeOf(endpoint));
    const giveUp = (): void => end(new Error('no answer in time'));
    const end = (error?: Error): void => {
      signal.removeEventListener('abort', giveUp);
      socket.destroy(error);
    };
    const take = (isAll: boolean): void => {
      try {
        const answer = readAnswer(bytes, maxBytes, isAll);
        if (answer === undefined && bytes.length > maxBytes + maxHeadBytes) throw new Error('the answer is too long');
        if (answer === undefined) return;
        resolve(answer);
        end();
      } catch (error) {
        end(error as Error);
      }
    };
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      take(false);
    });
    socket.on('end', () => take(true));
    socket.on('error', (error) => {
      reject(error);
      end();
    });
    if (signal.aborted) return giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    socket.write(`GET ${path} HTTP/1.0\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, 'latin1');
  });
}

function placeOf(endpoint: string): { readonly host: string; readonly port: number } {
  return { host: addressIn(endpoint).replace(/^\[|\]$/g, ''), port: portIn(endpoint) };
}

/**
 * Parses an HTTP/1.0 answer (RFC 1945). The body is as long as Content-Length says, or ends with the connection.
 * @returns undefined while the answer is incomplete
 */
function readAnswer(bytes: Buffer, maxBytes: number, isAll: boolean): StatusAnswer | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0 && !isAll) return undefined;
  const head = bytes.toString('latin1', 0, Math.max(0, headEnd));
  const [, status] = /^HTTP\/1\.[01] (\d{3})(?=[ \r]|$)/.exec(head) ?? [];
  if (status === undefined) throw new Error(bytes.length === 0 ? 'the connection was closed without an answer' : 'the answer is not HTTP');
  const [, declaredLength] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  const body = bytes.subarray(headEnd + 4);
  if (Number(declaredLength ?? body.length) > maxBytes) throw new LongAnswer(Number(status));
  const isWhole = declaredLength === undefined ? isAll : body.length >= Number(declaredLength);
  if (isWhole)
    return { status: Number(status), body: body.toString('utf8', 0, declaredLength === undefined ? body.length : Number(declaredLength)) };
  if (isAll) throw new Error('the answer is cut short');
  return undefined;
}
