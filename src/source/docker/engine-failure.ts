import { EngineError } from '../engine-error.ts';
import { stat } from 'node:fs/promises';
import { showForeignText } from '../../model/foreign-text.ts';
import type { DockerHost } from './docker-host.ts';
import { explainTlsFailure } from './tls-failure.ts';
import { messageOf } from '../../util/error-message.ts';

const maxMessageLength = 300;
/** What the kernel shows for a group that a user namespace doesn't know (overflowgid in proc(5)). */
const nobodysGroup = 65_534;

/** A call to the engine: in words, and as a proxy in between sees it. */
export interface EngineCall {
  readonly what: string;
  readonly request: string;
}

/** The answer was read up to its limit, and no further. */
export function tooLong(what: string, cause: { readonly maxBytes: number }): EngineError {
  return new EngineError(`${what} failed: the answer is longer than the ${cause.maxBytes} bytes that are read of it`, {
    cure: 'see what answers in place of the engine, and for a container with megabytes of labels; docs/configuration.md has the limits',
    cause,
  });
}

/** The answer is none that an engine gives. */
export function notUnderstood(what: string, cause: unknown): EngineError {
  if (cause instanceof EngineError) return cause;
  return new EngineError(`${what} failed: the engine's answer is cut short, or can't be understood (${messageOf(cause)})`, {
    cure: 'see whether something between meet-gen and the engine cuts or changes answers',
    cause,
  });
}

/** Turns whatever a call to the engine threw into an error that a person can act on. */
export async function explainEngineFailure({ what, request }: EngineCall, at: DockerHost, cause: unknown): Promise<EngineError> {
  if (cause instanceof EngineError) return cause;
  const { code, statusCode: status, message } = readCause(cause);
  const { url: host } = at;
  const socket = 'socketPath' in at ? at.socketPath : undefined;
  if (code === 'EACCES' && socket !== undefined) return socketNotPermitted(socket, cause);
  if (code === 'ENOENT' && socket !== undefined) {
    return new EngineError(`there is no engine at ${host}`, {
      cure: `start Docker, mount its socket (-v ${socket}:${socket}), or name another engine with --docker-host`,
      cause,
    });
  }
  // The engine itself refuses nobody; some proxies say 405 where no call of that method is allowed at all.
  if (status === 403 || status === 405) {
    return new EngineError(
      `${what} was refused (${status}): what answers at ${host}, a socket proxy by the look of it, doesn't let ${request} through`,
      {
        cure: 'allow that call there; docs/security.md has the settings of known proxies',
        status,
        cause,
      },
    );
  }
  if (status !== undefined && status >= 300 && status < 400) {
    return new EngineError(`${what} failed: what answers at ${host} redirects (${status}) instead of answering ${request}`, {
      cure: 'name the engine itself, or a proxy that passes calls on, with --docker-host; where TLS is wanted, set DOCKER_TLS_VERIFY=1',
      status,
      cause,
    });
  }
  if (status === 400 && socket === undefined && message.includes('HTTPS server')) {
    return new EngineError(`${what} failed: the engine at ${host} wants TLS`, {
      cure: 'set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem',
      cause,
    });
  }
  if (status !== undefined)
    return new EngineError(`${what} failed: the engine at ${host} answered ${status}: ${message}`, {
      cure: "see the engine's own log",
      status,
      cause,
    });
  if (code === 'ABORT_ERR' || code === 'TimeoutError')
    return new EngineError(`${what} got no answer in time from the engine at ${host}`, {
      cure: 'see whether the engine is overloaded or the connection is cut',
      cause,
    });
  if (code?.startsWith('HPE_') === true)
    return new EngineError(`${what} failed: what answers at ${host} speaks no HTTP that can be understood: ${message}`, {
      cure: 'see what listens there, and name the engine itself with --docker-host; an engine with TLS wants DOCKER_TLS_VERIFY=1',
      cause,
    });
  const tls = 'tls' in at ? explainTlsFailure(code) : undefined;
  if (tls !== undefined)
    return new EngineError(`${what} failed: no connection to the engine at ${host}: ${tls.why} (${message})`, { cure: tls.cure, cause });
  return new EngineError(`${what} failed: the engine at ${host} can't be reached: ${message}`, {
    cure: 'see whether the engine runs, and whether --docker-host names it',
    cause,
  });
}

async function socketNotPermitted(socket: string, cause: unknown): Promise<EngineError> {
  const found = await stat(socket).catch(() => undefined);
  const own = { uid: process.getuid?.() ?? -1, gids: [process.getgid?.() ?? -1, ...(process.getgroups?.() ?? [])] };
  const cure =
    found === undefined ? 'give it the group of the socket: --group-add with docker run, group_add in compose' : cureOfSocket(found, own);
  return new EngineError(`the socket ${socket} may not be opened by this user`, { cure, cause });
}

/**
 * What lets a process open a socket that refused it.
 * @param socket its owner, group and mode, as stat(2) has them
 * @param own the process's user and groups
 */
export function cureOfSocket(
  socket: { readonly uid: number; readonly gid: number; readonly mode: number },
  own: { readonly uid: number; readonly gids: readonly number[] },
): string {
  const mode = (socket.mode & 0o777).toString(8).padStart(4, '0');
  const isOwner = socket.uid === own.uid;
  if (isOwner || own.gids.includes(socket.gid)) {
    const needed = isOwner ? 0o600 : 0o060;
    if ((socket.mode & needed) === needed)
      return `user and mode (${mode}) of the socket allow it, so something else forbids it: with SELinux, add --security-opt label=disable to docker run, or security_opt: [label=disable] to the service in compose`;
    return `the socket's mode ${mode} keeps ${isOwner ? 'its owner' : 'its group'} out: make it 0660 (chmod g+rw), or start the engine with its usual socket`;
  }
  if (socket.gid === nobodysGroup)
    return 'the socket belongs to nobody that exists here, since the engine remaps users: put a socket proxy with userns_mode: host in between, or run it with userns_mode: host itself, which is --userns=host for docker run (docs/security.md)';
  return `the socket belongs to group ${socket.gid}: add --group-add ${socket.gid} to docker run, or group_add: ["${socket.gid}"] to the service in compose`;
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
