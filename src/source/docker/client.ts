import type { IncomingMessage } from 'node:http';
import { Agent, globalAgent } from 'node:https';
import Docker from 'dockerode';
import { nowMs } from '../../util/clock.ts';
import { startDeadline } from '../../util/deadline.ts';
import type { Container } from '../../model/container.ts';
import type { EngineEvent } from '../../model/engine-event.ts';
import { networkOwnerOf } from '../../model/network-owner.ts';
import { parseEngineName } from '../../nginx/token.ts';
import { abortable, interpret, limited, open, openGet, readAnswer } from './answers.ts';
import type { Dial, EngineRequest } from './answers.ts';
import type { EngineClient, EngineQuestion, ContainerName, ExecResult } from './engine-client.ts';
import { answerLimits, maxDroppedBytes } from './answer-limits.ts';
import { parseBoundedJson } from './bounded-json.ts';
import { containersFromEngine, maxIdLength } from './container-from-engine.ts';
import type { DockerHost } from '../docker-host.ts';
import { answerTooLong, answerUnreadable, explainEngineFailure } from './engine-failure.ts';
import type { EngineCall } from './engine-failure.ts';
import { newestDocker } from './engine-profile.ts';
import type { EngineProfile } from './engine-profile.ts';
import { eventFromEngine } from './event-from-engine.ts';
import { recordOf, textOf } from './json-fields.ts';
import { readFrames } from './frames.ts';
import { exposedTcpPortsFrom } from './ports-from-engine.ts';
import { noHandshake, readHandshake } from './handshake.ts';
import type { Handshake } from './handshake.ts';
import { readBeginning, readFirst, readLines, TooLongError } from './limited-read.ts';

// In: the address of an engine, and calls. Out: containers, events and texts, or an EngineError. The only file that
// uses dockerode.

const listingContainers = 'listing containers';
const readDeadlineMs = 10_000;
/** Short, since a reload waits for the signal, and the signal can be sent again. */
const signalDeadlineMs = 2000;
const logsDeadlineMs = 2000;
/** Short, since a look waits for the answer. */
const inspectDeadlineMs = 1000;
const maxLogLines = 5000;
/** The engine reads at most a megabyte of headers, which include the query (Go's net/http, DefaultMaxHeaderBytes). */
const maxIdsAtOnce = 500;

/** The connection to one engine. */
interface Connection {
  readonly host: DockerHost;
  readonly dial: Dial;
  readonly onRequest: (endpoint: string) => void;
  /** docker-modem puts the version in front of every path. */
  readonly setVersion: (version: string | undefined) => void;
  /** Undefined until the engine has answered, and after an answer that suggests a different engine. */
  handshake: Handshake | undefined;
  /** From the last answer to a ping. */
  profile: EngineProfile;
}

/**
 * Makes a client, which connects at its first call.
 * @param onRequest is called for every request, with its path in the engine's API
 */
export function createEngineClient(host: DockerHost, onRequest: (endpoint: string) => void = () => undefined): EngineClient {
  const docker = withoutDockerVariables(() => new Docker(connectionOptions(host)));
  const modem = docker.modem as unknown as { version?: string | undefined };
  const engine: Connection = {
    host,
    dial: (call, callback) => docker.modem.dial(call as Parameters<typeof docker.modem.dial>[0], callback),
    onRequest,
    setVersion: (version) => void (modem.version = version),
    handshake: undefined,
    profile: newestDocker,
  };
  return {
    list: (signal, ids) => listContainers(engine, signal, ids),
    subscribe: (sinceMs, signal) => subscribe(engine, sinceMs, signal),
    signalHup: (container, signal) => signalHup(engine, container, signal),
    exec: (container, command, limitMs, signal) => exec(engine, container, command, limitMs, signal),
    logs: (container, sinceMs, signal) => readLogs(engine, container, sinceMs, signal),
    exposedTcpPorts: (container, signal) => readExposedTcpPorts(engine, container, signal),
    get: (question, signal) => get(engine, question, signal),
    eventLines: (query, limitMs, signal) => eventLines(engine, query, limitMs, signal),
    profile: () => engine.profile,
  };
}

