import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Task } from './read-tasks.ts';

/** The addresses that Docker's DNS lists for a name. */
export type ResolveName = (name: string) => Promise<readonly string[]>;

/** Docker's DNS answers within milliseconds. */
const answerLimitMs = 1000;
const serviceName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;

/**
 * Asks DNS itself, since `getaddrinfo` would keep a thread of the process busy while DNS hangs.
 * @param servers the DNS servers; by default those of the container (/etc/resolv.conf)
 */
export function createResolver(servers?: readonly string[]): ResolveName {
  const resolver = new Resolver({ timeout: answerLimitMs, tries: 1 });
  if (servers !== undefined) resolver.setServers(servers);
  return (name) => resolver.resolve4(name);
}

/**
 * The addresses of a manager's name, from DNS. Only for a name that DNS doesn't know, asks `getaddrinfo`, which also reads
 * /etc/hosts.
 * @throws Error without an address
 */
export async function resolveManager(resolve: ResolveName, name: string): Promise<readonly string[]> {
  if (isIP(name) !== 0) return [name];
  try {
    return await resolve(name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTFOUND' && code !== 'ENODATA') throw error;
    return (await lookup(name, { all: true })).map(({ address }) => address);
  }
}

/** The name under which Docker's DNS lists the tasks of a service; undefined for a name that no service can have. */
export function tasksName(service: string): string | undefined {
  return serviceName.test(service) ? `tasks.${service}` : undefined;
}

/**
 * The tasks with an address that Docker's DNS doesn't list. DNS knows sooner than the managers that a task crashed, is unhealthy,
 * or was stopped by hand. meet-gen asks for IPv4 addresses, and DNS lists those on networks that meet-gen is on.
 * @returns no task if all are unlisted: then the answer is about another network
 */
export function unlistedTasks(tasks: readonly Task[], addresses: readonly string[]): readonly string[] {
  const listed = new Set(addresses);
  const unlisted = tasks.filter(({ networks }) => {
    const own = networks.flatMap(({ attachment }) => attachment.ipv4 ?? []);
    return own.length > 0 && !own.some((address) => listed.has(address));
  });
  return unlisted.length === tasks.length ? [] : unlisted.map(({ id }) => id);
}
