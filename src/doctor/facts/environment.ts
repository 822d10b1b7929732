import { parseEngineName, parseHosts, parseInstance, parsePort } from '../../nginx/token.ts';
import { wayNamed } from '../../reload/ways/way-table.ts';
import { defined } from '../../util/defined.ts';

/** A variable that is set; without a value where that is outside its grammar, which is then kept nowhere. */
interface Setting<Value> {
  readonly value?: Value;
}

/**
 * The variables that are read from a container, each through a grammar that no secret fits: a host name of a URL, a port, a
 * switch, one of a few words. Everything else in a container's environment is dropped at once.
 */
const grammars = {
  VIRTUAL_HOST: parseHosts,
  VIRTUAL_PORT: parsePort,
  VIRTUAL_HOST_MULTIPORTS: (): true => true,
  LETSENCRYPT_HOST: parseHosts,
  ACME_HOST: parseHosts,
  KC_HOSTNAME: parseUrlHost,
  KC_PROXY_HEADERS: oneOf('xforwarded', 'forwarded'),
  KC_PROXY: oneOf('edge', 'reencrypt', 'passthrough', 'none'),
  KC_HTTP_ENABLED: oneOf('true', 'false'),
  DJANGO_ALLOWED_HOSTS: parseAllowedHosts,
  OIDC_OP_TOKEN_ENDPOINT: parseUrlPlace,
  OIDC_OP_USER_ENDPOINT: parseUrlPlace,
  OIDC_OP_JWKS_ENDPOINT: parseUrlPlace,
  OIDC_OP_AUTHORIZATION_ENDPOINT: parseUrlPlace,
  OIDC_OP_LOGOUT_ENDPOINT: parseUrlPlace,
  LOGIN_REDIRECT_URL: parseUrlPlace,
  LOGIN_REDIRECT_URL_FAILURE: parseUrlPlace,
  LOGOUT_REDIRECT_URL: parseUrlPlace,
  LIVEKIT_API_URL: parseUrlPlace,
  DB_HOST: parseEngineName,
  DATABASE_URL: parseStoreHost,
  REDIS_URL: parseStoreHost,
  CELERY_BROKER_URL: parseStoreHost,
  /** Its media ports alone: it holds keys as well. */
  LIVEKIT_CONFIG: parseLivekitPorts,
  MEET_GEN_INSTANCE: parseInstance,
  MEET_GEN_RELOAD: (text: string) => wayNamed(text.trim().toLowerCase()),
  POST: oneOf('0', '1'),
} as const;

type VariableName = keyof typeof grammars;

export type Environment = { readonly [Name in VariableName]?: Setting<NonNullable<ReturnType<(typeof grammars)[Name]>>> };

