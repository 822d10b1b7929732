import { showUntrustedText } from '../../model/untrusted-text.ts';
import { messageOf } from '../../util/error-message.ts';
import { answerLimits } from '../docker/answer-limits.ts';
import { recordOf, textOf } from '../docker/json-fields.ts';
import { explainTlsFailure } from '../docker/tls-failure.ts';
import { EngineError } from '../engine-error.ts';

/** Why one manager has no usable answer, and how to fix it. */
export class ManagerFailure extends Error {
  override name = 'ManagerFailure';
  readonly cure: string;

  constructor(reason: string, cure: string, cause?: unknown) {
    super(reason, { cause });
    this.cure = cure;
  }
}

const maxReasonLength = 200;
const checkManagers = 'check that a reader, or a socket proxy, runs on each manager, and that --managers names them';

const reasons: Readonly<Record<string, readonly [reason: string, cure: string]>> = {
  ECONNREFUSED: ['it refuses connections', checkManagers],
  ENOENT: ['its socket does not exist', checkManagers],
  EACCES: ['this user may not open its socket', 'add the group of the socket to meet-gen (group_add in a stack: user)'],
  ENODATA: ['its name has no address', checkManagers],
  ETIMEOUT: ['DNS did not answer for its name', checkManagers],
  ENOTFOUND: [
    'its name has no address',
    `${checkManagers}. A name such as tasks.reader needs a network that meet-gen and the readers share`,
  ],
};

/** Why a question failed, from the error of the connection. */
export function failureOf(cause: unknown): ManagerFailure {
  if (cause instanceof ManagerFailure) return cause;
  const { code, name } = cause as NodeJS.ErrnoException;
  const known = reasons[code ?? ''];
  if (known !== undefined) return new ManagerFailure(...known, cause);
  if (name === 'TimeoutError' || name === 'AbortError') return new ManagerFailure('it did not answer in time', checkManagers, cause);
  const tls = explainTlsFailure(code);
  if (tls !== undefined) return new ManagerFailure(ofManagers(tls.why), ofManagers(tls.cure), cause);
  return new ManagerFailure(showUntrustedText(messageOf(cause), maxReasonLength), checkManagers, cause);
}

/** The texts about TLS name the option of an engine. */
function ofManagers(text: string): string {
  return text.replaceAll('DOCKER_HOST', '--managers');
}

/** Why an answer with this status can't be used. @param body can quote the engine or a proxy */
export function refusal(path: string, status: number, body: string): ManagerFailure {
  if (status === 403 || status === 405)
    return new ManagerFailure(`it refuses GET ${path} (${status})`, `let GET ${path} through in the socket proxy on the manager`);
  if (status === 304)
    return new ManagerFailure('it answered 304 about another answer than the last', 'check whether a proxy in between changes questions');
  if (status >= 300 && status < 400) return new ManagerFailure(`it redirects GET ${path} (${status})`, checkManagers);
  const text = messageIn(body);
  if (isFromWorker(status, text)) return new ManagerFailure('it is a worker, or in no swarm', putOnManagers);
  const shown = showUntrustedText(text, maxReasonLength);
  return new ManagerFailure(`it answered ${status}${shown === '' ? '' : `: ${shown}`}`, checkManagers);
}

export const putOnManagers = 'put the reader, or the socket proxy, on managers: deploy.placement.constraints: [node.role == manager]';

/** Whether an error comes from the engine of a worker (moby, daemon/cluster: errNoSwarm, errNoManager). */
export function isFromWorker(status: number | undefined, text: string): boolean {
  return status === 503 && text.includes('swarm manager');
}

/** The text of an error: Docker's JSON has it in `message`. */
function messageIn(body: string): string {
  const text = body.trim();
  if (text.length > answerLimits.errorText.maxBytes) return text;
  try {
    return textOf(recordOf(JSON.parse(text))['message']) || text;
  } catch {
    return text;
  }
}

/** @param failures by the place of the manager */
export function noManager(failures: ReadonlyMap<string, ManagerFailure>): EngineError {
  const found = [...failures].toSorted(([left], [right]) => (left < right ? -1 : 1));
  return new EngineError(`no manager of the swarm can be read: ${found.map(([place, { message }]) => `${place}: ${message}`).join('; ')}`, {
    cure: [...new Set(found.map(([, { cure }]) => cure))].join('; '),
  });
}
