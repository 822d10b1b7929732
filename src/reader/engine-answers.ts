import { answerLimits } from '../source/docker/answer-limits.ts';
import { parseBoundedJson } from '../source/docker/bounded-json.ts';
import type { EngineClient, EngineQuestion } from '../source/docker/engine-client.ts';
import { EngineError } from '../source/engine-error.ts';
import { isFromWorker, putOnManagers } from '../source/swarm/manager-failure.ts';
import { hashBody } from '../source/swarm/signature.ts';
import { messageOf } from '../util/error-message.ts';
import { reduceServices, reduceTasks, reduceVersion } from './reduce.ts';
import type { ReducedVersion } from './reduce.ts';
import type { EngineReport } from './engine-report.ts';
import { shareReads } from './shared-read.ts';
import type { SharedRead } from './shared-read.ts';

/** Less than the 2 s after which meet-gen asks the next manager. */
export const engineLimitMs = 1500;
const maxAgeMs = 200;

/** The body of an answer, which all connections share. */
export interface Body {
  readonly bytes: Buffer;
  /** For its ETag and its signature; see `hashBody`. */
  readonly hash: string;
}

/** The reader's view of its engine. Every call fails with an EngineError. */
export interface EngineAnswers {
  version(): Promise<ReducedVersion>;
  services(): Promise<Body>;
  tasks(): Promise<Body>;
  /** To call at each event: from then on, no answer is from before the event. */
  invalidate(): void;
}

const questions = {
  version: { what: 'asking for the version', path: '/version', query: {}, limit: answerLimits.short, limitMs: engineLimitMs },
  services: { what: 'listing services', path: '/services', query: {}, limit: answerLimits.list, limitMs: engineLimitMs },
  tasks: { what: 'listing tasks', path: '/tasks', query: {}, limit: answerLimits.list, limitMs: engineLimitMs },
} as const satisfies Readonly<Record<string, EngineQuestion>>;

type Engine = Pick<EngineClient, 'get'>;

interface Services {
  readonly body: Body;
  readonly withRole: ReadonlySet<string>;
}

/** Asks the engine once for all clients that ask within 200 ms. There is one call to each path at a time. */
export function createEngineAnswers(engine: Engine, report: EngineReport, nowMs: () => number, signal: AbortSignal): EngineAnswers {
  const readVersion = unlessSame(questions.version, reduceVersion);
  const readServices = unlessSame(questions.services, (json): Services => {
    const { services: list, withRole } = reduceServices(json);
    return { body: jsonBody(list), withRole };
  });
  const readTasks = unlessSame(questions.tasks, (json, withRole: ReadonlySet<string>) => jsonBody(reduceTasks(json, withRole)));
  const askVersion = async (): Promise<ReducedVersion> => readVersion(await ask(engine, questions.version, signal), undefined);
  const listServices = async (): Promise<Services> => readServices(await ask(engine, questions.services, signal), undefined);
  const listTasks = async (): Promise<Body> => {
    const [bytes, { withRole }] = await Promise.all([ask(engine, questions.tasks, signal), services.get()]);
    return readTasks(bytes, withRole);
  };
  const share = <Value>({ path }: EngineQuestion, read: () => Promise<Value>): SharedRead<Value> =>
    shareReads(() => reported(path, read, report, signal), maxAgeMs, nowMs);
  const version = share(questions.version, askVersion);
  const services = share(questions.services, listServices);
  const tasks = share(questions.tasks, listTasks);
  return {
    version: version.get,
    services: async () => (await services.get()).body,
    tasks: tasks.get,
    invalidate() {
      services.invalidate();
      tasks.invalidate();
    },
  };
}

async function reported<Value>(call: string, read: () => Promise<Value>, report: EngineReport, signal: AbortSignal): Promise<Value> {
  try {
    const value = await read();
    report.worked(call);
    return value;
  } catch (error) {
    if (!signal.aborted) report.failed(call, error);
    throw error;
  }
}

async function ask(engine: Engine, question: EngineQuestion, signal: AbortSignal): Promise<Buffer> {
  try {
    return await engine.get(question, signal);
  } catch (error) {
    throw explainWorker(error);
  }
}

/**
 * Reads an answer, unless it and `other` are those of the last time: 500 tasks are megabytes.
 * @returns a function that throws an EngineError when `reduce` can't read the answer
 */
function unlessSame<Value, Other = undefined>(
  question: EngineQuestion,
  reduce: (json: unknown, other: Other) => Value,
): (bytes: Buffer, other: Other) => Value {
  let last: { readonly bytes: Buffer; readonly other: Other; readonly value: Value } | undefined;
  return (bytes, other) => {
    if (last === undefined || last.other !== other || !last.bytes.equals(bytes))
      last = { bytes, other, value: interpret(question, () => reduce(parseBoundedJson(bytes), other)) };
    return last.value;
  };
}

function interpret<Value>({ what }: EngineQuestion, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw new EngineError(`${what} failed: ${messageOf(cause)}`, {
      cure: 'check that a Docker engine answers at --docker-host; docs/configuration.md has the limits',
      cause,
    });
  }
}

/** The engine's own words advise to promote the node. */
function explainWorker(error: unknown): unknown {
  if (!(error instanceof EngineError) || !isFromWorker(error.status, error.message)) return error;
  return new EngineError('this node is a worker or in no swarm, so its engine lists no services and tasks', {
    cure: putOnManagers,
    status: 503,
    cause: error,
  });
}

function jsonBody(value: unknown): Body {
  const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
  return { bytes, hash: hashBody(bytes) };
}
