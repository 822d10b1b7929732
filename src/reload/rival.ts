import { showUntrustedText } from '../model/untrusted-text.ts';
import { isLoopback, serversIn } from '../nginx/servers.ts';
import type { NginxServer } from '../nginx/servers.ts';
import type { WayFrontend, WayPorts } from './ways/way.ts';

const maxNameLength = 200;
const dumpLimitMs = 5000;
/** The folders that the published file is included from. The end of a long dump is cut off. */
const ownFolders = ['/etc/nginx/meet-routing/', '/tmp/meet-gen/'];
/** The stub's own servers have this name. */
const ownName = 'meet-gen.invalid';
/** nginx's own log line, not a line about a request (`*7`): a visitor controls the rest of those. */
const conflictPattern =
  /^\d{4}(?:\/\d\d){2} \d\d(?::\d\d){2} \[warn\] \d+#\d+: conflicting server name "([^"\n]{0,300})" on [^\s,]{1,100}:(\d{1,5}), ignored$/gm;

/** Undefined if meet-gen has no access. */
type RivalPorts = { readonly [Name in 'exec' | 'logs']: WayPorts[Name] | undefined };

/** `nginx -T` prints every file that nginx reads. Without exec, nginx's log still names servers of the same name. */
export async function findRival(
  { exec, logs }: RivalPorts,
  frontend: WayFrontend,
  port: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const dumped = await exec?.(frontend, ['nginx', '-T'], dumpLimitMs, signal).catch(() => undefined);
  const found = dumped && rivalInDump(dumped.output, port);
  if (found !== undefined || logs === undefined) return found;
  return rivalInLog(await logs(frontend, 0, signal), port);
}

/**
 * Describes the first server on a port that isn't meet-gen's, in the output of `nginx -T`.
 * nginx prefers the first server if no `server_name` matches, and if two servers have the same name.
 */
export function rivalInDump(dump: string, port: number): string | undefined {
  const [, ...files] = dump.split(/^# configuration file (?=[^\n]*:$)/m);
  for (const file of files) {
    const end = file.indexOf(':\n');
    const name = file.slice(0, Math.max(0, end));
    if (ownFolders.some((folder) => name.startsWith(folder))) continue;
    const rival = serversIn(file.slice(end + 2)).find((server) => isRival(server, port));
    if (rival !== undefined) return `${describe(rival)} of ${showUntrustedText(name, maxNameLength)}`;
  }
  return undefined;
}

/** The same from nginx's log: only `conflicting server name "x" on 0.0.0.0:8083, ignored` names a server. */
export function rivalInLog(log: string, port: number): string | undefined {
  const conflict = [...log.matchAll(conflictPattern)].findLast(([, , at]) => Number(at) === port);
  return conflict === undefined ? undefined : `another server with the name "${showUntrustedText(conflict[1] ?? '', maxNameLength)}"`;
}

function isRival({ names, listens }: NginxServer, port: number): boolean {
  return !names.includes(ownName) && listens.some((listen) => listen.port === port && !isLoopback(listen));
}

function describe({ names }: NginxServer): string {
  return names.length === 0 ? 'a server without a name' : `the server "${showUntrustedText(names.join(' '), maxNameLength)}"`;
}
