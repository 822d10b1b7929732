import type { IncomingMessage } from 'node:http';
import { Agent, globalAgent } from 'node:https';
import Docker from 'dockerode';
import { nowMs } from '../../util/clock.ts';
import { startDeadline } from '../../util/deadline.ts';
import type { Container } from '../../model/container.ts';
import { watchedContainerActions, watchedNetworkActions } from '../../model/engine-event.ts';
import type { EngineEvent } from '../../model/engine-event.ts';
import { networkOwnerOf } from '../../model/network-owner.ts';
import { parseEngineName } from '../../nginx/token.ts';
import { answerLimits, maxDroppedBytes } from './answer-limits.ts';
import type { AnswerLimit } from './answer-limits.ts';
import { parseBoundedJson } from './bounded-json.ts';
import { containersFromEngine, maxIdLength } from './container-from-engine.ts';
import type { DockerHost } from './docker-host.ts';
import { explainEngineFailure, notUnderstood, tooLong } from './engine-failure.ts';
import type { EngineCall } from './engine-failure.ts';
import { eventFromEngine } from './event-from-engine.ts';
import { recordOf, textOf } from './foreign-json.ts';
import { readFrames } from './frames.ts';
import { exposedTcpPortsFrom } from './ports-from-engine.ts';
import { noHandshake, readHandshake } from './handshake.ts';
import type { Handshake } from './handshake.ts';
import { readBeginning, readFirst, readLimited, readLines, TooLong } from './limited-read.ts';

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
  /**
   * The TCP ports that a container exposes: `GET /containers/<name>/json`, of which nothing else is kept, since it holds the secrets of the
   * environment. Only for a container whose ports `list` doesn't show.
   */
  exposedTcpPorts(container: ContainerName, signal: AbortSignal): Promise<readonly number[]>;
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
  readonly limit: AnswerLimit;
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

