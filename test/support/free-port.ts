import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { randomInt } from 'node:crypto';

// Finding a free port isn't enough. The kernel may take the port for an outgoing connection or another `listen(0)`, or
// another test may take it. So ports are chosen below the kernel's range, and claimed while this process lives.

const lowestPort = 10_000;
const usualEphemeralStart = 32_768;
const mostTries = 1_000;

/** A port of this machine that is free for TCP and UDP, and that no other test gets. */
export async function freePort(): Promise<number> {
  const end = ephemeralStart();
  for (let tries = 0; tries < mostTries; tries += 1) {
    const port = randomInt(lowestPort, end);
    // First the claim: a listener on another test's port, even for a moment, would break that test.
    if ((await claim(port)) && (await isFree(port))) return port;
  }
  throw new Error(`No port between ${lowestPort} and ${end} is free.`);
}

function ephemeralStart(): number {
  let start = usualEphemeralStart;
  try {
    start = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0]);
  } catch {
    // On systems other than Linux, the range begins at 32768 or later.
  }
  // If the kernel's range leaves no room below, ports come from the range.
  return start > lowestPort ? start : usualEphemeralStart;
}

/** Claims a port by listening on an abstract socket. The kernel gives each name once, and frees it with the process. */
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
