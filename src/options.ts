import { parseInstance, parseProject } from './nginx/token.ts';
import { nearest } from './model/nearest.ts';
import { showUntrustedText } from './model/untrusted-text.ts';
import type { Wait } from './loop/coalescer.ts';
import { defaultWay, reloadWays, wayNamed } from './reload/ways/way-table.ts';
import type { ReloadWay } from './reload/ways/way.ts';
import { parseDockerHost } from './source/docker-host.ts';
import type { DockerHost } from './source/docker-host.ts';
import { defaultSource, sourceKinds, sourceNamed } from './source/kinds/source-table.ts';
import type { SourceKind } from './source/source.ts';
import { messageOf } from './util/error-message.ts';

export type CommandName = 'run' | 'reader' | 'render' | 'drain' | 'explain' | 'status' | 'doctor' | 'healthcheck';
type Check = 'auto' | 'exec' | 'off';
interface ListenAddress {
  readonly host: string;
  readonly port: number;
}
type Listen = ListenAddress | 'off';
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

type Env = Readonly<Record<string, string | undefined>>;

export interface OptionSpec<Value> {
  readonly flag: string;
  readonly variable: string;
  /** The placeholder for the value in the help; absent for a switch, which is on when given. */
  readonly placeholder?: string;
  readonly meaning: string;
  readonly commands: readonly CommandName[];
  /** The default as text; absent when the option may be absent. */
  readonly fallback?: string;
  /** @throws Error that says what the value should look like */
  readonly parse: (text: string, env: Env) => Value;
}

function option<Value>(spec: OptionSpec<Value>): OptionSpec<Value> {
  return spec;
}

const all: readonly CommandName[] = ['run', 'render', 'healthcheck'];
const working: readonly CommandName[] = ['run', 'render'];
const logging: readonly CommandName[] = [...all, 'reader'];

/** `--out <directory>`, or the flag alone for a switch. */
export function flagWithValue({ flag, placeholder }: Pick<OptionSpec<unknown>, 'flag' | 'placeholder'>): string {
  return placeholder === undefined ? flag : `${flag} <${placeholder}>`;
}