const listingContainers = 'listing containers';
const readDeadlineMs = 10_000;
/** Shorter: a frontend waits for it, and it can be sent again. */
const signalDeadlineMs = 2000;
const logsDeadlineMs = 2000;
/** A look at the containers waits for it. */
const inspectDeadlineMs = 1000;
const maxLogLines = 5000;
/** An engine reads a megabyte of a question at most (Go's net/http, DefaultMaxHeaderBytes). */
const maxIdsAtOnce = 500;

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
    const answer = openGet(docker, '/containers/json?', { all: true, filters }, signal);
    const bytes = await abortable(readAnswer(listingContainers, answer, answerLimits.list), signal);
    return understand(listingContainers, () => containersFromEngine(parseBoundedJson(bytes)));
  };

  return {
    async list(signal, ids) {
      const deadline = startDeadline(readDeadlineMs, signal);
      try {
        if (known === undefined) await shakeHands(deadline.signal);
        const listed = await listBy(ids === undefined ? { label: ['meet.role'] } : { id: ids }, deadline.signal);
        const owners = missingOwners(listed);
        const all = [...listed];
        for (let from = 0; from < owners.length; from += maxIdsAtOnce)
          all.push(...(await listBy({ id: owners.slice(from, from + maxIdsAtOnce) }, deadline.signal)));
        deadline.done();
        return all;
      } catch (cause) {
        deadline.end();
        // An engine that was replaced may not know the API any more.
        if ((cause as { statusCode?: unknown }).statusCode === 400) known = undefined;
        return await explain({ what: listingContainers, request: 'GET /containers/json' })(cause);
      }
    },
    async subscribe(sinceMs, signal) {
      const filters = { type: ['container' as const, 'network' as const], event: [...watchedContainerActions, ...watchedNetworkActions] };
      // The limit is for the answer's beginning; the stream itself lives as long as the signal.
      const deadline = startDeadline(readDeadlineMs, signal);
      try {
        const { clockAheadMs } = await shakeHands(deadline.signal);
        onRequest('/events');
        const since = (sinceMs + clockAheadMs) / 1000;
        const stream = await abortable(openGet(docker, '/events?', { filters, since }, deadline.signal), deadline.signal);
        deadline.lift();
        return readEvents(stream, clockAheadMs, deadline.end);
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
        const call = { method: 'POST', path: `/containers/${referenceOf(container)}/kill?`, options: { signal: 'HUP' } } as const;
        const answer = open(docker, call, [204, 200], abortSignal);
        await abortable(readAnswer(`signalling ${container.name}`, answer, answerLimits.short), abortSignal);
        deadline.done();
      } catch (cause) {
        deadline.end();
        await explain({ what: `signalling ${container.name}`, request: `POST /containers/${container.name}/kill` })(cause);
      }
    },
    async exec(container, command, limitMs, signal) {
      const deadline = startDeadline(limitMs, signal);
      const { signal: abortSignal } = deadline;
      const what = `running a command in ${container.name}`;
      const askJson = async (call: EngineRequest, expected: readonly number[]): Promise<Readonly<Record<string, unknown>>> => {
        const bytes = await abortable(readAnswer(what, open(docker, call, expected, abortSignal), answerLimits.short), abortSignal);
        return recordOf(understand(what, () => parseBoundedJson(bytes)));
      };
      try {
        const create = { Cmd: [...command], AttachStdout: true, AttachStderr: true };
        onRequest('/containers/{id}/exec');
        const created = await askJson({ method: 'POST', path: `/containers/${referenceOf(container)}/exec`, options: create }, [201, 200]);
        const id = parseEngineName(textOf(created['Id']));
        if (id === undefined) throw new Error('the command has an id that no engine gives');
        onRequest('/exec/{id}/start');
        const start = { method: 'POST', path: `/exec/${id}/start`, options: {}, allowEmpty: true } as const;
        const stream = await abortable(open(docker, start, [200, 204], abortSignal), abortSignal);
        const written = readBeginning(stream, answerLimits.output.maxBytes, maxDroppedBytes);
        const output = readFrames(await abortable(limited(what, written), abortSignal));
        onRequest('/exec/{id}/json');
        const { ExitCode: code } = await askJson({ method: 'GET', path: `/exec/${id}/json`, options: {} }, [200]);
        if (!Number.isInteger(code)) throw notUnderstood(what, new Error('a command that ended has no exit code'));
        return { code: code as number, output };
      } catch (cause) {
        return await explain({ what, request: `POST /containers/${container.name}/exec` })(cause);
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
        return readFrames(await abortable(readFirst(stream, answerLimits.log.maxBytes), abortSignal));
      } catch (cause) {
        return await explain({ what: `reading the log of ${container.name}`, request: `GET /containers/${container.name}/logs` })(cause);
      } finally {
        deadline.end();
      }
    },
    async exposedTcpPorts(container, signal) {
      const deadline = startDeadline(inspectDeadlineMs, signal);
      const what = `asking for the ports of ${container.name}`;
      try {
        onRequest('/containers/{id}/json');
        const answer = openGet(docker, `/containers/${referenceOf(container)}/json?`, {}, deadline.signal);
        const bytes = await abortable(readAnswer(what, answer, answerLimits.json), deadline.signal);
        return understand(what, () => exposedTcpPortsFrom(parseBoundedJson(bytes), container.id));
      } catch (cause) {
        return await explain({ what, request: `GET /containers/${container.name}/json` })(cause);
      } finally {
        deadline.end();
      }
    },
    async get({ what, path, query, limit }, signal) {
      const deadline = startDeadline(readDeadlineMs, signal);
      try {
        if (known === undefined) await shakeHands(deadline.signal);
        const answer = openGet(docker, `${path}?`, query, deadline.signal);
        return await abortable(readAnswer(what, answer, limit), deadline.signal);
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

/** A proxy that lets no ping through costs only the choice of the API. */
async function ping(docker: Docker, signal: AbortSignal): Promise<Handshake> {
  try {
    const answer = await abortable(openGet(docker, '/_ping', {}, signal), signal);
    await abortable(readAnswer('asking for the engine itself', Promise.resolve(answer), answerLimits.short), signal);
    return readHandshake(answer.headers, nowMs());
  } catch (error) {
    if (typeof (error as { statusCode?: unknown }).statusCode === 'number') return noHandshake;
    throw error;
  }
}

interface EngineRequest {
  readonly method: 'GET' | 'POST';
  /** With a `?` at its end the options go into the query. */
  readonly path: string;
  readonly options: object;
  /** An empty object is sent, too. */
  readonly allowEmpty?: true;
}

function openGet(docker: Docker, path: string, options: object, abortSignal: AbortSignal): Promise<IncomingMessage> {
  return open(docker, { method: 'GET', path, options }, [200], abortSignal);
}

/** docker-modem reads whatever has another status than these to its end, however long it is. */
const anyStatus = Object.fromEntries(Array.from({ length: 1000 }, (_, status) => [status, true]));

/**
 * Every answer comes as a stream, so that what is read of it has an end: docker-modem's own reading has no limit, and waits for ever
 * when the connection is cut in the middle of an answer.
 * @throws Error with `statusCode` for any other status
 */
async function open(
  docker: Docker,
  request: EngineRequest,
  expected: readonly number[],
  abortSignal: AbortSignal,
): Promise<IncomingMessage> {
  const call = { ...request, isStream: true, abortSignal, statusCodes: anyStatus };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    docker.modem.dial(call, (error: unknown, stream: unknown) =>
      error instanceof Error ? reject(error) : resolve(stream as IncomingMessage),
    );
  });
  if (answer.statusCode !== undefined && expected.includes(answer.statusCode)) return answer;
  throw Object.assign(new Error(await readRefusal(answer)), { statusCode: answer.statusCode });
}

/** The words of a refusal: the engine's own are JSON. */
async function readRefusal(answer: IncomingMessage): Promise<string> {
  const bytes = await readLimited(answer, answerLimits.refusal.maxBytes).catch(() => Buffer.alloc(0));
  try {
    return textOf(recordOf(parseBoundedJson(bytes))['message']) || bytes.toString('utf8');
  } catch {
    return bytes.toString('utf8');
  }
}

/** @throws EngineError when it is longer than the limit */
function readAnswer(what: string, answer: Promise<IncomingMessage>, { maxBytes }: AnswerLimit): Promise<Buffer> {
  return limited(
    what,
    answer.then((stream) => readLimited(stream, maxBytes)),
  );
}

async function limited<Result>(what: string, reading: Promise<Result>): Promise<Result> {
  try {
    return await reading;
  } catch (cause) {
    throw cause instanceof TooLong ? tooLong(what, cause) : cause;
  }
}

/** @throws EngineError when an answer can't be read as what it should be */
function understand<Result>(what: string, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    throw notUnderstood(what, cause);
  }
}

/** The containers whose networks are used by others and that were not listed. */
function missingOwners(containers: readonly Container[]): readonly string[] {
  const present = new Set(containers.map(({ id }) => id));
  const owners = new Set(containers.flatMap((container) => networkOwnerOf(container) ?? []));
  return [...owners].filter((id) => !present.has(id) && id.length <= maxIdLength);
}

/** It becomes a part of a path. @throws Error when it could be no name */
function referenceOf({ id, name }: ContainerName): string {
  const reference = parseEngineName(name) ?? parseEngineName(id);
  if (reference === undefined) throw new Error('neither its name nor its id is one that an engine gives');
  return reference;
}

async function* readEvents(stream: IncomingMessage, clockAheadMs: number, end: () => void): AsyncGenerator<EngineEvent> {
  try {
    for await (const line of readLines(stream, answerLimits.event.maxBytes, answerLimits.line.maxBytes)) {
      const event = eventFromEngine(line, clockAheadMs);
      if (event !== undefined) yield event;
    }
  } catch (cause) {
    throw cause instanceof TooLong ? tooLong('reading events', cause) : cause;
  } finally {
    stream.destroy();
    end();
  }
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
