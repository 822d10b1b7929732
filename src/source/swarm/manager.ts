import { Agent } from 'node:https';
import { isIPv6 } from 'node:net';
import type { DockerHost } from '../docker-host.ts';

/** One address where a manager answers: a `meet-gen reader`, or a socket proxy. */
export interface Manager {
  /** For messages: `tcp://10.0.1.5:9190`. Two managers never have the same. */
  readonly place: string;
  /** The beginning of the URL of each question. */
  readonly url: string;
  /** The connection, for `node:http`. */
  readonly connection: { readonly socketPath?: string; readonly agent?: Agent };
}

/**
 * One address of a host.
 * @param address undefined for a unix socket
 */
export function managerAt(host: DockerHost, address = ''): Manager {
  if ('socketPath' in host) return { place: host.url, url: 'http://manager', connection: { socketPath: host.socketPath } };
  const authority = `${isIPv6(address) ? `[${address}]` : address}:${host.port}`;
  if (host.tls === undefined) return { place: `tcp://${authority}`, url: `http://${authority}`, connection: {} };
  // The certificate is for the name, not for the address. Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED can't turn it off.
  const agent = new Agent({ ...host.tls, servername: host.host, rejectUnauthorized: true });
  return { place: `https://${authority}`, url: `https://${authority}`, connection: { agent } };
}
