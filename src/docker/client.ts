import type { IncomingMessage } from 'node:http';
import { Agent, globalAgent } from 'node:https';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text as readText } from 'node:stream/consumers';
import Docker from 'dockerode';
import { nowMs } from '../clock.ts';
import { startDeadline } from '../deadline.ts';
import type { Container } from '../model/container.ts';
import { watchedContainerActions, watchedNetworkActions } from '../model/engine-event.ts';
import type { EngineEvent } from '../model/engine-event.ts';
import { networkOwnerOf } from '../model/network-owner.ts';
import { parseEngineName } from '../model/nginx-token.ts';
import { containersFromEngine } from './container-from-engine.ts';
import type { DockerHost } from './docker-host.ts';
import { EngineError, explainEngineFailure } from './engine-error.ts';
import type { EngineCall } from './engine-error.ts';
import { eventFromEngine } from './event-from-engine.ts';
import { noHandshake, readHandshake } from './handshake.ts';
import type { Handshake } from './handshake.ts';

/** The few calls that meet-gen makes to an engine. Each has a deadline and fails with an EngineError. */
export interface EngineClient {
  /**
   * All containers with `meet.role`, in any state, or those with these ids: one `GET /containers/json`, no inspect. Only where one of
   * them uses the network of another that isn't among them, that one is asked for as well, by its id.
   */
  list(signal: AbortSignal, ids?: readonly string[]): Promise<readonly Container[]>;
  /**
   * Subscribes to `GET /events`, from a past moment on (the engine remembers 256 events); the promise is kept once the
   * engine has answered, so a list begun after it misses nothing. Asks the engine first for the API that it knows.
   */
  subscribe(sinceMs: number, signal: AbortSignal): Promise<AsyncIterable<EngineEvent>>;
  /** `POST /containers/<name>/kill?signal=HUP`; by name, since socket proxies filter by it. */
  signalHup(container: ContainerName, signal: AbortSignal): Promise<void>;
  /**
   * Runs a command in a container as its own user, to its end: `POST /containers/<name>/exec`, `POST /exec/<id>/start`,
   * `GET /exec/<id>/json`.
   */
  exec(container: ContainerName, command: readonly string[], limitMs: number, signal: AbortSignal): Promise<ExecResult>;
  /**
   * What a container has written since a moment of ours, `GET /containers/<name>/logs`: of its last 5,000 lines, the first 4 MiB.
   * The engine counts the lines before it looks at the time, and nginx may log thousands of requests a second.
   */
  logs(container: ContainerName, sinceMs: number, signal: AbortSignal): Promise<string>;
  /** Any other question: a GET, and the whole body of its answer. */
  get(question: EngineQuestion, signal: AbortSignal): Promise<Buffer>;
}

interface EngineQuestion {
  /** In words. */
  readonly what: string;
  /** Without the API's version; foreign text in it has been through a grammar. */
  readonly path: string;
  readonly query: object;
  /** A longer answer is a failure. */
  readonly maxBytes: number;
}

interface ContainerName {
  readonly id: string;
  readonly name: string;
}

interface ExecResult {
  readonly code: number;
  /** Standard output and standard error, cut where it gets too long. */
  readonly output: string;
}

const readDeadlineMs = 10_000;
/** Shorter: a frontend waits for it, and it can be sent again. */
const signalDeadlineMs = 2000;
const logsDeadlineMs = 2000;
const maxOutputBytes = 65_536;
const maxLogLines = 5000;
const maxLogBytes = 4 * 1024 ** 2;

/**
 * Connects nothing yet: the first call does.
 * @param onRequest hears of every call, by the path of the engine's API
 */
