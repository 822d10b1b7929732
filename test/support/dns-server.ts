import { createSocket } from 'node:dgram';

/** An answer: addresses, or a failure. */
type DnsAnswer = readonly string[] | 'unknown name' | 'failure' | 'silence';

/** A DNS server with real packets, for IPv4 addresses alone. */
export interface DnsServer {
  readonly port: number;
  /** The answers by name. A name without an answer is unknown. Tests change them in place. */
  readonly answers: Map<string, DnsAnswer>;
  /** By name, answers that a name gets in turn, again and again. */
  readonly turns: Map<string, readonly DnsAnswer[]>;
  /** The names asked for so far. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

const responseCodes = { 'unknown name': 3, failure: 2 } as const;
const typeA = 1;

export async function startDnsServer(address: string): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const answers = new Map<string, DnsAnswer>();
  const turns = new Map<string, readonly DnsAnswer[]>();
  const asked: string[] = [];
  socket.on('message', (packet, sender) => {
    const { name, type, end } = readQuestion(packet);
    const inTurn = turns.get(name) ?? [];
    const answer = inTurn[asked.filter((earlier) => earlier === name).length % inTurn.length] ?? answers.get(name) ?? 'unknown name';
    asked.push(name);
    if (answer === 'silence') return;
    const code = typeof answer === 'string' ? responseCodes[answer] : 0;
    const addresses = typeof answer === 'string' || type !== typeA ? [] : answer;
    socket.send(answerPacket(packet.subarray(0, end), code, addresses), sender.port, sender.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  return {
    port: socket.address().port,
    answers,
    turns,
    asked,
    close: () => new Promise((resolve) => void socket.close(resolve)),
  };
}

const headBytes = 12;

/** RFC 1035, section 4.1.2. */
function readQuestion(packet: Buffer): { readonly name: string; readonly type: number; readonly end: number } {
  const labels: string[] = [];
  let at = headBytes;
  for (let length = packet[at] ?? 0; length > 0; length = packet[at] ?? 0) {
    labels.push(packet.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: packet.readUInt16BE(at + 1), end: at + 5 };
}

function answerPacket(question: Buffer, code: number, addresses: readonly string[]): Buffer {
  const head = Buffer.from(question);
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(addresses.length, 6);
  head.writeUInt32BE(0, 8);
  const records = addresses.map((address) => {
    const record = Buffer.alloc(16);
    // The name is that of the question; type A, class IN, valid for no time, four bytes.
    record.writeUInt16BE(0xc000 | headBytes, 0);
    record.writeUInt16BE(typeA, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt16BE(4, 10);
    Buffer.from(address.split('.').map(Number)).copy(record, 12);
    return record;
  });
  return Buffer.concat([head, ...records]);
}
