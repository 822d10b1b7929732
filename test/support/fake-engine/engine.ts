import { rename, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { passesFilters, readFilters } from './event.ts';
import type { FakeEvent } from './event.ts';
import { createFaults } from './faults.ts';
import type { FaultKind, Faults } from './faults.ts';
import { createWorld, signalNumbers } from './world.ts';
import type { FakeSignal, World } from './world.ts';

/** A call that came in, whatever became of it. */
interface FakeCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** A Docker engine's API on a unix socket, as far as meet-gen uses it, whose containers and faults a test decides. */
export interface FakeEngine {
  /** For `--docker-host`. */
  readonly host: string;
  readonly socketPath: string;
  readonly world: World;
  readonly faults: Faults;
  readonly calls: readonly FakeCall[];
  listCalls(): readonly FakeCall[];
  /** The signals asked for, `name` as in the path. */
  killCalls(): readonly (FakeCall & { readonly name: string })[];
  eventStreams(): number;
  /** Ends every event stream in the middle. */
  cutEventStreams(): void;
  /** Writes a line, whatever it is, into every event stream. */
  sayOnEventStreams(line: string): void;
  /** Nobody answers any more; `leaving` the socket file as a killed engine does, or not. */
  goAway(leaving?: 'socket file' | 'nothing'): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * Starts a fake engine.
 * @param socketPath at most 107 bytes
 */
export async function startFakeEngine(socketPath: string): Promise<FakeEngine> {
  const world = createWorld();
  const faults = createFaults();
  const calls: FakeCall[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const streams = new Set<ServerResponse>();
  let server: Server | undefined;

  const later = (delayMs: number, run: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, delayMs);
    timers.add(timer);
  };

  const streamEvents = (response: ServerResponse, query: URLSearchParams, fault: FaultKind | undefined): void => {
    const filters = readFilters(query.get('filters'));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (fault?.do === 'cut') return void response.destroy();
    streams.add(response);
    const say = (event: FakeEvent): void => {
      if (fault?.do !== 'half-open' && passesFilters(event, filters)) writeInPieces(response, `${JSON.stringify(event)}\n`, fault);
    };
    const since = query.get('since');
    if (since !== null) for (const event of world.eventsSince(Number(since))) say(event);
    const unsubscribe = world.subscribe(say);
    response.on('close', () => {
      streams.delete(response);
      unsubscribe();
    });
  };

  const respond = (call: FakeCall, response: ServerResponse, fault: FaultKind | undefined): void => {
    if (fault?.do === 'hang') return;
    if (fault?.do === 'drop') return void response.destroy();
    if (fault?.do === 'delay') return later(fault.ms, () => respond(call, response, undefined));
    if (fault?.do === 'status')
      return sendAnswer(response, { status: fault.status, body: messageBody(fault.message ?? 'made to fail') }, undefined);
    if (call.method === 'GET' && call.path === '/events') return streamEvents(response, call.query, fault);
    sendAnswer(response, fault?.do === 'body' ? { status: 200, body: fault.body } : answer(world, call), fault);
  };

  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? '/', 'http://engine');
    const call: FakeCall = {
      method: request.method ?? '',
      path: url.pathname.replace(/^\/v\d+\.\d+(?=\/)/, ''),
      query: url.searchParams,
      atMs: Date.now(),
    };
    calls.push(call);
    request.resume();
    respond(call, response, faults.take(call.method, call.path));
  };

  const listen = async (): Promise<void> => {
    const fresh = createServer(take);
    await new Promise<void>((resolve, reject) => {
      fresh.once('error', reject);
      fresh.listen(socketPath, resolve);
    });
    server = fresh;
  };

  const stop = async (): Promise<void> => {
    const old = server;
    server = undefined;
    if (old === undefined) return;
    const closed = new Promise((resolve) => old.close(resolve));
    old.closeAllConnections();
    for (const stream of streams) stream.destroy();
    await closed;
  };

  await listen();
  return {
    host: `unix://${socketPath}`,
    socketPath,
    world,
    faults,
    calls,
    listCalls: () => calls.filter((call) => call.path === '/containers/json'),
    killCalls: () =>
      calls.flatMap((call) => {
        const name = killPattern.exec(call.path)?.[1];
        return call.method === 'POST' && name !== undefined ? [{ ...call, name: decodeURIComponent(name) }] : [];
      }),
    eventStreams: () => streams.size,
    cutEventStreams() {
      for (const stream of streams) stream.destroy();
    },
    sayOnEventStreams(line) {
      for (const stream of streams) stream.write(line);
    },
    async goAway(leaving = 'nothing') {
      // Node removes the socket file when it closes; moved aside for that moment it survives, and refuses.
      if (leaving === 'socket file') await rename(socketPath, `${socketPath}.kept`);
      await stop();
      if (leaving === 'socket file') await rename(`${socketPath}.kept`, socketPath);
    },
    async comeBack() {
      await rm(socketPath, { force: true });
      await listen();
    },
    async close() {
      for (const timer of timers) clearTimeout(timer);
      await stop();
    },
  };
}

const killPattern = /^\/containers\/([^/]+)\/kill$/;

function answer(world: World, { method, path, query }: FakeCall): Answer {
  if (method === 'GET' && path === '/_ping') return { status: 200, body: 'OK' };
  if (method === 'GET' && path === '/version') return { status: 200, body: JSON.stringify({ Version: '26.1.5', ApiVersion: '1.45' }) };
  if (method === 'GET' && path === '/containers/json')
    return { status: 200, body: JSON.stringify(world.list(readFilters(query.get('filters')))) };
  const name = killPattern.exec(path)?.[1];
  if (method === 'POST' && name !== undefined) return answerKill(world, decodeURIComponent(name), query.get('signal') ?? 'KILL');
  return { status: 404, body: messageBody('page not found') };
}

function answerKill(world: World, name: string, signalText: string): Answer {
  const signal = signalText.replace(/^SIG/, '');
  if (!isSignal(signal)) return { status: 400, body: messageBody(`Invalid signal: ${signalText}`) };
  const answers = {
    unknown: { status: 404, body: messageBody(`No such container: ${name}`) },
    'not running': { status: 409, body: messageBody(`cannot kill container: ${name}: container is not running`) },
    done: { status: 204, body: '' },
  };
  return answers[world.kill(name, signal)];
}

function isSignal(text: string): text is FakeSignal {
  return Object.hasOwn(signalNumbers, text);
}

function messageBody(message: string): string {
  return JSON.stringify({ message });
}

function sendAnswer(response: ServerResponse, { status, body }: Answer, fault: FaultKind | undefined): void {
  const head = status === 204 ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, head);
  if (fault?.do === 'cut') return void response.write(body.slice(0, Math.ceil(body.length / 2)), () => response.destroy());
  writeInPieces(response, body, fault);
  response.end();
}

function writeInPieces(response: ServerResponse, text: string, fault: FaultKind | undefined): void {
  if (text === '') return;
  if (fault?.do !== 'split') return void response.write(text);
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += fault.bytes) response.write(bytes.subarray(from, from + fault.bytes));
}
