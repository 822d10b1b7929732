import { stat } from 'node:fs/promises';
import { showForeignText } from '../model/foreign-text.ts';

const maxMessageLength = 300;
const maxErrorLength = 1000;

/** The engine could not be asked: what happened, why, and how to mend it. */
export class EngineError extends Error {
  override name = 'EngineError';
  readonly cure: string;

  constructor(message: string, options: { cure: string; cause?: unknown }) {
    // It can hold what the engine, a proxy or a container's name says.
    super(showForeignText(message, maxErrorLength), { cause: options.cause });
    this.cure = showForeignText(options.cure, maxErrorLength);
  }
}

/** Turns whatever a call to the engine threw into an error that a person can act on. */
export async function explainEngineFailure(what: string, host: string, cause: unknown): Promise<EngineError> {
  if (cause instanceof EngineError) return cause;
  const { code, statusCode: status, message } = readCause(cause);
  const socket = host.startsWith('unix://') ? host.slice('unix://'.length) : undefined;
  if (code === 'EACCES' && socket !== undefined) return socketNotPermitted(socket, cause);
  if (code === 'ENOENT' && socket !== undefined) {
    return new EngineError(`there is no engine at ${host}`, {
      cure: `start Docker, mount its socket (-v ${socket}:${socket}), or name another engine with --docker-host`,
      cause,
    });
  }
  if (status === 403) {
    return new EngineError(`${what} was refused (403), by a socket proxy by the look of it`, {
      cure: 'allow meet-gen its few calls in the proxy: GET /events, GET /containers/json, POST /containers/<frontend>/kill',
      cause,
    });
  }
  if (status !== undefined)
    return new EngineError(`${what} failed: the engine at ${host} answered ${status}: ${message}`, {
      cure: "see the engine's own log",
      cause,
    });
  if (code === 'ABORT_ERR' || code === 'TimeoutError')
    return new EngineError(`${what} got no answer in time from the engine at ${host}`, {
      cure: 'see whether the engine is overloaded or the connection is cut',
      cause,
    });
  return new EngineError(`${what} failed: the engine at ${host} can't be reached: ${message}`, {
    cure: 'see whether the engine runs, and whether --docker-host names it',
    cause,
  });
}

async function socketNotPermitted(socket: string, cause: unknown): Promise<EngineError> {
  const group = await stat(socket).then(
    (stats) => stats.gid,
    () => undefined,
  );
  const cure =
    group === undefined
      ? 'give meet-gen the group of the socket with group_add'
      : `the socket belongs to group ${group}; add this line to meet-gen's service in compose: group_add: ["${group}"]`;
  return new EngineError(`the socket ${socket} may not be opened by this user`, { cure, cause });
}

function readCause(cause: unknown): { code: string | undefined; statusCode: number | undefined; message: string } {
  const error = (cause ?? {}) as { code?: unknown; name?: unknown; statusCode?: unknown; message?: unknown };
  const code = typeof error.code === 'string' ? error.code : error.name === 'TimeoutError' ? 'TimeoutError' : undefined;
  return {
    code,
    statusCode: typeof error.statusCode === 'number' ? error.statusCode : undefined,
    // It can hold what the engine or a proxy wrote.
    message: showForeignText(typeof error.message === 'string' ? error.message : String(cause), maxMessageLength),
  };
}