async function explain({ host }: Connection, call: EngineCall, cause: unknown): Promise<never> {
  throw await explainEngineFailure(call, host, cause);
}

async function readEngineVersion(engine: Connection, signal: AbortSignal): Promise<Handshake> {
  engine.setVersion(undefined);
  engine.onRequest('/_ping');
  const handshake = await ping(engine.dial, signal);
  engine.setVersion(handshake.version);
  engine.handshake = handshake;
  engine.profile = handshake.profile;
  return handshake;
}

async function listBy({ dial, onRequest, profile }: Connection, filters: Filters, signal: AbortSignal): Promise<readonly Container[]> {
  onRequest('/containers/json');
  const answer = openGet(dial, '/containers/json?', { all: true, filters }, signal);
  const bytes = await abortable(readAnswer(listingContainers, answer, answerLimits.list), signal);
  return interpret(listingContainers, () => containersFromEngine(parseBoundedJson(bytes), profile));
}

/**
 * Lists containers with their health. If the list shows no health, its filter `health` does: a second call asks for the
 * containers that are starting or unhealthy. If there are any, a third call asks for the unhealthy ones.
 */
async function listWithHealth(engine: Connection, filters: Filters, signal: AbortSignal): Promise<readonly Container[]> {
  const { listsHealth, announcesHealth } = engine.profile;
  const listed = await listBy(engine, filters, signal);
  if (listsHealth || !listed.some(({ state }) => state === 'running')) return listed;
  const idsBy = async (health: readonly string[]): Promise<ReadonlySet<string>> =>
    new Set((await listBy(engine, { ...filters, health }, signal)).map(({ id }) => id));
  const unready = await idsBy(['starting', 'unhealthy']);
  const unhealthy = unready.size === 0 ? unready : await idsBy(['unhealthy']);
  return listed.map((container) => {
    if (!unready.has(container.id)) return container;
    const health = unhealthy.has(container.id) ? 'unhealthy' : 'starting';
    return { ...container, health, ...(announcesHealth ? {} : { isHealthUnannounced: true }) };
  });
}

async function listContainers(engine: Connection, signal: AbortSignal, ids?: readonly string[]): Promise<readonly Container[]> {
  const deadline = startDeadline(readDeadlineMs, signal);
  try {
    if (engine.handshake === undefined) await readEngineVersion(engine, deadline.signal);
    const listed = await listWithHealth(engine, ids === undefined ? { label: ['meet.role'] } : { id: ids }, deadline.signal);
    const owners = missingOwners(listed);
    const all = [...listed];
    for (let from = 0; from < owners.length; from += maxIdsAtOnce)
      all.push(...(await listBy(engine, { id: owners.slice(from, from + maxIdsAtOnce) }, deadline.signal)));
    deadline.done();
    return all;
  } catch (cause) {
    deadline.end();
    // Another engine may answer now, without this version of the API.
    if ((cause as { statusCode?: unknown }).statusCode === 400) engine.handshake = undefined;
    return await explain(engine, { what: listingContainers, request: 'GET /containers/json' }, cause);
  }
}

async function subscribe(engine: Connection, sinceMs: number, signal: AbortSignal): Promise<AsyncIterable<EngineEvent>> {
  const askSince = ({ clockAheadMs, profile }: Handshake): object => ({
    filters: { type: ['container', 'network'], event: Object.keys(profile.events) },
    since: (sinceMs + clockAheadMs) / 1000,
  });
  const { lines, handshake } = await openEvents(engine, askSince, readDeadlineMs, signal);
  return readEvents(lines, handshake);
}

async function eventLines(engine: Connection, query: object, limitMs: number, signal: AbortSignal): Promise<AsyncIterable<string>> {
  return (await openEvents(engine, () => query, limitMs, signal)).lines;
}

