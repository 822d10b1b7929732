import { EngineError } from '../engine-error.ts';
import { stat } from 'node:fs/promises';
import { showUntrustedText } from '../../model/untrusted-text.ts';
import type { DockerHost } from '../docker-host.ts';
import { explainTlsFailure } from './tls-failure.ts';
import { messageOf } from '../../util/error-message.ts';

const maxMessageLength = 300;
/** The kernel shows this group if a user namespace doesn't map the real group (overflowgid in proc(5)). */
const overflowGroup = 65_534;

/** Engines make their socket with mode 0660. `podman system service`, started by hand, makes it with 0600 or 0644. */
const openToGroup = 'set it to 0660 (chmod g+rw), or start the engine with its usual socket';

/** A call to the engine: for people (`listing containers`), and for the rules of a proxy (`GET /containers/json`). */
export interface EngineCall {
  readonly what: string;
  readonly request: string;
}

export function answerTooLong(what: string, cause: { readonly maxBytes: number }): EngineError {
  return new EngineError(`${what} failed: the engine's answer is longer than ${cause.maxBytes} bytes, the most that meet-gen reads`, {
    cure: 'check that a Docker engine answers at that address, and look for a container with megabytes of labels; docs/configuration.md has the limits',
    cause,
  });
}

export function answerUnreadable(what: string, cause: unknown): EngineError {
  if (cause instanceof EngineError) return cause;
  return new EngineError(`${what} failed: the engine's answer is cut short or can't be read (${messageOf(cause)})`, {
    cure: 'check whether a proxy between meet-gen and the engine cuts or changes answers',
    cause,
  });
}

/** Adds the cause and a cure to any error of a call to the engine. */
export async function explainEngineFailure({ what, request }: EngineCall, at: DockerHost, cause: unknown): Promise<EngineError> {
  if (cause instanceof EngineError) return cause;
  const { code, statusCode: status, message } = readCause(cause);
  const { url: host } = at;
  const socket = 'socketPath' in at ? at.socketPath : undefined;
  if (code === 'EACCES' && socket !== undefined) return socketNotPermitted(socket, cause);
  if (code === 'ENOENT' && socket !== undefined) {
    return new EngineError(`there is no engine at ${host}`, {
      cure: `start Docker, mount its socket (-v ${socket}:${socket}), or set --docker-host to another engine`,
      cause,
    });
  }
  // The engine itself never answers 403. Some proxies answer 405 if they allow no call with that method.
  if (status === 403 || status === 405) {
    return new EngineError(
      `${what} was refused (${status}): the server at ${host}, probably a socket proxy, doesn't let ${request} through`,
      {
        cure: 'allow that call in the proxy; docs/engine-access.md has the settings of known proxies',
        status,
        cause,
      },
    );
  }
  if (status !== undefined && status >= 300 && status < 400) {
    return new EngineError(`${what} failed: the server at ${host} redirects ${request} (${status}) instead of answering`, {
      cure: 'set --docker-host to the engine, or to a proxy that forwards calls; if it needs TLS, set DOCKER_TLS_VERIFY=1',
      status,
      cause,
    });
  }
  if (status === 400 && socket === undefined && message.includes('HTTPS server')) {
    return new EngineError(`${what} failed: the engine at ${host} needs TLS`, {
      cure: 'set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem',
      cause,
    });
  }
  if (status !== undefined)
    return new EngineError(`${what} failed: the engine at ${host} answered ${status}: ${message}`, {
      cure: "read the engine's log",
      status,
      cause,
    });
  if (code === 'ABORT_ERR' || code === 'TimeoutError')
    return new EngineError(`${what} got no answer in time from the engine at ${host}`, {
      cure: 'check whether the engine is overloaded or the connection is cut',
      cause,
    });
  if (code?.startsWith('HPE_') === true)
    return new EngineError(`${what} failed: the server at ${host} doesn't speak HTTP: ${message}`, {
      cure: 'check which program listens there, and set --docker-host to the engine; if the engine uses TLS, set DOCKER_TLS_VERIFY=1',
      cause,
    });
  const tls = 'tls' in at ? explainTlsFailure(code) : undefined;
  if (tls !== undefined)
    return new EngineError(`${what} failed: no connection to the engine at ${host}: ${tls.why} (${message})`, { cure: tls.cure, cause });
  return new EngineError(`${what} failed: the engine at ${host} can't be reached: ${message}`, {
    cure: 'check that the engine runs, and that --docker-host names it',
    cause,
  });
}

async function socketNotPermitted(socket: string, cause: unknown): Promise<EngineError> {
  const found = await stat(socket).catch(() => undefined);
  const own = { uid: process.getuid?.() ?? -1, gids: [process.getgid?.() ?? -1, ...(process.getgroups?.() ?? [])] };
  const cure =
    found === undefined ? 'add the group of the socket: --group-add with docker run, group_add in compose' : cureOfSocket(found, own);
  return new EngineError(`this user may not open the socket ${socket}`, { cure, cause });
}

/**
 * How to give a process access to a socket that it may not open.
 * @param socket the socket's owner, group and mode (stat(2))
 * @param own the user and groups of the process
 */
export function cureOfSocket(
  socket: { readonly uid: number; readonly gid: number; readonly mode: number },
  own: { readonly uid: number; readonly gids: readonly number[] },
): string {
  const mode = (socket.mode & 0o777).toString(8).padStart(4, '0');
  const isOwner = socket.uid === own.uid;
  const isMember = own.gids.includes(socket.gid);
  const needed = isOwner ? 0o600 : isMember ? 0o060 : 0o006;
  if ((socket.mode & needed) === needed)
    return `the socket's owner and mode (${mode}) allow it, so another rule forbids it. With SELinux, add --security-opt label=disable to docker run, or security_opt: [label=disable] to the service in compose`;
  if (isOwner || isMember) return `the socket's mode ${mode} gives ${isOwner ? 'its owner' : 'its group'} no access: ${openToGroup}`;
  if (socket.gid === overflowGroup)
    return "the engine remaps users, so the socket's group doesn't exist in this container. Put a socket proxy with userns_mode: host in between, or run meet-gen with userns_mode: host (--userns=host with docker run); see docs/engine-access.md";
  const addGroup = `add --group-add ${socket.gid} to docker run, or group_add: ["${socket.gid}"] to the service in compose`;
  if ((socket.mode & 0o060) === 0o060) return `the socket belongs to group ${socket.gid}: ${addGroup}`;
  return `the socket belongs to group ${socket.gid}, and its mode ${mode} gives that group no access: ${openToGroup}; then ${addGroup}`;
}

function readCause(cause: unknown): { code: string | undefined; statusCode: number | undefined; message: string } {
  const error = (cause ?? {}) as { code?: unknown; name?: unknown; statusCode?: unknown; message?: unknown };
  const code = typeof error.code === 'string' ? error.code : error.name === 'TimeoutError' ? 'TimeoutError' : undefined;
  return {
    code,
    statusCode: typeof error.statusCode === 'number' ? error.statusCode : undefined,
    // The message can quote the engine or a proxy.
    message: showUntrustedText(typeof error.message === 'string' ? error.message : String(cause), maxMessageLength),
  };
}
