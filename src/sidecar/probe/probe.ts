import { connect } from 'node:net';
import { askHttp } from '../../util/ask-http.ts';
import { startDeadline } from '../../util/deadline.ts';
import type { ProbeVerdict } from '../../model/container.ts';
import type { HealthLabel } from '../../nginx/token.ts';

/** A container to probe. */
export interface ProbeTarget {
  readonly containerId: string;
  /** `address:port`, as nginx would reach it. */
  readonly endpoint: string;
  readonly health: HealthLabel;
  /** The endpoint is the host's loopback address. meet-gen reaches it only in host mode. */
  readonly isOnLoopback?: true;
  /** The public host name for the Host header: a backend may refuse any other. */
  readonly host?: string;
}

export type ProbeAnswer = Pick<ProbeVerdict, 'answer' | 'detail'>;

const probeTimeoutMs = 2000;

/**
 * Asks a container once whether it is ready. Only a connection or an HTTP status decides. An unreachable container may
 * still be ready for nginx, which may be on other networks than meet-gen.
 */
export async function probeOnce(target: ProbeTarget, signal: AbortSignal): Promise<ProbeAnswer> {
  const { endpoint, health, host, isOnLoopback } = target;
  const deadline = startDeadline(probeTimeoutMs, signal);
  try {
    const answer = await (health.by === 'http'
      ? askPath(endpoint, health.path, host, deadline.signal)
      : tryConnection(endpoint, deadline.signal));
    return answer === refused && isOnLoopback ? refusedByWhom : answer;
  } finally {
    deadline.end();
  }
}

function tryConnection(endpoint: string, signal: AbortSignal): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(`http://${endpoint}`);
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) });
    const finish = (answer: ProbeAnswer): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => finish({ answer: 'ready', detail: 'it accepts connections' }));
    socket.on('error', (error) => finish(answerOfError(error)));
    signal.addEventListener('abort', () => finish(noAnswer), { once: true });
  });
}

async function askPath(endpoint: string, path: string, host: string | undefined, signal: AbortSignal): Promise<ProbeAnswer> {
  const headers = { host: host ?? endpoint, 'x-forwarded-proto': 'https', 'user-agent': 'meet-gen', connection: 'close' };
  try {
    const { status } = await askHttp(`http://${endpoint}${path}`, { headers, maxBytes: 0 }, signal);
    return answerOfStatus(status, path, host);
  } catch (error) {
    return signal.aborted ? noAnswer : answerOfError(error as Error);
  }
}

function answerOfStatus(status: number, path: string, host: string | undefined): ProbeAnswer {
  const detail = `${path} answers ${status}`;
  // Django refuses an unknown host before it reads anything else.
  if (status === 400 && host === undefined) return { answer: 'unclear', detail: `${detail}, and there is no meet.host to ask for` };
  return { answer: status >= 200 && status < 400 ? 'ready' : 'not-ready', detail };
}

const refused: ProbeAnswer = { answer: 'not-ready', detail: 'it refuses connections' };
const refusedByWhom: ProbeAnswer = {
  answer: 'unclear',
  detail: 'the container is in host mode, so only a meet-gen in host mode can probe it',
};
const noAnswer: ProbeAnswer = { answer: 'unclear', detail: 'no answer in time' };

function answerOfError(error: Error): ProbeAnswer {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return refused;
  return { answer: 'unclear', detail: code ?? error.message };
}
