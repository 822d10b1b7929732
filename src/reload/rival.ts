import { showForeignText } from '../model/foreign-text.ts';

const maxNameLength = 200;
/** Where the published file is included from. A long dump is cut, so its end may be missing. */
const ownFolders = ['/etc/nginx/meet-routing/', '/tmp/meet-gen/'];

/**
 * The first server on a port that isn't meet-gen's, as `nginx -T` prints the configuration, in words; undefined where there is none.
 * nginx takes the first of several for requests that no `server_name` matches, and of two with the same name.
 */
export function rivalInDump(dump: string, port: number): string | undefined {
  const [, ...files] = dump.split(/^# configuration file (?=[^\n]*:$)/m);
  for (const file of files) {
    const [name = '', ...lines] = file.split('\n');
    const text = lines.map((line) => line.replace(/#.*$/, '')).join('\n');
    if (ownFolders.some((folder) => name.startsWith(folder))) continue;
    const server = text.split(/^[ \t]*server[ \t]*\{/m).find((block) => listensOn(block, port) && !block.includes('meet-gen.invalid'));
    if (server !== undefined) return shown(name.replace(/:$/, ''), /\bserver_name[ \t]+([^;{}\n]{1,500});/.exec(server)?.[1]);
  }
  return undefined;
}

/** A line as nginx begins one, and none that is about a request (`*7`): a visitor can write the rest of these. */
const conflictPattern =
  /^\d{4}(?:\/\d\d){2} \d\d(?::\d\d){2} \[warn\] \d+#\d+: conflicting server name "([^"\n]{0,300})" on [^\s,]{1,100}:(\d{1,5}), ignored$/gm;

/** The same from nginx's log, which names servers of the same name alone: `conflicting server name "x" on 0.0.0.0:8083, ignored`. */
export function rivalInLog(log: string, port: number): string | undefined {
  const conflicts = [...log.matchAll(conflictPattern)];
  const name = conflicts.findLast(([, , at]) => Number(at) === port)?.[1];
  return name === undefined ? undefined : `another server of the name "${showForeignText(name, maxNameLength)}"`;
}

function listensOn(block: string, port: number): boolean {
  return [...block.matchAll(/(?<![\w$-])listen[ \t]+(?:[^\s;]{1,100}:)?(\d{1,5})(?=[\s;])/g)].some(([, at]) => Number(at) === port);
}

function shown(file: string, name: string | undefined): string {
  const server = name === undefined ? 'a server without a name' : `the server "${showForeignText(name.trim(), maxNameLength)}"`;
  return `${server} of ${showForeignText(file, maxNameLength)}`;
}
