import type { Socket } from 'node:net';

/** A bad answer of an engine, down to the bytes on the connection. */
export interface HostileAnswer {
  readonly name: string;
  /**
   * `refusal`: complete, with another status than 200. `body`: complete, with a wrong body. `broken`: incomplete or too
   * large.
   */
  readonly kind: 'refusal' | 'body' | 'broken';
  /** Ends only at the call's deadline. */
  readonly isSlow?: true;
  /**
   * As an event stream it looks like a quiet stream: meet-gen reopens it at each resync, and goes on listing
   * containers.
   */
  readonly isQuiet?: true;
  readonly send: (connection: Socket) => void;
}

const mib = 1024 ** 2;
/** More bytes than meet-gen reads in any answer. */
const tooManyBytes = 64 * mib + 1;
const pieceBytes = 256 * 1024;

function whole(body: string, status = '200 OK', more: readonly string[] = []): (connection: Socket) => void {
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  const head = [`HTTP/1.1 ${status}`, 'Content-Type: application/json', 'Connection: close', ...more, length];
  return (connection) => void connection.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function begin(connection: Socket, status = '200 OK', ...more: readonly string[]): void {
  connection.write(`${[`HTTP/1.1 ${status}`, 'Content-Type: application/json', ...more].join('\r\n')}\r\n\r\n`);
}

/** Writes as fast as the other side reads, until it closes the connection. */
function pour(connection: Socket, piece: Buffer, most = Infinity, after?: () => void): void {
  let left = most;
  const more = (): void => {
    while (left > 0 && connection.writable) {
      const part = piece.subarray(0, Math.min(left, piece.length));
      left -= part.length;
      if (!connection.write(part)) return void connection.once('drain', more);
    }
    if (left === 0) after?.();
  };
  // The other side closes the connection in the middle.
  connection.on('error', () => undefined);
  more();
}

function filled(text: string): Buffer {
  return Buffer.alloc(pieceBytes, text);
}

/** One chunk of a chunked body. */
function chunk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

/** Writes a byte from time to time, endlessly. */
function trickle(connection: Socket, text: string): void {
  const timer = setInterval(() => connection.write(text), 50);
  connection.on('close', () => clearInterval(timer)).on('error', () => undefined);
}

const redirect = (location: string): ((connection: Socket) => void) => whole('', '302 Found', [`Location: ${location}`]);

export const hostileAnswers: readonly HostileAnswer[] = [
  { name: 'a redirect', kind: 'refusal', send: redirect('http://127.0.0.1:9/x') },
  { name: 'a redirect to an impossible address', kind: 'refusal', send: redirect('gopher://[') },
  { name: 'an unknown status', kind: 'refusal', send: whole('{}', '799 Odd') },
  { name: 'an unknown status of success', kind: 'refusal', send: whole('[]', '299 Odd') },
  { name: 'an endless refusal', kind: 'refusal', send: pourAfter('500 No', '[') },
  { name: 'a refusal of megabytes', kind: 'refusal', send: whole(JSON.stringify({ message: 'x'.repeat(2 * mib) }), '500 No') },
  { name: 'a refusal whose message is not text', kind: 'refusal', send: whole('{"message":{"message":[]}}', '500 No') },
  { name: 'an object', kind: 'body', send: whole('{"message":[null,{"__proto__":7,"constructor":"x"}],"Id":7,"ExitCode":"0"}') },
  { name: 'a number', kind: 'body', send: whole('7') },
  { name: 'null', kind: 'body', send: whole('null') },
  { name: 'lists in lists', kind: 'body', send: whole(`${'['.repeat(20_000)}${']'.repeat(20_000)}`) },
  { name: 'no JSON', kind: 'body', send: whole('<html>Welcome\u0000</html>') },
  { name: 'nothing', kind: 'body', send: whole('') },
  { name: 'an endless body', kind: 'broken', send: pourAfter('200 OK', 'x') },
  { name: 'endless brackets', kind: 'broken', send: pourAfter('200 OK', '[') },
  {
    name: 'a body over the limit',
    kind: 'broken',
    send(connection) {
      begin(connection, '200 OK', `Content-Length: ${tooManyBytes}`);
      pour(connection, filled('['), tooManyBytes);
    },
  },
  { name: 'an early end', kind: 'broken', send: (connection) => void connection.destroy() },
  {
    name: 'an end in the middle',
    kind: 'broken',
    send(connection) {
      begin(connection, '200 OK', 'Content-Length: 1000');
      connection.end('[{"Id":');
    },
  },
  { name: 'no HTTP', kind: 'broken', send: (connection) => void connection.end('SSH-2.0-OpenSSH_9.2p1\r\n') },
  { name: 'bytes', kind: 'broken', send: (connection) => void connection.end(Buffer.from([0, 255, 22, 3, 1, 2, 0, 13, 10, 13, 10])) },
  {
    name: 'two lengths',
    kind: 'broken',
    send: (connection) => void connection.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]'),
  },
  {
    name: 'a chunk of no length',
    kind: 'broken',
    send: (connection) => void connection.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n'),
  },
  {
    name: 'a header of a megabyte',
    kind: 'broken',
    send(connection) {
      connection.on('error', () => undefined);
      connection.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(mib)}\r\n\r\n[]`);
    },
  },
  {
    name: 'endless headers',
    kind: 'broken',
    send(connection) {
      connection.write('HTTP/1.1 200 OK\r\n');
      pour(connection, filled(`X: ${'x'.repeat(60)}\r\n`));
    },
  },
  {
    name: 'another protocol',
    kind: 'broken',
    isSlow: true,
    send: (connection) => void connection.write('HTTP/1.1 101 Up\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
  },
  {
    name: 'endless continue responses',
    kind: 'broken',
    isSlow: true,
    send: (connection) => trickle(connection, 'HTTP/1.1 100 Continue\r\n\r\n'),
  },
  { name: 'no word', kind: 'broken', isSlow: true, send: () => undefined },
  {
    name: 'a slow, endless body',
    kind: 'broken',
    isQuiet: true,
    isSlow: true,
    send(connection) {
      begin(connection);
      trickle(connection, '[');
    },
  },
  {
    name: 'a slow, endless refusal',
    kind: 'refusal',
    isSlow: true,
    send(connection) {
      begin(connection, '500 No');
      trickle(connection, '[');
    },
  },
];

/** Chunked, so that no header announces the length. */
function pourAfter(status: string, text: string): (connection: Socket) => void {
  return (connection) => {
    begin(connection, status, 'Transfer-Encoding: chunked');
    pour(connection, chunk(filled(text)));
  };
}
