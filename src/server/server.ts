import { existsSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import type { ErrorBoundary } from '../util/error-boundary.ts';
import { answersForAnybody, answersForOperators, send } from './answers.ts';
import type { OperatorCalls, Respond, StatusSource } from './answers.ts';
import { askStatus } from './ask.ts';
import { createLiveStreams } from './live.ts';

// In: HTTP requests on the port and the unix socket. Out: snapshot, metrics, page, and answers for operators.

const socketCheckMs = 5000;
/** More connections than operators and scrapers have open. Each costs a descriptor. */
const mostConnections = 200;
const slowestHeadersMs = 5000;

/** A path for the unix socket. `makeRoom` is called before the socket is created. */
export interface SocketPlace {
  readonly path: string;
  readonly makeRoom: () => Promise<void>;
}

/**
 * Serves the status: on a unix socket, in the first place where one can be created, and on TCP unless that is off.
 * @returns a function that stops the server
 * @throws Error with the cure, when an address is in use or another meet-gen answers in one of the places
 */
export async function startStatusServer(
  source: StatusSource,
  operator: OperatorCalls,
  places: readonly SocketPlace[],
  listen: { readonly host: string; readonly port: number } | 'off',
  hostNames: readonly string[],
  boundary: ErrorBoundary,
): Promise<() => Promise<void>> {
  await Promise.all(places.map(({ path }) => refuseSecond(path)));
  const live = createLiveStreams(source.onChange, boundary);
  const closeSocket = await keepFirstSocket(answersForOperators(source, operator, live), places, boundary);
  try {
    const tcp =
      listen === 'off'
        ? undefined
        : await open(answersForAnybody(source, hostNames, live), listen, boundary).catch((error: unknown) =>
            closeSocket().then(() => Promise.reject(error as Error)),
          );
    return async () => {
      await Promise.all([closeSocket(), tcp === undefined ? undefined : close(tcp)]);
    };
  } catch (cause) {
    const where = listen === 'off' ? 'the socket' : `${listen.host}:${listen.port}`;
    if ((cause as NodeJS.ErrnoException).code === 'EADDRINUSE')
      throw new Error(`${where} is taken already; name another address with --listen, or off`, { cause });
    throw new Error(`the status server can't be opened (${where}): ${(cause as Error).message}`, { cause });
  }
}

/** Tries all places: the root may be read-only, a file system full, or a path too long for a socket. */
async function keepFirstSocket(respond: Respond, places: readonly SocketPlace[], boundary: ErrorBoundary): Promise<() => Promise<void>> {
  const failures: string[] = [];
  for (const { path, makeRoom } of places) {
    try {
      await makeRoom();
      await rm(path, { force: true });
      return await keepSocket(respond, path, boundary);
    } catch (error) {
      failures.push(`${path}: ${(error as Error).message}`);
    }
  }
  throw new Error(`the status socket can't be opened: ${failures.join('; ')}`);
}

/** Serves on a unix socket, and creates it again after its directory was removed. @returns a function that stops it */
async function keepSocket(respond: Respond, socketPath: string, boundary: ErrorBoundary): Promise<() => Promise<void>> {
  const openSocket = async (): Promise<Server> => {
    const opened = await open(respond, { path: socketPath }, boundary);
    await chmod(socketPath, 0o600);
    return opened;
  };
  let server = await openSocket();
  const reopen = async (): Promise<void> => {
    if (existsSync(socketPath) || !existsSync(dirname(socketPath))) return;
    await close(server);
    server = await openSocket();
  };
  let checking: Promise<void> = Promise.resolve();
  const check = (): Promise<void> => (checking = checking.then(() => boundary.attempt('the status socket', reopen)));
  const timer = setInterval(() => void check(), socketCheckMs);
  return async () => {
    clearInterval(timer);
    await checking;
    await close(server);
    await rm(socketPath, { force: true });
  };
}

/** A socket file remains after a killed process. A socket that answers belongs to a running process. */
async function refuseSecond(socketPath: string): Promise<void> {
  if ((await askStatus(socketPath, '/healthz', 1000)) !== undefined)
    throw new Error(
      `another meet-gen is publishing into this directory already (it answers on ${socketPath}); stop that meet-gen, or start this one with another --out`,
    );
}

function open(respond: Respond, where: { path: string } | { host: string; port: number }, boundary: ErrorBoundary): Promise<Server> {
  const server = createServer({ headersTimeout: slowestHeadersMs }, (incoming, outgoing) => {
    void boundary.attempt(`answering ${requestName(incoming)}`, async () => answer(incoming, outgoing, respond));
  });
  server.maxConnections = mostConnections;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      // A connection that could not be accepted, perhaps because no descriptor is free.
      server.on('error', (error) => boundary.failed('the status server', error));
      server.on('connection', () => boundary.worked('the status server'));
      resolve(server);
    });
  });
}

/** An error in a request costs that request alone. */
function answer(incoming: IncomingMessage, outgoing: ServerResponse, respond: Respond): void {
  try {
    send(outgoing, respond(incoming));
  } catch (error) {
    sayFailed(outgoing, error);
    throw error;
  }
}

function sayFailed(outgoing: ServerResponse, error: unknown): void {
  try {
    if (!outgoing.headersSent) return send(outgoing, { status: 500, body: { error: String(error) } });
  } catch {
    // The header is written already, so the connection ends.
  }
  outgoing.destroy();
}

const knownPaths: ReadonlySet<string> = new Set([
  '/',
  '/live',
  '/healthz',
  '/readyz',
  '/status',
  '/metrics',
  '/explain',
  '/drain',
  '/drain/cancel',
]);

/** A known path: a client must not fill the log with names of its own. */
function requestName({ url = '/' }: IncomingMessage): string {
  const path = url.split('?')[0] ?? '/';
  return knownPaths.has(path) ? path : 'another path';
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