/** The limit ends with the answer's headers; the stream itself stays open until the signal aborts. */
async function openEvents(
  engine: Connection,
  queryFor: (handshake: Handshake) => object,
  limitMs: number,
  signal: AbortSignal,
): Promise<{ readonly lines: AsyncIterable<string>; readonly handshake: Handshake }> {
  const deadline = startDeadline(limitMs, signal);
  try {
    const handshake = await readEngineVersion(engine, deadline.signal);
    engine.onRequest('/events');
    const stream = await abortable(openGet(engine.dial, '/events?', queryFor(handshake), deadline.signal), deadline.signal);
    deadline.lift();
    return { lines: readEventLines(stream, deadline.end), handshake };
  } catch (cause) {
    deadline.end();
    return await explain(engine, { what: 'subscribing to events', request: 'GET /events' }, cause);
  }
}

async function signalHup(engine: Connection, container: ContainerName, signal: AbortSignal): Promise<void> {
  const deadline = startDeadline(signalDeadlineMs, signal);
  try {
    const { signal: abortSignal } = deadline;
    engine.onRequest('/containers/{id}/kill');
    const call = { method: 'POST', path: `/containers/${referenceOf(container)}/kill?`, options: { signal: 'HUP' } } as const;
    const answer = open(engine.dial, call, [204, 200], abortSignal);
    await abortable(readAnswer(`signalling ${container.name}`, answer, answerLimits.short), abortSignal);
    deadline.done();
  } catch (cause) {
    deadline.end();
    await explain(engine, { what: `signalling ${container.name}`, request: `POST /containers/${container.name}/kill` }, cause);
  }
}

async function exec(
  engine: Connection,
  container: ContainerName,
  command: readonly string[],
  limitMs: number,
  signal: AbortSignal,
): Promise<ExecResult> {
  const deadline = startDeadline(limitMs, signal);
  const { signal: abortSignal } = deadline;
  const what = `running a command in ${container.name}`;
  const askJson = async (call: EngineRequest, expected: readonly number[]): Promise<Readonly<Record<string, unknown>>> => {
    const bytes = await abortable(readAnswer(what, open(engine.dial, call, expected, abortSignal), answerLimits.short), abortSignal);
    return recordOf(interpret(what, () => parseBoundedJson(bytes)));
  };
  try {
    const create = { Cmd: [...command], AttachStdout: true, AttachStderr: true };
    engine.onRequest('/containers/{id}/exec');
    const created = await askJson({ method: 'POST', path: `/containers/${referenceOf(container)}/exec`, options: create }, [201, 200]);
    const id = parseEngineName(textOf(created['Id']));
    if (id === undefined) throw new Error('the engine gave the command an id with characters that no id has');
    engine.onRequest('/exec/{id}/start');
    const start = { method: 'POST', path: `/exec/${id}/start`, options: {}, allowEmpty: true } as const;
    const stream = await abortable(open(engine.dial, start, [200, 204], abortSignal), abortSignal);
    const written = readBeginning(stream, answerLimits.output.maxBytes, maxDroppedBytes);
    const output = readFrames(await abortable(limited(what, written), abortSignal));
    engine.onRequest('/exec/{id}/json');
    const { ExitCode: code } = await askJson({ method: 'GET', path: `/exec/${id}/json`, options: {} }, [200]);
    if (!Number.isInteger(code)) throw answerUnreadable(what, new Error('the ended command has no exit code'));
    return { code: code as number, output };
  } catch (cause) {
    return await explain(engine, { what, request: `POST /containers/${container.name}/exec` }, cause);
  } finally {
    deadline.end();
  }
}

async function readLogs(engine: Connection, container: ContainerName, sinceMs: number, signal: AbortSignal): Promise<string> {
  const deadline = startDeadline(logsDeadlineMs, signal);
  const { signal: abortSignal } = deadline;
  const since = ((sinceMs + (engine.handshake?.clockAheadMs ?? 0)) / 1000).toFixed(3);
  const path = `/containers/${referenceOf(container)}/logs?`;
  try {
    engine.onRequest('/containers/{id}/logs');
    const question = { stdout: true, stderr: true, tail: maxLogLines, since };
    const stream = await abortable(openGet(engine.dial, path, question, abortSignal), abortSignal);
    return readFrames(await abortable(readFirst(stream, answerLimits.log.maxBytes), abortSignal));
  } catch (cause) {
    return await explain(
      engine,
      { what: `reading the log of ${container.name}`, request: `GET /containers/${container.name}/logs` },
      cause,
    );
  } finally {
    deadline.end();
  }
}