/** Every option, as flag and as environment variable; help and `docs/configuration.md` are generated from this table. */
export const optionTable = {
  dockerHost: option({
    flag: '--docker-host',
    variable: 'DOCKER_HOST',
    placeholder: 'url',
    meaning: 'the engine: unix:///path or tcp://host:port; over TLS with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH',
    commands: [...working, 'reader', 'doctor'],
    fallback: 'unix:///var/run/docker.sock',
    parse: parseDockerHost,
  }),
  source: option({
    flag: '--source',
    variable: 'MEET_GEN_SOURCE',
    placeholder: 'name',
    meaning: `where to read containers: ${sourceKinds.map(({ name, meaning }) => `${name}: ${meaning}`).join('; ')}`,
    commands: all,
    fallback: defaultSource.name,
    parse: parseSource,
  }),
  managers: option({
    flag: '--managers',
    variable: 'MEET_GEN_MANAGERS',
    placeholder: 'urls',
    meaning:
      'with --source swarm: the readers on the managers, or socket proxies before them, separated by commas. A name with several addresses stands for all of them',
    commands: working,
    fallback: 'tcp://tasks.reader:9190',
    parse: parseManagers,
  }),
  readerSecret: option({
    flag: '--reader-secret',
    variable: 'MEET_GEN_READER_SECRET',
    placeholder: 'file',
    meaning: 'the file with the secret that meet-gen reader signs its answers with. Without it, run accepts answers without a signature',
    commands: [...working, 'reader'],
    parse: parseText,
  }),
  serve: option({
    flag: '--serve',
    variable: 'MEET_GEN_SERVE',
    placeholder: 'address:port',
    meaning: 'the address where meet-gen reader answers the nodes',
    commands: ['reader'],
    fallback: '0.0.0.0:9190',
    parse: parseServe,
  }),
  node: option({
    flag: '--node',
    variable: 'MEET_GEN_NODE',
    placeholder: 'id',
    meaning:
      'with --source swarm: the id of this node ({{.Node.ID}} in a stack file), which run requires. meet-gen reloads only the frontends of this node',
    commands: working,
    parse: parseText,
  }),
  out: option({
    flag: '--out',
    variable: 'MEET_GEN_OUT',
    placeholder: 'directory',
    meaning:
      'the directory for routing.conf, which the frontend mounts read-only; the other commands ask the meet-gen that publishes there. With --instance also an existing file, but a directory is better: see the problem single-file-out',
    commands: [...working, 'drain', 'explain', 'status', 'healthcheck'],
    fallback: '/routing',
    parse: parseText,
  }),
  instance: option({
    flag: '--instance',
    variable: 'MEET_GEN_INSTANCE',
    placeholder: 'name',
    meaning:
      'only this Meet; run then publishes directly into --out. Without --instance: all Meets of the engine, each in its own folder of --out',
    commands: [...working, 'explain', 'status', 'doctor'],
    parse: parseInstanceOption,
  }),
  project: option({
    flag: '--project',
    variable: 'MEET_GEN_PROJECT',
    placeholder: 'project',
    meaning:
      'the compose project that owns --instance; for several Meets prod=visio,test=visio-test. Without --project, meet-gen decides at its first look, and remembers the owner (docs/operations.md)',
    commands: [...working, 'doctor'],
    parse: parseProjects,
  }),
  strictInstance: option({
    flag: '--strict-instance',
    variable: 'MEET_GEN_STRICT_INSTANCE',
    meaning: 'refuse containers of compose projects that do not own the instance; without --strict-instance they are only reported',
    commands: working,
    fallback: 'false',
    parse: parseSwitch,
  }),
  templates: option({
    flag: '--templates',
    variable: 'MEET_GEN_TEMPLATES',
    placeholder: 'directory',
    meaning: 'your own template directory with routing.conf.eta, watched for changes; without --templates the shipped one',
    commands: working,
    parse: parseText,
  }),
  wait: option({
    flag: '--wait',
    variable: 'MEET_GEN_WAIT',
    placeholder: 'min:max',
    meaning: 'after a change, look again when no event came for min, at the latest after max',
    commands: ['run'],
    fallback: '50ms:500ms',
    parse: parseWait,
  }),
  resyncMs: option({
    flag: '--resync',
    variable: 'MEET_GEN_RESYNC',
    placeholder: 'duration',
    meaning: 'how often to look at everything, with or without events',
    commands: ['run'],
    fallback: '30s',
    parse: parseResync,
  }),
  verifyTimeoutMs: option({
    flag: '--verify-timeout',
    variable: 'MEET_GEN_VERIFY_TIMEOUT',
    placeholder: 'duration',
    meaning: 'report a frontend as unverified after this time without an answer',
    commands: ['run'],
    fallback: '5s',
    parse: parseDuration,
  }),
  reload: option({
    flag: '--reload',
    variable: 'MEET_GEN_RELOAD',
    placeholder: 'way',
    meaning: `how to make nginx reload: ${reloadWays.map(({ name, meaning }) => `${name}: ${meaning}`).join('; ')}`,
    commands: ['run'],
    fallback: defaultWay.name,
    parse: parseReload,
  }),
  check: option({
    flag: '--check',
    variable: 'MEET_GEN_CHECK',
    placeholder: 'how',
    meaning:
      "how to test a change of structure before it is published. auto: with the frontends' own nginx, through exec, unless a socket proxy (plain tcp://) is in between. exec: the same, and no untested change is published. off: no test, and no log is read",
    commands: ['run'],
    fallback: 'auto',
    parse: parseCheck,
  }),
  listen: option({
    flag: '--listen',
    variable: 'MEET_GEN_LISTEN',
    placeholder: 'address:port',
    meaning:
      'the address of the status page (/), /status, /metrics, /healthz and /readyz; off: only the unix socket that the other commands ask',
    commands: ['run'],
    fallback: '127.0.0.1:9180',
    parse: parseListen,
  }),
  allowHost: option({
    flag: '--allow-host',
    variable: 'MEET_GEN_ALLOW_HOST',
    placeholder: 'names',
    meaning:
      'the host names, separated by commas, that requests to --listen may use besides addresses and localhost. For example meet-gen, or the name of a proxy. Other names are refused, so that no web page can read the status under its own name',
    commands: ['run'],
    parse: parseHostNames,
  }),
  logLevel: option({
    flag: '--log-level',
    variable: 'MEET_GEN_LOG_LEVEL',
    placeholder: 'level',
    meaning: `log messages of this level and above: ${logLevels.join(', ')}`,
    commands: logging,
    fallback: 'info',
    parse: parseLogLevel,
  }),
  logFormat: option({
    flag: '--log-format',
    variable: 'MEET_GEN_LOG_FORMAT',
    placeholder: 'format',
    meaning: 'json or pretty; without --log-format pretty on a terminal, json elsewhere',
    commands: logging,
    parse: parseLogFormat,
  }),
} as const;

