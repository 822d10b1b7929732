import { readFilters } from './event.ts';
import { signalNumbers } from './world.ts';
import type { FakeSignal, World } from './world.ts';

/** The range of API versions of an engine, such as `1.45`. */
export interface FakeApi {
  readonly min: string;
  readonly max: string;
}

/** A request without the version in front of its path. */
export interface FakeQuestion {
  readonly method: string;
  readonly path: string;
  /** `1.45` in `/v1.45/…`. Without a version, the engine uses its newest. */
  readonly version: string | undefined;
  readonly query: URLSearchParams;
}

/** A complete answer. */
export interface FakeAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const killPattern = /^\/containers\/([^/]+)\/kill$/;
const commandPattern = /^\/containers\/([^/]+)\/exec$/;
const inspectPattern = /^\/containers\/([^/]+)\/json$/;
const logsPattern = /^\/containers\/([^/]+)\/logs$/;
const healthFieldSince = '1.52';

/**
 * Answers every call except the event stream, as the real engine does.
 * @param pingHeaders more headers of the ping
 */
export function answerOf(
  world: World,
  api: FakeApi,
  question: FakeQuestion,
  pingHeaders: Readonly<Record<string, string>> = {},
): FakeAnswer {
  const { method, path, version, query } = question;
  const headers = { 'api-version': api.max, ostype: 'linux', ...pingHeaders };
  if (path === '/_ping' && version === undefined) return { status: 200, body: method === 'HEAD' ? '' : 'OK', headers };
  const refused = refuseVersion(api, version);
  if (refused !== undefined) return refused;
  if (method === 'GET' && path === '/version') return ok({ Version: '26.1.5', ApiVersion: api.max, MinAPIVersion: api.min, Os: 'linux' });
  if (method === 'GET' && path === '/containers/json') {
    const hasHealthField = compareVersions(version ?? api.max, healthFieldSince) >= 0;
    const all = ['1', 'true', 'True'].includes(query.get('all') ?? '');
    return { status: 200, body: world.list(readFilters(query.get('filters')), { all, hasHealthField }) };
  }
  const inspected = method === 'GET' ? inspectPattern.exec(path)?.[1] : undefined;
  if (inspected !== undefined) return answerInspect(world, decodeURIComponent(inspected));
  const logged = method === 'GET' ? logsPattern.exec(path)?.[1] : undefined;
  if (logged !== undefined) return answerLog(world, decodeURIComponent(logged), query);
  const name = killedContainer(question);
  if (name !== undefined) return answerKill(world, name, query.get('signal') ?? 'KILL');
  return { status: 404, body: messageBody('page not found') };
}

/** Answers the calls that run a command: create, start, inspect. The command always succeeds. */
export function answerCommand({ method, path }: Pick<FakeQuestion, 'method' | 'path'>): FakeAnswer | undefined {
  if (commandedContainer({ method, path }) !== undefined) return { status: 201, body: JSON.stringify({ Id: 'e'.repeat(64) }) };
  if (method === 'POST' && /^\/exec\/[^/]+\/start$/.test(path)) return { status: 200, body: '' };
  return method === 'GET' && /^\/exec\/[^/]+\/json$/.test(path) ? ok({ ExitCode: 0, Running: false }) : undefined;
}

/** The name or id in a `POST /containers/<name>/kill`, undefined for any other call. */
export function killedContainer({ method, path }: Pick<FakeQuestion, 'method' | 'path'>): string | undefined {
  const name = killPattern.exec(path)?.[1];
  return method === 'POST' && name !== undefined ? decodeURIComponent(name) : undefined;
}

/** The name or id in a `POST /containers/<name>/exec`, undefined for any other call. */
export function commandedContainer({ method, path }: Pick<FakeQuestion, 'method' | 'path'>): string | undefined {
  const name = commandPattern.exec(path)?.[1];
  return method === 'POST' && name !== undefined ? decodeURIComponent(name) : undefined;
}

/** The engine's refusal of an API version that it doesn't support. */
export function refuseVersion({ min, max }: FakeApi, version: string | undefined): FakeAnswer | undefined {
  if (version === undefined) return undefined;
  if (compareVersions(version, max) > 0)
    return { status: 400, body: messageBody(`client version ${version} is too new. Maximum supported API version is ${max}`) };
  if (compareVersions(version, min) >= 0) return undefined;
  const message = `client version ${version} is too old. Minimum supported API version is ${min}, please upgrade your client to a newer version`;
  return { status: 400, body: messageBody(message) };
}

/** The body of the engine's error answers. */
export function messageBody(message: string): string {
  return JSON.stringify({ message });
}

function ok(value: unknown): FakeAnswer {
  return { status: 200, body: JSON.stringify(value) };
}

function answerKill(world: World, name: string, signalText: string): FakeAnswer {
  const signal = signalText.replace(/^SIG/, '');
  if (!isSignal(signal)) return { status: 400, body: messageBody(`Invalid signal: ${signalText}`) };
  const answers = {
    unknown: { status: 404, body: messageBody(`No such container: ${name}`) },
    'not running': { status: 409, body: messageBody(`cannot kill container: ${name}: container is not running`) },
    done: { status: 204, body: '' },
  };
  return answers[world.kill(name, signal)];
}

function answerInspect(world: World, name: string): FakeAnswer {
  const text = world.inspect(name);
  return text === undefined ? { status: 404, body: messageBody(`No such container: ${name}`) } : { status: 200, body: text };
}

/** The log of a container with a terminal, which has no frames. */
function answerLog(world: World, name: string, query: URLSearchParams): FakeAnswer {
  const tail = query.get('tail') ?? 'all';
  const text = world.logSince(name, Number(query.get('since') ?? 0), tail === 'all' ? Infinity : Number(tail));
  return text === undefined ? { status: 404, body: messageBody(`No such container: ${name}`) } : { status: 200, body: text };
}

function isSignal(text: string): text is FakeSignal {
  return Object.hasOwn(signalNumbers, text);
}

function compareVersions(left: string, right: string): number {
  const [leftMajor = 0, leftMinor = 0] = left.split('.').map(Number);
  const [rightMajor = 0, rightMinor = 0] = right.split('.').map(Number);
  return leftMajor - rightMajor || leftMinor - rightMinor;
}
