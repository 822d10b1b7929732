import { nowMs } from '../util/clock.ts';
import { addressIn } from '../model/endpoint.ts';
import { getText, LongAnswer } from './status-request.ts';
import { messageOf } from '../util/error-message.ts';

/** Where visitors reach the published file, and a path that only this file answers. */
export interface Entrance {
  readonly port: number;
  /** The host names that visitors use; empty if any name works. */
  readonly hosts: readonly string[];
  readonly path: string;
}

/** The answer that a visitor gets on the routing port: `target` from the published file, `other` from another server. */
export type VisitorAnswer =
  | { readonly kind: 'target'; readonly tookMs: number }
  | { readonly kind: 'other' | 'silent'; readonly answer: string };

const maxAnswerBytes = 256;
/** Used without `meet.host`: any name works except `localhost`, which the official template's server has. */
const anyHost = 'meet-gen';

/**
 * The path that only the file of this generation answers. Its location has no access limit, since requests may come
 * through a proxy. The generation in the path keeps it unguessable without the file.
 */
export function entrancePath(generation: string): string {
  return `/meet-gen!live-${generation}`;
}

/**
 * Sends a request to the routing port as a visitor would, on a new connection.
 * @param endpoint `address:port` of the status server. Only its address is used: the routing port is on the same address
 * @param turn the number of the request, which picks the host name: the host names take turns
 */
export async function askAsVisitor(
  endpoint: string,
  { port, hosts, path }: Entrance,
  turn: number,
  signal: AbortSignal,
): Promise<VisitorAnswer> {
  const askedAtMs = nowMs();
  const name = hosts[turn % hosts.length];
  const asked = `asked as ${name ?? 'any host'} on port ${port}`;
  try {
    const host = name?.replace(/^\*/, anyHost) ?? anyHost;
    const { status, body } = await getText(`${addressIn(endpoint)}:${port}`, path, maxAnswerBytes, signal, host);
    if (status === 200 && path.endsWith(`-${body.split(' ')[0] ?? ''}`)) return { kind: 'target', tookMs: nowMs() - askedAtMs };
    return { kind: 'other', answer: `${asked}: status ${status}` };
  } catch (error) {
    if (error instanceof LongAnswer) return { kind: 'other', answer: `${asked}: status ${error.status}` };
    const reason = signal.aborted ? 'no answer in time' : messageOf(error);
    return { kind: 'silent', answer: `${asked}: ${reason}` };
  }
}