export type OptionName = keyof typeof optionTable;
type ValueOf<Name extends OptionName> = ReturnType<(typeof optionTable)[Name]['parse']>;
type Optional = 'instance' | 'readerSecret' | 'node' | 'project' | 'templates' | 'allowHost' | 'logFormat';

/** All options, read. */
export type Options = { readonly [Name in Exclude<OptionName, Optional>]: ValueOf<Name> } & { readonly [Name in Optional]?: ValueOf<Name> };

/** Options that can't be used, all of them at once, a line each. */
export class OptionsError extends Error {
  override name = 'OptionsError';
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** Flags as they were given: their text, or true for a switch. */
export type Flags = Readonly<Record<string, string | true | undefined>>;

/**
 * Reads a command's options: the flag wins over the variable, the variable over the default.
 * @throws OptionsError with every problem there is
 */
export function readOptions(command: CommandName, flags: Flags, env: Env): Options {
  const lines: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(optionTable) as [OptionName, OptionSpec<unknown>][]) {
    const fromEnv = env[spec.variable] === '' ? undefined : env[spec.variable];
    const used = spec.commands.includes(command);
    const flag = flags[name] === true ? 'true' : flags[name];
    const text = used ? (flag ?? fromEnv ?? spec.fallback) : spec.fallback;
    if (text === undefined) continue;
    try {
      values[name] = spec.parse(text, env);
    } catch (error) {
      const source = flags[name] === undefined ? spec.variable : spec.flag;
      lines.push(`${source}: "${showUntrustedText(text)}" can't be used: ${messageOf(error)}`);
    }
  }
  lines.push(...refuseVariables(env), ...nameBareProject(values));
  if (lines.length > 0) throw new OptionsError(lines);
  return values as unknown as Options;
}

/** A project without the name of an instance is that of --instance. */
function nameBareProject(values: Record<string, unknown>): readonly string[] {
  const { project: projects, instance } = values as { readonly project?: ReadonlyMap<string, string>; readonly instance?: string };
  const bare = projects?.get(bareProject);
  if (bare === undefined) return [];
  if (instance === undefined)
    return [`--project (MEET_GEN_PROJECT): the project has no Meet; name the Meet, for example prod=visio, or add --instance`];
  values['project'] = new Map([[instance, bare]]);
  return [];
}

/** A mistyped MEET_GEN_ variable would otherwise be silently without effect. */
function refuseVariables(env: Env): readonly string[] {
  const known = Object.values(optionTable).map((spec): string => spec.variable);
  return Object.keys(env)
    .filter((variable) => variable.startsWith('MEET_GEN_') && !known.includes(variable) && env[variable] !== '')
    .toSorted()
    .map((variable) => {
      const meant = nearest(variable, known, { prefix: 'MEET_GEN_' });
      return `${showUntrustedText(variable)}: there is no such variable${meant === undefined ? '' : `; did you mean ${meant}?`}`;
    });
}

/** A duration of one unit, `50ms`, `30s`, `5m` or `1h`, in milliseconds. */
export function parseDuration(text: string): number {
  const match = /^(\d{1,6})(ms|s|m|h)$/.exec(text);
  if (match === null) throw new Error('the value must be a number with ms, s, m or h, for example 500ms');
  const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] as 'ms' | 's' | 'm' | 'h'];
  const ms = Number(match[1]) * unitMs;
  if (ms < 1 || ms > 86_400_000) throw new Error('the value must be at least 1ms and at most 24h');
  return ms;
}

