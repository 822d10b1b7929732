import { existsSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import type { Listen } from '../options.ts';
import type { StatusSnapshot } from './snapshot.ts';

/** What the server answers from; asked at every request. */
export interface StatusSource {
  /** The loop turns. */
  healthy(): boolean;
  snapshot(): StatusSnapshot;
  /** What Prometheus reads. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** What an operator may do and ask over the unix socket, and nobody over TCP. */
export interface OperatorDesk {
  /** Takes them out, or tells how far they are. @throws Error that says why not, for the operator to read */
  drain(containers: readonly string[]): unknown;
  /** @throws Error that says why not, for the operator to read */
  cancelDrain(containers: readonly string[]): unknown;
  /** Who answers a path or a URL. @throws Error that says why it can't be told, for the operator to read */
  explain(target: string, instance: string | undefined): unknown;
}

/** JSON, or a text as it is. */
interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly contentType?: string;
}

/** A socket's path may be this long on Linux (unix(7), sun_path). */
const maxSocketPathLength = 107;
const socketCheckMs = 1000;

/** Where a unix socket can be made; `makeRoom` is called before, for a place that isn't there by itself. */
export interface SocketPlace {
  readonly path: string;
  readonly makeRoom?: () => Promise<void>;
}

/**
 * Serves the status on a unix socket, in the first of the places that takes one, and on TCP unless that is off; read-only.
 * @returns how to stop it
 * @throws Error, with the cure, when an address is taken or another meet-gen answers in one of the places already
 */
export async function startStatusServer(
  source: StatusSource,
  desk: OperatorDesk,
  places: readonly SocketPlace[],
  listen: Listen,
): Promise<() => Promise<void>> {
  await Promise.all(places.map(({ path }) => refuseSecond(path)));
  const answerOperator: Respond = (incoming) => answerDesk(incoming, desk) ?? answer(incoming, source);
  const answerAnybody: Respond = (incoming) => (isOwnHost(incoming.headers.host) ? answer(incoming, source) : wrongHost);
  const closeSocket = await keepFirstSocket(answerOperator, places);
  try {
    const tcp =
      listen === 'off'
        ? undefined
        : await open(answerAnybody, listen).catch((error: unknown) => closeSocket().then(() => Promise.reject(error as Error)));
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

/** Not every file system takes sockets, a full one none at all, and a path can be too long. */
async function keepFirstSocket(respond: Respond, places: readonly SocketPlace[]): Promise<() => Promise<void>> {
  const failures: string[] = [];
  for (const { path, makeRoom } of places) {
    try {
      if (Buffer.byteLength(path) > maxSocketPathLength) throw new Error(`the path is longer than ${maxSocketPathLength} bytes`);
      await makeRoom?.();
      await rm(path, { force: true });
      return await keepSocket(respond, path);
    } catch (error) {
      failures.push(`${path}: ${(error as Error).message}`);
    }
  }
  throw new Error(`the status socket can't be opened: ${failures.join('; ')}`);
}

/** Serves on a unix socket, and makes it again when its directory vanished and came back; returns how to end that. */
async function keepSocket(respond: Respond, socketPath: string): Promise<() => Promise<void>> {
  const openSocket = async (): Promise<Server> => {
    const opened = await open(respond, { path: socketPath });
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
  // What fails now is tried again at the next check.
  const timer = setInterval(() => void (checking = checking.then(reopen).catch(() => undefined)), socketCheckMs);
  return async () => {
    clearInterval(timer);
    await checking;
    await close(server);
    await rm(socketPath, { force: true });
  };
}

/** Asks the meet-gen behind the first of these sockets that answers; undefined when none does. */
export async function askFirst(
  socketPaths: readonly string[],
  path: string,
  timeoutMs: number,
  method: 'GET' | 'POST' = 'GET',
): Promise<{ status: number; body: string } | undefined> {
  for (const socketPath of socketPaths) {
    const answered = await askStatus(socketPath, path, timeoutMs, method);
    if (answered !== undefined) return answered;
  }
  return undefined;
}

/** What to say when none of them answers. */
export function nobodyAnswers(socketPaths: readonly string[]): string {
  return `no meet-gen answers on ${socketPaths[0] ?? 'its socket'}; is it running with this --out?`;
}

function askStatus(
  socketPath: string,
  path: string,
  timeoutMs: number,
  method: 'GET' | 'POST' = 'GET',
): Promise<{ readonly status: number; readonly body: string } | undefined> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path, method, agent: false, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('error', () => resolve(undefined));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on('error', () => resolve(undefined));
    asked.end();
  });
}

/** A socket file outlives a killed process; one that answers belongs to a living one. */
async function refuseSecond(socketPath: string): Promise<void> {
  if ((await askStatus(socketPath, '/healthz', 1000)) !== undefined)
    throw new Error(
      `another meet-gen is publishing into this directory already (it answers on ${socketPath}); stop it, or give this one another --out`,
    );
}

type Respond = (incoming: IncomingMessage) => Answer | Promise<Answer>;

function open(respond: Respond, where: { path: string } | { host: string; port: number }): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    void Promise.resolve(respond(incoming)).then(
      (answered) => send(outgoing, answered),
      (error: unknown) => send(outgoing, { status: 500, body: { error: String(error) } }),
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

/** Against pages that make a browser ask for them under a name of their own (DNS rebinding): only addresses and localhost. */
function isOwnHost(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return name === 'localhost' || isIP(name) !== 0;
}

const wrongHost: Answer = { status: 421, body: { error: 'ask for this server by its address, or as localhost' } };

/** Undefined for what the desk has nothing to do with. */
function answerDesk({ method, url }: IncomingMessage, desk: OperatorDesk): Answer | undefined {
  const { pathname, searchParams } = new URL(url ?? '/', 'http://socket');
  const containers = searchParams.getAll('container');
  const acts = {
    'POST /drain': () => ({ containers: desk.drain(containers) }),
    'POST /drain/cancel': () => ({ containers: desk.cancelDrain(containers) }),
    'GET /explain': () => desk.explain(searchParams.get('target') ?? '', searchParams.get('instance') ?? undefined),
  };
  const act = acts[`${method} ${pathname}` as keyof typeof acts];
  if (act === undefined) return undefined;
  try {
    return { status: 200, body: act() };
  } catch (error) {
    return { status: 409, body: { error: error instanceof Error ? error.message : String(error) } };
  }
}

async function answer(incoming: IncomingMessage, source: StatusSource): Promise<Answer> {
  if (incoming.method !== 'GET' && incoming.method !== 'HEAD') return { status: 405, body: { error: 'this server is read-only: use GET' } };
  switch (incoming.url?.split('?')[0]) {
    case '/healthz': {
      const healthy = source.healthy();
      return { status: healthy ? 200 : 503, body: { healthy } };
    }
    case '/readyz': {
      const { ready } = source.snapshot();
      return { status: ready ? 200 : 503, body: { ready } };
    }
    case '/status':
      return { status: 200, body: source.snapshot() };
    case '/metrics': {
      const { contentType, text } = await source.metrics();
      return { status: 200, body: text, contentType };
    }
    default:
      return { status: 404, body: { error: 'there is /healthz, /readyz, /status and /metrics' } };
  }
}

function send(outgoing: ServerResponse, { status, body, contentType }: Answer): void {
  const text = contentType === undefined ? `${JSON.stringify(body)}\n` : String(body);
  outgoing.writeHead(status, {
    'content-type': contentType ?? 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  outgoing.end(outgoing.req.method === 'HEAD' ? undefined : text);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