export function createEngineClient(host: DockerHost, onRequest: (endpoint: string) => void = () => undefined): EngineClient {
  const docker = withoutDockerVariables(() => new Docker(connectionOptions(host)));
  const explain =
    (call: EngineCall) =>
    async (cause: unknown): Promise<never> =>
      Promise.reject(await explainEngineFailure(call, host, cause));
  // Every path gets it in front.
  const modem = docker.modem as unknown as { version?: string | undefined };
  let known: Handshake | undefined;

  const named = (container: ContainerName): Docker.Container => docker.getContainer(referenceOf(container));

  const shakeHands = async (signal: AbortSignal): Promise<Handshake> => {
    modem.version = undefined;
    onRequest('/_ping');
    const handshake = await ping(docker, signal);
    modem.version = handshake.version;
    known = handshake;
    return handshake;
  };

  const listBy = async (filters: Filters, signal: AbortSignal): Promise<readonly Container[]> => {
    onRequest('/containers/json');
    const answer = await abortable(openList(docker, filters, signal).then(readText), signal);
    return containersFromEngine(parseAnswer(answer));
  };

  return {
    async list(signal, ids) {
      const deadline = startDeadline(readDeadlineMs, signal);
      try {
        if (known === undefined) await shakeHands(deadline.signal);
        const listed = await listBy(ids === undefined ? { label: ['meet.role'] } : { id: ids }, deadline.signal);
        const owners = missingOwners(listed);
        const all = owners.length === 0 ? listed : [...listed, ...(await listBy({ id: owners }, deadline.signal))];
        deadline.done();
        return all;
      } catch (cause) {
        deadline.end();
        // An engine that was replaced may not know the API any more.
        if ((cause as { statusCode?: unknown }).statusCode === 400) known = undefined;
        return await explain({ what: 'listing containers', request: 'GET /containers/json' })(cause);
      }
    },
    async subscribe(sinceMs, signal) {
      const filters = { type: ['container' as const, 'network' as const], event: [...watchedContainerActions, ...watchedNetworkActions] };
      // The limit is for the answer's beginning; the stream itself lives as long as the signal.
      const deadline = startDeadline(readDeadlineMs, signal);
      try {
        const { clockAheadMs } = await shakeHands(deadline.signal);
        const options = { filters, abortSignal: deadline.signal, since: (sinceMs + clockAheadMs) / 1000 };
        onRequest('/events');
        const stream = await abortable(docker.getEvents(options), deadline.signal);
        deadline.lift();
        return readEvents(stream as Readable, clockAheadMs, deadline.end);
      } catch (cause) {
        deadline.end();
        return await explain({ what: 'subscribing to events', request: 'GET /events' })(cause);
      }
    },
    async signalHup(container, signal) {
      const deadline = startDeadline(signalDeadlineMs, signal);
      try {
        const { signal: abortSignal } = deadline;
        onRequest('/containers/{id}/kill');
        await abortable(named(container).kill({ signal: 'HUP', abortSignal }), abortSignal);
        deadline.done();
      } catch (cause) {
        deadline.end();
        await explain({ what: `signalling ${container.name}`, request: `POST /containers/${container.name}/kill` })(cause);
      }
    },
    async exec(container, command, limitMs, signal) {
      const deadline = startDeadline(limitMs, signal);
      const { signal: abortSignal } = deadline;
      try {
        const options = { Cmd: [...command], AttachStdout: true, AttachStderr: true, abortSignal };
        onRequest('/containers/{id}/exec');
        const started = await abortable(named(container).exec(options), abortSignal);
        onRequest('/exec/{id}/start');
        const stream = await abortable(started.start({ abortSignal }), abortSignal);
        const output = readFrames(await abortable(readBytes(stream, maxOutputBytes), abortSignal));
        onRequest('/exec/{id}/json');
        const { ExitCode: code } = await abortable(started.inspect({ abortSignal }), abortSignal);
        return { code: code ?? -1, output };
      } catch (cause) {
        return await explain({ what: `running a command in ${container.name}`, request: `POST /containers/${container.name}/exec` })(cause);
      } finally {
        deadline.end();
      }
    },
    async logs(container, sinceMs, signal) {
      const deadline = startDeadline(logsDeadlineMs, signal);
      const { signal: abortSignal } = deadline;
      const since = ((sinceMs + (known?.clockAheadMs ?? 0)) / 1000).toFixed(3);
      const path = `/containers/${referenceOf(container)}/logs?`;
      try {
        onRequest('/containers/{id}/logs');
        const question = { stdout: true, stderr: true, tail: maxLogLines, since };
        const stream = await abortable(openGet(docker, path, question, abortSignal), abortSignal);
        return readFrames(await abortable(readBytes(stream, maxLogBytes), abortSignal));
      } catch (cause) {
        return await explain({ what: `reading the log of ${container.name}`, request: `GET /containers/${container.name}/logs` })(cause);
      } finally {
        deadline.end();
      }
    },
    async get({ what, path, query, maxBytes }, signal) {
      const deadline = startDeadline(readDeadlineMs, signal);
      try {
        if (known === undefined) await shakeHands(deadline.signal);
        const answer = await openGet(docker, `${path}?`, query, deadline.signal);
        return await abortable(readWhole(answer, maxBytes), deadline.signal);
      } catch (cause) {
        return await explain({ what, request: `GET ${path}` })(cause);
      } finally {
        deadline.end();
      }
    },
  };
}