function parseResync(text: string): number {
  const ms = parseDuration(text);
  if (ms < 1000) throw new Error('the value must be at least 1s, since every resync is a call to the engine');
  return ms;
}

function parseWait(text: string): Wait {
  const [quiet, most, ...rest] = text.split(':');
  if (quiet === undefined || most === undefined || rest.length > 0)
    throw new Error('the value must look like min:max, for example 50ms:500ms');
  const wait = { quietMs: parseDuration(quiet), maxMs: parseDuration(most) };
  if (wait.maxMs < wait.quietMs) throw new Error('max must not be less than min');
  return wait;
}

function parseReload(text: string): ReloadWay {
  const way = wayNamed(text);
  if (way !== undefined) return way;
  const names = reloadWays.map(({ name }) => name);
  throw new Error(`the value must be ${names.slice(0, -1).join(', ')} or ${names.at(-1)}`);
}

function parseSource(text: string): SourceKind {
  const kind = sourceNamed(text);
  if (kind === undefined) throw new Error(`the value must be ${sourceKinds.map(({ name }) => name).join(' or ')}`);
  return kind;
}

function parseManagers(text: string, env: Env): readonly DockerHost[] {
  return text.split(',').map((url) => parseDockerHost(url.trim(), env));
}

function parseCheck(text: string): Check {
  if (text === 'auto' || text === 'exec' || text === 'off') return text;
  throw new Error('the value must be auto, exec or off');
}

function parseListen(text: string): Listen {
  if (text === 'off') return 'off';
  const address = readAddress(text);
  if (address === undefined) throw new Error('the value must look like 127.0.0.1:9180, :9180, [::1]:9180 or off');
  return address;
}

function parseServe(text: string): ListenAddress {
  const address = readAddress(text);
  if (address === undefined) throw new Error('the value must look like 0.0.0.0:9190, :9190 or [::]:9190');
  return address;
}

/** Without a host: all IPv4 addresses. */
function readAddress(text: string): ListenAddress | undefined {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:[\]]*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  return match === null || port > 65_535 ? undefined : { host: (match[1] ?? '').replace(/^\[|\]$/g, '') || '0.0.0.0', port };
}

function parseHostNames(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim().toLowerCase());
  if (!names.every((name) => /^[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?$/.test(name)))
    throw new Error('the value must be host names without a port, separated by commas, for example meet-gen,status.example.com');
  return names;
}

function parseInstanceOption(text: string): string {
  const instance = parseInstance(text);
  if (instance === undefined)
    throw new Error('the value must be lower-case letters, digits, _ and -, at most 63, starting with a letter or digit');
  return instance;
}

/** Stands for the instance that --instance names. */
const bareProject = '';

function parseProjects(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(',').map((entry): readonly [instance: string, project: string] => {
    const at = entry.indexOf('=');
    const project = parseProject(entry.slice(at + 1).trim());
    if (project === undefined || project === '+') throw new Error('the value must be the name of a compose project from docker compose ls');
    return at === -1 ? [bareProject, project] : [parseNamed(entry.slice(0, at).trim()), project];
  });
  const projects = new Map(pairs);
  if (projects.size < pairs.length || (projects.has(bareProject) && projects.size > 1))
    throw new Error('the value must be one project, or instance=project for each Meet, separated by commas: prod=visio,test=visio-test');
  return projects;
}

function parseNamed(text: string): string {
  const instance = parseInstance(text);
  if (instance === undefined) throw new Error('the text before the = is not the name of a Meet');
  return instance;
}

function parseLogLevel(text: string): (typeof logLevels)[number] {
  const level = logLevels.find((known) => known === text);
  if (level === undefined) throw new Error(`the value must be one of ${logLevels.join(', ')}`);
  return level;
}

function parseLogFormat(text: string): 'json' | 'pretty' {
  if (text !== 'json' && text !== 'pretty') throw new Error('the value must be json or pretty');
  return text;
}

function parseSwitch(text: string): boolean {
  if (['true', '1', 'yes', 'on'].includes(text)) return true;
  if (['false', '0', 'no', 'off'].includes(text)) return false;
  throw new Error('the value must be true or false');
}

function parseText(text: string): string {
  return text;
}
