import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { randomInt } from 'node:crypto';

// A port that is only found free may be taken before its user listens on it: by the kernel, for an outgoing connection or for
// another `listen(0)`, or by another test. So ports come from below the range that the kernel chooses from, and each is
// claimed for as long as this process lives.

const lowestPort = 10_000;
const usualEphemeralStart = 32_768;
const mostTries = 1_000;

/** A port of this machine that is free for TCP and UDP, and that no other test gets. */
export async function freePort(): Promise<number> {
  const end = ephemeralStart();
  for (let tries = 0; tries < mostTries; tries += 1) {
    const port = randomInt(lowestPort, end);
    // In this order: trying a port that is another test's would be in the way of its listener.
    if ((await claim(port)) && (await isFree(port))) return port;
  }
  throw new Error(`No port between ${lowestPort} and ${end} is free.`);
}

function ephemeralStart(): number {
  let start = usualEphemeralStart;
  try {
    start = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0]);
  } catch {
    // Not Linux: there the range begins at 32768 or later.
  }
  // Where the kernel's range leaves no room, ports come from it, too.
  return start > lowestPort ? start : usualEphemeralStart;
}

/** Claims a port by listening on an abstract socket of its name: the kernel gives each name once, and frees it with the process. */
async function claim(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const server = createServer();
  server.unref();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(`\0meet-gen-test-port-${port}`, () => resolve(true));
  });
}

async function isFree(port: number): Promise<boolean> {
  return (await isFreeForTcp(port)) && (await isFreeForUdp(port));
}

function isFreeForTcp(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function isFreeForUdp(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.once('error', () => socket.close(() => resolve(false)));
    socket.bind({ port, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}
