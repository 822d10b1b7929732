import { showForeignText } from '../model/foreign-text.ts';
import { isLoopback, serversIn } from '../nginx/servers.ts';
import type { NginxServer } from '../nginx/servers.ts';
import type { WayFrontend, WayPorts } from './ways/way.ts';

const maxNameLength = 200;
const dumpLimitMs = 5000;
/** Where the published file is included from. A long dump is cut, so its end may be missing. */
const ownFolders = ['/etc/nginx/meet-routing/', '/tmp/meet-gen/'];
/** Of the servers that the stub has itself. */
const ownName = 'meet-gen.invalid';
/** A line as nginx begins one, and none that is about a request (`*7`): a visitor can write the rest of these. */
const conflictPattern =
  /^\d{4}(?:\/\d\d){2} \d\d(?::\d\d){2} \[warn\] \d+#\d+: conflicting server name "([^"\n]{0,300})" on [^\s,]{1,100}:(\d{1,5}), ignored$/gm;

/** Each is absent where it may not be used. */
type RivalPorts = { readonly [Name in 'exec' | 'logs']: WayPorts[Name] | undefined };

/** `nginx -T` prints every file that nginx reads. Where no command may be run, nginx's log names servers of the same name. */
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
 * The first server on a port that isn't meet-gen's, as `nginx -T` prints the configuration, in words; undefined where there is none.
 * nginx takes the first of several for requests that no `server_name` matches, and of two with the same name.
 */
export function rivalInDump(dump: string, port: number): string | undefined {
  const [, ...files] = dump.split(/^# configuration file (?=[^\n]*:$)/m);
  for (const file of files) {
    const end = file.indexOf(':\n');
    const name = file.slice(0, Math.max(0, end));
    if (ownFolders.some((folder) => name.startsWith(folder))) continue;
    const rival = serversIn(file.slice(end + 2)).find((server) => isRival(server, port));
    if (rival !== undefined) return `${describe(rival)} of ${showForeignText(name, maxNameLength)}`;
  }
  return undefined;
}

/** The same from nginx's log, which names servers of the same name alone: `conflicting server name "x" on 0.0.0.0:8083, ignored`. */
export function rivalInLog(log: string, port: number): string | undefined {
  const conflict = [...log.matchAll(conflictPattern)].findLast(([, , at]) => Number(at) === port);
  return conflict === undefined ? undefined : `another server of the name "${showForeignText(conflict[1] ?? '', maxNameLength)}"`;
}

function isRival({ names, listens }: NginxServer, port: number): boolean {
  return !names.includes(ownName) && listens.some((listen) => listen.port === port && !isLoopback(listen));
}

function describe({ names }: NginxServer): string {
  return names.length === 0 ? 'a server without a name' : `the server "${showForeignText(names.join(' '), maxNameLength)}"`;
}
