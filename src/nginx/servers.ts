/** The parts of a server block that decide which server answers. */
export interface NginxServer {
  readonly names: readonly string[];
  readonly listens: readonly NginxListen[];
}

interface NginxListen {
  /** `*` for every address. Unix sockets are left out: they have no port. */
  readonly address: string;
  readonly port: number;
  readonly isDefault: boolean;
}

/** Words, quoted or not, and the signs `{`, `}` and `;`; comments are dropped. */
const tokenPattern = /#[^\n]*|"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|[{};]|(?:\$\{[^}]*\}|[^\s{};])+/g;
const defaultPort = 80;

/** The servers of a configuration file, in order. Includes are not followed. */
export function serversIn(text: string): readonly NginxServer[] {
  const servers: { names: string[]; listens: NginxListen[] }[] = [];
  const blocks: string[] = [];
  let words: string[] = [];
  for (const [token] of text.matchAll(tokenPattern)) {
    if (token.startsWith('#')) continue;
    if (token !== '{' && token !== '}' && token !== ';') {
      words.push(token.replace(/^(["'])(.*)\1$/s, '$2'));
      continue;
    }
    const [directive = '', ...values] = words;
    words = [];
    if (token === '}') blocks.pop();
    if (token === '{') {
      blocks.push(directive);
      if (directive === 'server') servers.push({ names: [], listens: [] });
    }
    const server = blocks.at(-1) === 'server' ? servers.at(-1) : undefined;
    if (token !== ';' || server === undefined) continue;
    if (directive === 'server_name') server.names.push(...values.map((name) => name.toLowerCase()));
    if (directive === 'listen') server.listens.push(...readListen(values));
  }
  return servers;
}

export function listensOn(text: string, port: number): boolean {
  return serversIn(text).some(({ listens }) => listens.some((listen) => listen.port === port));
}

/** Whether a listen address is loopback, out of reach for clients on other machines. */
export function isLoopback({ address }: NginxListen): boolean {
  return /^(127\.|\[::1\]$|localhost$)/.test(address);
}

/** `8083`, `*:8083`, `0.0.0.0:8083`, `[::]:8083`, `127.0.0.1` (ngx_http_core_module, listen). */
function readListen([place = '', ...parameters]: readonly string[]): readonly NginxListen[] {
  if (place.startsWith('unix:')) return [];
  const [, port] = /^(?:.*:)?(\d{1,5})$/s.exec(place) ?? [];
  const address = port === undefined ? place : place.slice(0, -port.length - 1);
  const isEvery = ['', '*', '0.0.0.0', '[::]'].includes(address);
  return [
    {
      address: isEvery ? '*' : address.toLowerCase(),
      port: Number(port ?? defaultPort),
      isDefault: parameters.includes('default_server') || parameters.includes('default'),
    },
  ];
}