/** dockerode reads the environment too, puts it under our options and fails on a bad one; the options have been read already. */
function withoutDockerVariables<Result>(create: () => Result): Result {
  const hidden = Object.entries(process.env).filter(([name]) => name.startsWith('DOCKER_'));
  for (const [name] of hidden) delete process.env[name];
  try {
    return create();
  } finally {
    Object.assign(process.env, Object.fromEntries(hidden));
  }
}

function connectionOptions(host: DockerHost): Docker.DockerOptions & { readonly agent?: Agent } {
  if ('socketPath' in host) return { socketPath: host.socketPath, timeout: 0 };
  const { tls } = host;
  const address = { host: host.host, port: host.port, timeout: 0 };
  if (tls === undefined) return { ...address, protocol: 'http' };
  // Said outright, so that NODE_TLS_REJECT_UNAUTHORIZED can't undo it.
  return { ...address, protocol: 'https', ...tls, agent: new Agent({ ...globalAgent.options, rejectUnauthorized: true }) };
}

type Filters = Readonly<Record<string, readonly string[]>>;

/** As a stream: dockerode's own `listContainers` never ends when the connection is cut in the middle of the answer. */
function openList(docker: Docker, filters: Filters, signal: AbortSignal): Promise<Readable> {
  return openGet(docker, '/containers/json?', { all: true, filters }, signal);
}

/** A proxy that lets no ping through costs only the choice of the API. */
async function ping(docker: Docker, signal: AbortSignal): Promise<Handshake> {
  try {
    const answer = await abortable(openGet(docker, '/_ping', {}, signal), signal);
    answer.resume();
    return readHandshake(answer.headers, nowMs());
  } catch (error) {
    if (typeof (error as { statusCode?: unknown }).statusCode === 'number') return noHandshake;
    throw error;
  }
}

function openGet(docker: Docker, path: string, options: object, abortSignal: AbortSignal): Promise<IncomingMessage> {
  const call = { path, method: 'GET', options, isStream: true, abortSignal, statusCodes: { 200: true } };
  return new Promise((resolve, reject) => {
    docker.modem.dial(call, (error: unknown, stream: unknown) =>
      error instanceof Error ? reject(error) : resolve(stream as IncomingMessage),
    );
  });
}

/** The containers whose networks are used by others and that were not listed. */
function missingOwners(containers: readonly Container[]): readonly string[] {
  const present = new Set(containers.map(({ id }) => id));
  return [...new Set(containers.flatMap((container) => networkOwnerOf(container) ?? []))].filter((id) => !present.has(id));
}

/** It becomes a part of a path. @throws Error when it could be no name */
function referenceOf({ id, name }: ContainerName): string {
  const reference = parseEngineName(name) ?? parseEngineName(id);
  if (reference === undefined) throw new Error('neither its name nor its id is one that an engine gives');
  return reference;
}

/** The beginning of a stream; what is too much is read and dropped, so that the command can end. */
async function readBytes(stream: NodeJS.ReadableStream, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const bytes = chunk as Buffer;
    if (length < maxBytes) chunks.push(bytes);
    length += bytes.length;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}

/** @throws Error when it is longer than that */
async function readWhole(stream: NodeJS.ReadableStream, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > maxBytes) throw new Error('the answer is too long');
  }
  return Buffer.concat(chunks);
}

/** Takes the frames of a stream apart (Docker Engine API, ContainerAttach, stream format); a container with a terminal has none. */
function readFrames(bytes: Buffer): string {
  const texts: string[] = [];
  let rest = bytes;
  while (rest.length >= 8 && (rest[0] ?? 3) <= 2 && rest.readUIntBE(1, 3) === 0) {
    const end = 8 + rest.readUInt32BE(4);
    texts.push(rest.toString('utf8', 8, end));
    rest = rest.subarray(end);
  }
  return texts.join('') + rest.toString('utf8');
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EngineError('listing containers failed: the answer of the engine is cut short, or no JSON', {
      cure: 'see whether something between meet-gen and the engine cuts answers',
      cause,
    });
  }
}

async function* readEvents(stream: Readable, clockAheadMs: number, end: () => void): AsyncGenerator<EngineEvent> {
  // readline swallows the input's errors; they must end the iteration, or a cut stream would look alive.
  const lines = createInterface({ input: stream });
  let failure: Error | undefined;
  stream.on('error', (error) => {
    failure = error;
    lines.close();
  });
  stream.on('aborted', () => lines.close());
  try {
    for await (const line of lines) {
      const event = eventFromEngine(line, clockAheadMs);
      if (event !== undefined) yield event;
    }
  } finally {
    lines.close();
    stream.destroy();
    end();
  }
  if (failure !== undefined) throw failure;
}

/** Rejects as soon as the signal aborts, also when the library doesn't notice. */
function abortable<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
