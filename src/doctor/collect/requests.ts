import { lookup } from 'node:dns/promises';
import { connect as connectTcp } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { connect as connectTls } from 'node:tls';
import type { PeerCertificate } from 'node:tls';
import { askHttp } from '../../util/ask-http.ts';
import { startDeadline } from '../../util/deadline.ts';
import type { HttpAnswer, Resolution, Reachability, TlsAnswer } from '../facts/facts.ts';
import { defined } from '../../util/defined.ts';

const limitMs = 3000;
const maxBodyBytes = 65_536;
const noAnswer = 'no answer in time';
const dayMs = 86_400_000;

/**
 * Sends the request of nginx-proxy to all endpoints in parallel.
 * @returns the best answer: not every network is reachable
 */
export async function askApi(
  endpoints: readonly string[],
  path: string,
  host: string | undefined,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  if (endpoints.length === 0) return { kind: 'unreachable', reason: 'no address' };
  const answers = await Promise.all(endpoints.map((endpoint) => within(signal, (limit) => askOne(endpoint, path, host, limit))));
  const order = ['answer', 'garbled', 'refused', 'unreachable'] as const;
  return (
    answers.toSorted((left, right) => order.indexOf(left.kind) - order.indexOf(right.kind))[0] ?? { kind: 'unreachable', reason: noAnswer }
  );
}

/** Looks up a name with the resolver of this machine or container. */
export async function resolveName(name: string, signal: AbortSignal): Promise<Resolution> {
  const looked = lookup(name, { all: true }).then(
    (found): Resolution => ({ kind: 'addresses', addresses: found.map(({ address }) => address) }),
    (error: NodeJS.ErrnoException): Resolution =>
      error.code === 'ENOTFOUND' ? { kind: 'no-such-name' } : { kind: 'unclear', reason: error.code ?? error.message },
  );
  return within(signal, (limit) => Promise.race([looked, aborted(limit).then((): Resolution => ({ kind: 'unclear', reason: noAnswer }))]));
}

/** Connects to port 443 like a browser. @param now milliseconds since 1970 */
export function tryTls(name: string, address: string, now: number, signal: AbortSignal): Promise<TlsAnswer> {
  return within(
    signal,
    (limit) =>
      new Promise((resolve) => {
        // The certificate is judged below, which keeps the reason.
        const socket = connectTls({ host: address, port: 443, servername: name, rejectUnauthorized: false });
        const finish = (answer: TlsAnswer): void => {
          socket.destroy();
          resolve(answer);
        };
        socket.on('secureConnect', () => {
          const { authorized, authorizationError } = socket;
          if (!authorized) return finish({ kind: 'untrusted', reason: String(authorizationError) });
          finish({ kind: 'valid', daysLeft: daysLeft(socket.getPeerCertificate(), now) });
        });
        socket.on('error', (error: NodeJS.ErrnoException) => {
          if (error.code === 'ECONNREFUSED') finish({ kind: 'refused' });
          else finish({ kind: 'unreachable', reason: error.code ?? error.message });
        });
        limit.addEventListener('abort', () => finish({ kind: 'unreachable', reason: noAnswer }), { once: true });
      }),
  );
}

/** Tries to connect to a port. */
export function tryPort(address: string, port: number, signal: AbortSignal): Promise<Reachability> {
  return within(
    signal,
    (limit) =>
      new Promise((resolve) => {
        const socket = connectTcp({ host: address, port });
        const finish = (result: Reachability): void => {
          socket.destroy();
          resolve(result);
        };
        socket.on('connect', () => finish({ kind: 'open' }));
        socket.on('error', (error: NodeJS.ErrnoException) => finish({ kind: 'closed', reason: error.code ?? error.message }));
        limit.addEventListener('abort', () => finish({ kind: 'closed', reason: noAnswer }), { once: true });
      }),
  );
}

/** Whether this process runs in that container: the engine sets the host name to the container's id. */
export function isThisContainer(id: string): boolean {
  return hostname().length >= 12 && id.startsWith(hostname());
}

/** The networks of this machine or container, as `172.18.0.5/16`. */
export function ownNetworks(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).flatMap(({ cidr }) => cidr ?? []));
}

async function askOne(endpoint: string, path: string, host: string | undefined, signal: AbortSignal): Promise<HttpAnswer> {
  const headers = { host: host ?? endpoint, 'x-forwarded-proto': 'https', 'user-agent': 'meet-gen doctor', connection: 'close' };
  try {
    const { status, headers: answered, body } = await askHttp(`http://${endpoint}${path}`, { headers, maxBytes: maxBodyBytes }, signal);
    const content = contentOf(answered['content-type'] ?? '', body);
    return { kind: 'answer', status, content, ...defined({ location: answered.location }) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED') return { kind: 'refused' };
    if (code?.startsWith('HPE_') === true || code === 'ECONNRESET') return { kind: 'garbled', reason: code };
    return { kind: 'unreachable', reason: signal.aborted ? noAnswer : (code ?? message) };
  }
}

/** Parses the body, since the status says little: the SPA answers 200 to every path. */
function contentOf(type: string, body: string): 'json' | 'html' | 'other' {
  if (type.startsWith('text/html')) return 'html';
  if (!type.includes('json')) return 'other';
  try {
    JSON.parse(body);
    return 'json';
  } catch {
    return 'other';
  }
}

function daysLeft({ valid_to: until }: PeerCertificate, now: number): number {
  return Math.floor((Date.parse(until) - now) / dayMs);
}

async function within<Result>(signal: AbortSignal, ask: (limit: AbortSignal) => Promise<Result>): Promise<Result> {
  const deadline = startDeadline(limitMs, signal);
  try {
    return await ask(deadline.signal);
  } finally {
    deadline.end();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
