import { parseEngineName, parseHosts, parseInstance, parsePort } from '../../nginx/token.ts';
import { wayNamed } from '../../reload/ways/way-table.ts';
import { defined } from '../../util/defined.ts';

/** A variable that is set. A value outside the grammar is dropped. */
interface Setting<Value> {
  readonly value?: Value;
}

/**
 * The variables that the doctor reads. No secret fits their grammars: the host name of a URL, a port, a switch, a fixed
 * word. Every other variable is dropped immediately.
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
  /** Only its media ports, since the configuration also has keys. */
  LIVEKIT_CONFIG: parseLivekitPorts,
  MEET_GEN_INSTANCE: parseInstance,
  MEET_GEN_RELOAD: (text: string) => wayNamed(text.trim().toLowerCase()),
  POST: oneOf('0', '1'),
} as const;

type VariableName = keyof typeof grammars;

export type Environment = { readonly [Name in VariableName]?: Setting<NonNullable<ReturnType<(typeof grammars)[Name]>>> };

/** Scheme, host and port of a URL; without user, password, path and query. */
export interface UrlPlace {
  readonly scheme: 'https' | 'http' | 'wss' | 'ws';
  readonly host: string;
  /** Undefined without a port, and for 443. */
  readonly port?: number;
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Undefined if not set. With `udp_port`, LiveKit ignores the range. */
interface LivekitPorts {
  readonly tcp?: number;
  readonly udp?: PortRange;
}

/**
 * Reads the variables of the table from a container's environment (`NAME=value`). An empty value counts as not set.
 * Options of Keycloak and meet-gen on the command line (`--proxy-headers=xforwarded`) take precedence.
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

/** Options of Keycloak and meet-gen. */
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

/** Reads the host of a URL, or a plain host; never user, password or path. */
function parseUrlHost(text: string): string | undefined {
  const hosts = parseHosts(hostOf(text));
  return hosts?.length === 1 ? hosts[0] : undefined;
}

/** Reads the host of a database's URL. Names inside Docker may have underscores. */
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

/** Reads Django's ALLOWED_HOSTS: names, `.name` to include subdomains, `*` for any host. */
function parseAllowedHosts(text: string): readonly string[] | undefined {
  const hosts = text
    .split(',')
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== '');
  const valid = hosts.every((host) => host === '*' || parseHosts(host.replace(/^\./, '').replace(/:\d{1,5}$/, ''))?.length === 1);
  return hosts.length > 0 && valid ? hosts : undefined;
}

/**
 * Reads YAML or JSON. `udp_port` can be a range: `7882-7892`. Only `rtc` is read, since `turn` has ports of the same
 * names.
 */
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

/** The text below a key: in braces, or the lines with more indentation. */
function readSection(text: string, key: string): string {
  const [start, indent = ''] = new RegExp(`(?:^([ \\t]*)|[{,]\\s*)["']?${key}["']?\\s*:`, 'm').exec(text) ?? [];
  if (start === undefined) return '';
  const rest = text.slice(text.indexOf(start) + start.length);
  if (/^\s*\{/.test(rest)) return rest.slice(0, rest.indexOf('}') + 1 || undefined);
  const lines = rest.split('\n').slice(1);
  const end = lines.findIndex((line) => line.trim() !== '' && line.search(/\S/) <= indent.length);
  return lines.slice(0, end === -1 ? undefined : end).join('\n');
}
