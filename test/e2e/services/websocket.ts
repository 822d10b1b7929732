import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Place } from './ask.ts';

/** An open WebSocket, with only the parts for an echo. */
export interface WebSocketClient {
  /** Sends a short text. @returns the answer */
  echo(text: string): Promise<string>;
  readonly isOpen: () => boolean;
  close(): void;
}

/** @throws Error with the status when the connection doesn't become a WebSocket */
export function openWebSocket(
  { host, port }: Place,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<WebSocketClient> {
  return new Promise((resolve, reject) => {
    const handshake = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
    };
    const asked = request({ host, port, path, agent: false, headers: { host: 'meet.example.com', ...handshake, ...headers } });
    asked.on('upgrade', (_response, socket) => resolve(clientOn(socket)));
    asked.on('response', (response) => {
      response.resume();
      reject(new Error(`no WebSocket, but ${response.statusCode}`));
    });
    asked.on('error', reject);
    asked.end();
  });
}

const closed = 'the connection was closed';

function clientOn(socket: Duplex): WebSocketClient {
  let open = true;
  const waiting: ((frame: Buffer) => void)[] = [];
  socket.on('data', (frame: Buffer) => waiting.shift()?.(frame));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    open = false;
    for (const take of waiting.splice(0)) take(Buffer.from([0x88, 0]));
  });
  return {
    async echo(text) {
      if (!open) return closed;
      const answer = new Promise<Buffer>((resolve) => waiting.push(resolve));
      socket.write(maskedText(text));
      const frame = await answer;
      return frame[0] === 0x81 ? frame.subarray(2).toString() : closed;
    },
    isOpen: () => open,
    close: () => void socket.destroy(),
  };
}

/** A client's frames are masked (RFC 6455, 5.3). */
function maskedText(text: string): Buffer {
  const [mask, bytes] = [randomBytes(4), Buffer.from(text)];
  return Buffer.concat([Buffer.from([0x81, 0x80 | bytes.length]), mask, bytes.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}