async function readExposedTcpPorts(engine: Connection, container: ContainerName, signal: AbortSignal): Promise<readonly number[]> {
  const deadline = startDeadline(inspectDeadlineMs, signal);
  const what = `asking for the ports of ${container.name}`;
  try {
    engine.onRequest('/containers/{id}/json');
    const answer = openGet(engine.dial, `/containers/${referenceOf(container)}/json?`, {}, deadline.signal);
    const bytes = await abortable(readAnswer(what, answer, answerLimits.json), deadline.signal);
    return interpret(what, () => exposedTcpPortsFrom(parseBoundedJson(bytes), container.id));
  } catch (cause) {
    return await explain(engine, { what, request: `GET /containers/${container.name}/json` }, cause);
  } finally {
    deadline.end();
  }
}

async function get(
  engine: Connection,
  { what, path, query, limit, limitMs = readDeadlineMs }: EngineQuestion,
  signal: AbortSignal,
): Promise<Buffer> {
  const deadline = startDeadline(limitMs, signal);
  try {
    if (engine.handshake === undefined) await readEngineVersion(engine, deadline.signal);
    const answer = openGet(engine.dial, `${path}?`, query, deadline.signal);
    return await abortable(readAnswer(what, answer, limit), deadline.signal);
  } catch (cause) {
    return await explain(engine, { what, request: `GET ${path}` }, cause);
  } finally {
    deadline.end();
  }
}

/**
 * Hides the DOCKER_ variables. dockerode reads them too, adds them to our options, and fails on a bad value.
 * `parseDockerHost` has read them already.
 */
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
  // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED can't turn it off.
  return { ...address, protocol: 'https', ...tls, agent: new Agent({ ...globalAgent.options, rejectUnauthorized: true }) };
}

type Filters = Readonly<Record<string, readonly string[]>>;

/** If a proxy refuses the ping, meet-gen uses paths without a version. */
async function ping(dial: Dial, signal: AbortSignal): Promise<Handshake> {
  try {
    const answer = await abortable(openGet(dial, '/_ping', {}, signal), signal);
    await abortable(readAnswer('asking for the engine itself', Promise.resolve(answer), answerLimits.short), signal);
    return readHandshake(answer.headers, nowMs());
  } catch (error) {
    if (typeof (error as { statusCode?: unknown }).statusCode === 'number') return noHandshake;
    throw error;
  }
}

/** @returns the ids of containers whose network a listed container uses, and that are not listed themselves */
function missingOwners(containers: readonly Container[]): readonly string[] {
  const present = new Set(containers.map(({ id }) => id));
  const owners = new Set(containers.flatMap((container) => networkOwnerOf(container) ?? []));
  return [...owners].filter((id) => !present.has(id) && id.length <= maxIdLength);
}

/** The name or id as a part of a path. @throws Error when the engine can't have given either */
function referenceOf({ id, name }: ContainerName): string {
  const reference = parseEngineName(name) ?? parseEngineName(id);
  if (reference === undefined) throw new Error('its name and its id have characters that no name and no id has');
  return reference;
}

async function* readEvents(lines: AsyncIterable<string>, { profile, clockAheadMs }: Handshake): AsyncGenerator<EngineEvent> {
  for await (const line of lines) {
    const event = eventFromEngine(line, profile, clockAheadMs);
    if (event !== undefined) yield event;
  }
}

async function* readEventLines(stream: IncomingMessage, end: () => void): AsyncGenerator<string> {
  try {
    yield* readLines(stream, answerLimits.event.maxBytes, answerLimits.line.maxBytes);
  } catch (cause) {
    throw cause instanceof TooLongError ? answerTooLong('reading events', cause) : cause;
  } finally {
    stream.destroy();
    end();
  }
}