/** Where a URL leads, without user, password, path and query. */
export interface UrlPlace {
  readonly scheme: 'https' | 'http' | 'wss' | 'ws';
  readonly host: string;
  /** Absent where it names none, or 443. */
  readonly port?: number;
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Absent: not set. LiveKit ignores the range where `udp_port` is set. */
interface LivekitPorts {
  readonly tcp?: number;
  readonly udp?: PortRange;
}

/**
 * Reads the variables of the table out of a container's environment (`NAME=value` each); an empty value is as good as none.
 * Options of Keycloak and meet-gen may be on the command line instead (`--proxy-headers=xforwarded`), and win.
 */
export function readEnvironment(variables: readonly string[], command: readonly string[]): Environment {
  const found: Record<string, Setting<unknown>> = {};
  for (const text of [...variables, ...readFlags(command)]) {
    const at = text.indexOf('=');
    const name = text.slice(0, at);
    if (at < 1 || at === text.length - 1 || !Object.hasOwn(grammars, name)) continue;
    const value = grammars[name as VariableName](text.slice(at + 1));
    found[name] = defined({ value });
  }
  return found;
}

/** Options of Keycloak's and of meet-gen's. */
const flags: Readonly<Record<string, VariableName>> = {
  '--hostname': 'KC_HOSTNAME',
  '--proxy-headers': 'KC_PROXY_HEADERS',
  '--proxy': 'KC_PROXY',
  '--http-enabled': 'KC_HTTP_ENABLED',
  '--instance': 'MEET_GEN_INSTANCE',
  '--reload': 'MEET_GEN_RELOAD',
};

function readFlags(command: readonly string[]): readonly string[] {
  const given = command.flatMap((word, index) => {
    const [flag = '', ...rest] = word.split('=');
    const name = Object.hasOwn(flags, flag) ? flags[flag] : undefined;
    return name === undefined ? [] : [`${name}=${rest.length > 0 ? rest.join('=') : (command[index + 1] ?? '')}`];
  });
  return command.includes('start-dev') ? ['KC_HTTP_ENABLED=true', ...given] : given;
}

function oneOf<const Words extends readonly string[]>(...words: Words): (text: string) => Words[number] | undefined {
  return (text) => words.find((word) => word === text.trim().toLowerCase());
}

/** The host of a URL, or a host alone; never its user, password or path. */
function parseUrlHost(text: string): string | undefined {
  const hosts = parseHosts(hostOf(text));
  return hosts?.length === 1 ? hosts[0] : undefined;
}

/** The host of a database's URL: inside Docker names may have underscores. */
function parseStoreHost(text: string): string | undefined {
  return text.includes('://') ? parseEngineName(hostOf(text)) : undefined;
}

function hostOf(url: string): string {
  return /^(?:[a-z]{2,12}:\/\/)?(?:[^/@]*@)?([^/:@]+)(?::\d{1,5})?(?:\/.*)?$/i.exec(url.trim())?.[1] ?? '';
}

function parseUrlPlace(text: string): UrlPlace | undefined {
  const scheme = /^(https?|wss?):\/\//i.exec(text.trim())?.[1]?.toLowerCase() as UrlPlace['scheme'] | undefined;
  const host = parseUrlHost(text);
  if (scheme === undefined || host === undefined) return undefined;
  const port = parsePort(/^[a-z]+:\/\/(?:[^/@]*@)?[^/:@]+:(\d+)(?=[/?#]|$)/i.exec(text.trim())?.[1] ?? '');
  return { scheme, host, ...(port === undefined || port === 443 ? {} : { port }) };
}

/** Django's ALLOWED_HOSTS: names, `.name` for its subdomains as well, `*` for any. */
function parseAllowedHosts(text: string): readonly string[] | undefined {
  const hosts = text
    .split(',')
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== '');
  const valid = hosts.every((host) => host === '*' || parseHosts(host.replace(/^\./, '').replace(/:\d{1,5}$/, ''))?.length === 1);
  return hosts.length > 0 && valid ? hosts : undefined;
}

/** YAML or JSON; `udp_port` may be a range, `7882-7892`, as well. `turn` has ports of the same names. */
function parseLivekitPorts(text: string): LivekitPorts {
  const rtc = readSection(text.replace(/(^|\s)#.*$/gm, '$1'), 'rtc');
  const rangeOf = (key: string): PortRange | undefined => {
    const [, from = '', to = from] = new RegExp(`\\b${key}["']?\\s*:\\s*["']?(\\d{1,5})(?:-(\\d{1,5}))?\\b`).exec(rtc) ?? [];
    return rangeFrom(parsePort(from), parsePort(to));
  };
  const tcp = rangeOf('tcp_port')?.first;
  const udp = rangeOf('udp_port') ?? rangeFrom(rangeOf('port_range_start')?.first, rangeOf('port_range_end')?.first);
  return defined({ tcp, udp });
}

function rangeFrom(first: number | undefined, last: number | undefined): PortRange | undefined {
  return first === undefined || last === undefined || last < first ? undefined : { first, last };
}

/** The text below a key: in braces, or the lines that are indented further. */
function readSection(text: string, key: string): string {
  const [start, indent = ''] = new RegExp(`(?:^([ \\t]*)|[{,]\\s*)["']?${key}["']?\\s*:`, 'm').exec(text) ?? [];
  if (start === undefined) return '';
  const rest = text.slice(text.indexOf(start) + start.length);
  if (/^\s*\{/.test(rest)) return rest.slice(0, rest.indexOf('}') + 1 || undefined);
  const lines = rest.split('\n').slice(1);
  const end = lines.findIndex((line) => line.trim() !== '' && line.search(/\S/) <= indent.length);
  return lines.slice(0, end === -1 ? undefined : end).join('\n');
}
