import { rename, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { answerCommand, answerOf, commandedContainer, killedContainer, messageBody, refuseVersion } from './answer.ts';
import type { FakeAnswer, FakeApi, FakeQuestion } from './answer.ts';
import { createDelivery } from './event-delivery.ts';
import { readFilters } from './event.ts';
import type { FakeEvent } from './event.ts';
import { kinds, passesFiltersOf, toldAs } from './kind.ts';
import type { FakeKind } from './kind.ts';
import { createFaults } from './faults.ts';
import type { FaultKind, Faults } from './faults.ts';
import { signedAnswer, signedLine, signedStreamHead } from './reader-signature.ts';
import { passesTypes } from './swarm.ts';
import { answerRaw, createRawSwarm } from './raw-swarm.ts';
import type { RawSwarm } from './raw-swarm.ts';
import type { FakeSwarm } from './swarm.ts';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

/** A received call. */
interface FakeCall extends FakeQuestion {
  readonly headers: IncomingHttpHeaders;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** A complete answer that was sent. Times are those of `performance.now()`. */
interface FakeAnswered {
  readonly path: string;
  /** Head and body. */
  readonly bytes: number;
  /** When the call was received. */
  readonly fromMs: number;
  /** When the last byte was written to the socket. */
  readonly untilMs: number;
}

/** A fake Docker engine: the API on a unix socket as far as meet-gen uses it, with the test's containers and faults. */
export interface FakeEngine {
  /** For `--docker-host`. */
  readonly host: string;
  readonly socketPath: string;
  readonly world: World;
  /** Answers `/services` and `/tasks`, if they are set and `swarm` isn't. */
  readonly rawSwarm: RawSwarm;
  readonly faults: Faults;
  /** The swarm that the engine manages: with one, `/services` and `/tasks` work, and services and nodes have events. */
  swarm: FakeSwarm | undefined;
  /** The secret of a reader. With one, the answers are signed. */
  secret: Buffer | undefined;
  /** More headers of a reader's answers. They replace its own. */
  readerHeaders: Readonly<Record<string, string>>;
  readonly calls: readonly FakeCall[];
  /** The answered calls, without event streams. */
  readonly answered: readonly FakeAnswered[];
  /** The API versions that it supports. Tests change them in place. */
  api: FakeApi;
  /** Whether commands in containers can be run. All of them succeed, without output. */
  runsCommands: boolean;
  /** Called with the name or id of the container in which a command begins. */
  onCommand: (container: string) => void;
  /** More headers of the ping, which identify the engine. */
  pingHeaders: Readonly<Record<string, string>>;
  /** Answers as another engine from now on. */
  behaveAs(kind: FakeKind): void;
  listCalls(): readonly FakeCall[];
  /** The received `kill` calls. `name` is the path's. */
  killCalls(): readonly (FakeCall & { readonly name: string })[];
  eventStreams(): number;
  /** The number of events written into streams so far. */
  sentEvents(): number;
  /** Ends every event stream in the middle of the body. */
  cutEventStreams(): void;
  /** Writes any text into every event stream. */
  writeToEventStreams(line: string): void;
  /** Stops listening. A killed engine leaves its socket file; a stopped engine leaves nothing. */
  goAway(leaving?: 'socket file' | 'nothing'): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts a fake engine.
 * @param socketPath at most 107 bytes
 */
export async function startFakeEngine(socketPath: string): Promise<FakeEngine> {
  const world = createWorld();
  const swarmListeners = new Set<(event: FakeEvent) => void>();
  const rawSwarm = createRawSwarm(swarmListeners);
  const faults = createFaults();
  const calls: FakeCall[] = [];
  const answered: FakeAnswered[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const streams = new Set<ServerResponse>();
  let sentEvents = 0;
  let server: Server | undefined;

  const later = (delayMs: number, run: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, delayMs);
    timers.add(timer);
  };

  const streamEvents = ({ query, headers }: FakeCall, response: ServerResponse, fault: FaultKind | undefined): void => {
    const filters = readFilters(query.get('filters'));
    const { secret, swarm, readerHeaders } = engine;
    let lines = 0;
    const lineOf = (event: FakeEvent): string => {
      const json = JSON.stringify(event);
      return secret === undefined ? json : signedLine(secret, headers, lines++, json);
    };
    response.writeHead(200, {
      'content-type': 'application/json',
      ...(secret === undefined ? {} : signedStreamHead(secret, headers)),
      ...readerHeaders,
    });
    response.flushHeaders();
    if (fault?.do === 'cut') return void response.destroy();
    streams.add(response);
    const deliver = createDelivery(
      fault,
      (event) => {
        sentEvents += 1;
        writeInPieces(response, `${lineOf(event)}\n`, fault);
      },
      later,
    );
    const say = (event: FakeEvent): void => {
      if (passesFiltersOf(world.kind, event, filters)) deliver(toldAs(event));
    };
    const since = query.get('since');
    if (since !== null) for (const event of world.eventsSince(Number(since))) say(event);
    const unsubscribe = world.subscribe(say);
    const leave = swarm?.subscribe((event) => void (passesTypes(event, filters) && deliver(event)));
    swarmListeners.add(say);
    response.on('close', () => {
      streams.delete(response);
      swarmListeners.delete(say);
      unsubscribe();
      leave?.();
    });
  };

  const respond = (call: FakeCall, response: ServerResponse, fault: FaultKind | undefined): void => {
    if (fault?.do === 'hang') return;
    if (fault?.do === 'drop') return void response.destroy();
    if (fault?.do === 'raw') return response.socket === null ? undefined : fault.send(response.socket);
    if (fault?.do === 'delay') return later(fault.ms, () => respond(call, response, undefined));
    if (fault?.do === 'meanwhile') return void Promise.resolve(fault.run()).then(() => respond(call, response, undefined));
    if (fault?.do === 'status') {
      if (fault.location !== undefined) response.setHeader('location', fault.location);
      return sendAnswer(response, { status: fault.status, body: messageBody(fault.message ?? 'made to fail') }, undefined, later);
    }
    const isStream = call.method === 'GET' && call.path === '/events' && refuseVersion(engine.api, call.version) === undefined;
    if (isStream) return streamEvents(call, response, fault);
    const ofCommand = engine.runsCommands ? answerCommand(call) : undefined;
    if (ofCommand !== undefined && fault === undefined) {
      const container = commandedContainer(call);
      if (container !== undefined) engine.onCommand(container);
      return sendAnswer(response, ofCommand, undefined, later);
    }
    const ofRaw = engine.swarm === undefined ? answerRaw(engine.rawSwarm, call) : undefined;
    const ofSwarm = ofRaw ?? answerOfManager(call, engine);
    const answer =
      fault?.do === 'body' ? { status: 200, body: fault.body } : (ofSwarm ?? answerOf(world, engine.api, call, engine.pingHeaders));
    if (fault?.do === 'late') return void fault.until.then(() => sendAnswer(response, answer, undefined, later));
    sendAnswer(response, answer, fault, later);
  };

  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? '/', 'http://engine');
    const call: FakeCall = {
      method: request.method ?? '',
      path: url.pathname.replace(versionPattern, ''),
      version: versionPattern.exec(url.pathname)?.[1],
      query: url.searchParams,
      headers: request.headers,
      atMs: Date.now(),
    };
    calls.push(call);
    const fromMs = performance.now();
    const { socket } = request;
    const before = socket.bytesWritten;
    response.on('finish', () =>
      answered.push({ path: call.path, bytes: socket.bytesWritten - before, fromMs, untilMs: performance.now() }),
    );
    request.resume();
    respond(call, response, faults.take(call.method, call.path, call.query.get('filters') ?? ''));
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

  const engine: FakeEngine = {
    host: `unix://${socketPath}`,
    socketPath,
    world,
    rawSwarm,
    faults,
    swarm: undefined,
    secret: undefined,
    readerHeaders: {},
    calls,
    answered,
    api: { min: '1.24', max: '1.45' },
    runsCommands: false,
    onCommand: () => undefined,
    pingHeaders: {},
    behaveAs(kind) {
      const { api, pingHeaders } = kinds[kind];
      Object.assign(engine, { api, pingHeaders });
      world.kind = kind;
    },
    listCalls: () => calls.filter((call) => call.path === '/containers/json'),
    killCalls: () =>
      calls.flatMap((call) => {
        const name = killedContainer(call);
        return name === undefined ? [] : [{ ...call, name }];
      }),
    eventStreams: () => streams.size,
    sentEvents: () => sentEvents,
    cutEventStreams() {
      for (const stream of streams) stream.destroy();
    },
    writeToEventStreams(line) {
      for (const stream of streams) stream.write(line);
    },
    async goAway(leaving = 'nothing') {
      // Node removes the socket file when it closes. The file is moved away for that moment: it stays, and refuses
      // connections.
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
  await listen();
  return engine;
}

/** The answer of a manager, or of the reader before it; undefined for any other call. */
function answerOfManager(
  { method, path, headers }: FakeCall,
  { swarm, secret, readerHeaders }: Pick<FakeEngine, 'swarm' | 'secret' | 'readerHeaders'>,
): FakeAnswer | undefined {
  if (method !== 'GET' || (path !== '/services' && path !== '/tasks')) return undefined;
  if (swarm === undefined) return { status: 503, body: messageBody('This node is not a swarm manager.') };
  const answer = { status: 200, body: path === '/services' ? swarm.services() : swarm.tasks() };
  if (secret === undefined) return answer;
  const signed = signedAnswer(secret, path, headers, answer);
  return { ...signed, headers: { ...signed.headers, ...readerHeaders } };
}

const versionPattern = /^\/v(\d+\.\d+)(?=\/)/;

type Later = (delayMs: number, run: () => void) => void;

function sendAnswer(response: ServerResponse, { status, body, headers }: FakeAnswer, fault: FaultKind | undefined, later: Later): void {
  const length = status === 204 || status === 304 ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, { ...length, ...headers });
  if (fault?.do === 'cut') return void response.write(body.slice(0, Math.ceil(body.length / 2)), () => response.destroy());
  if (fault?.do === 'trickle') return trickle(response, Buffer.from(body), fault, later);
  writeInPieces(response, body, fault);
  response.end();
}

function trickle(response: ServerResponse, bytes: Buffer, fault: FaultKind & { do: 'trickle' }, later: Later): void {
  if (response.destroyed) return;
  response.write(bytes.subarray(0, fault.bytes));
  const rest = bytes.subarray(fault.bytes);
  if (rest.length === 0) response.end();
  else later(fault.everyMs, () => trickle(response, rest, fault, later));
}

function writeInPieces(response: ServerResponse, text: string, fault: FaultKind | undefined): void {
  if (text === '') return;
  if (fault?.do !== 'split') return void response.write(text);
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += fault.bytes) response.write(bytes.subarray(from, from + fault.bytes));
}
