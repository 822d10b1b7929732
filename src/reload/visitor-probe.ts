import { nowMs } from '../util/clock.ts';
import { addressIn } from '../model/endpoint.ts';
import { getText, LongAnswer } from './status-request.ts';
import { messageOf } from '../util/error-message.ts';

/** Where visitors reach the file, and which path only this file answers there. */
export interface Entrance {
  readonly port: number;
  /** The names that visitors ask for; none for any. */
  readonly hosts: readonly string[];
  readonly path: string;
}

/** What a visitor gets on the routing port: the published file's own answer, another server's, or none, in words. */
export type VisitorAnswer =
  | { readonly kind: 'target'; readonly tookMs: number }
  | { readonly kind: 'other' | 'silent'; readonly answer: string };

const maxAnswerBytes = 256;
/** Without `meet.host` the default server answers any name; `localhost` would be the one that the official template serves. */
const anyHost = 'meet-gen';

/**
 * The path that only a file of this generation answers, and the location that says so. Nobody can ask for it who hasn't read the file:
 * the answer is open to all, also where a proxy sends on what comes from outside.
 */
export function entrancePath(generation: string): string {
  return `/meet-gen!live-${generation}`;
}

/**
 * Asks once on the routing port, on a fresh connection, as a visitor would.
 * @param endpoint `address:port` of one that tells its generation: the entrance is on the same address
 * @param turn which of the names is asked for, in turn
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
    return { kind: 'other', answer: `${asked}, it answers with status ${status}` };
  } catch (error) {
    if (error instanceof LongAnswer) return { kind: 'other', answer: `${asked}, it answers with status ${error.status}` };
    const reason = signal.aborted ? 'no answer in time' : messageOf(error);
    return { kind: 'silent', answer: `${asked}: ${reason}` };
  }
}
