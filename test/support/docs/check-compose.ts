import { parseEnv } from 'node:util';
import { parseDocument } from 'yaml';
import { renderProject } from '../../../src/commands/render.ts';
import { readOptions } from '../../../src/options.ts';
import { exampleFile, type ComposeFile } from './example-file.ts';
import { checkVariables } from './meet-gen-words.ts';
import { readPage } from './pages.ts';

const fileKeys = new Set(['name', 'services', 'networks', 'volumes', 'configs']);
const serviceKeys = new Set(['image', 'labels', 'environment', 'networks', 'volumes', 'command', 'configs', 'extra_hosts', 'build']);

type Json = Readonly<Record<string, unknown>>;

/** A YAML text as data. @throws Error with the parser's words */
export function readYaml(text: string): unknown {
  const document = parseDocument(text, { merge: true });
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) throw new Error(error.message.split('\n')[0]);
  return document.toJS() as unknown;
}

/**
 * A snippet as a compose file, or undefined for other YAML. A snippet may have services without `services:`, and its keys
 * may be indented as in the whole file.
 */
export function asComposeFile(value: unknown): ComposeFile | undefined {
  if (!isRecord(value)) return undefined;
  const keys = Object.keys(value);
  if (keys.length > 0 && keys.every((key) => fileKeys.has(key))) return value as ComposeFile;
  const services = Object.values(value);
  const areServices = services.every((service) => isRecord(service) && Object.keys(service).some((key) => serviceKeys.has(key)));
  return areServices && services.length > 0 ? { services: value } : undefined;
}

/** The example without the services that the snippet replaces. A replaced service has an image or a build in the snippet. */
export function exampleFor(snippet: ComposeFile): ComposeFile {
  const { services, ...rest } = exampleFile();
  const kept = Object.entries(services ?? {}).filter(([name]) => !isWhole(snippet['services']?.[name]));
  return { ...rest, services: Object.fromEntries(kept) };
}

/** The example with a snippet over it, merged as by compose. */
export function overExample(snippet: ComposeFile): ComposeFile {
  return merge(exampleFor(snippet), snippet) as ComposeFile;
}

/** The errors of a whole compose file: undefined names, and variables and labels that meet-gen reports. */
export async function checkComposeFile(file: ComposeFile): Promise<readonly string[]> {
  const services = Object.entries(file['services'] ?? {}) as (readonly [string, Json])[];
  return [
    ...services.flatMap(([name, service]) => undefinedNames(file, name, service)),
    ...services.flatMap(([name, { environment }]) => (name.startsWith('meet-gen') ? checkVariables(environmentOf(environment)) : [])),
    ...(await checkLabels(file)),
  ];
}

function isWhole(service: unknown): boolean {
  return isRecord(service) && ('image' in service || 'build' in service);
}

function undefinedNames(file: ComposeFile, name: string, service: Json): readonly string[] {
  // A tmpfs has no source.
  const mounts = Array.isArray(service['volumes']) ? service['volumes'].filter((one) => !isRecord(one) || one['type'] !== 'tmpfs') : [];
  const volumes = listOf(mounts).map((one) => one.split(':')[0] ?? '');
  const used = {
    // Every project has a network of this name.
    networks: listOf(service['networks']).filter((one) => one !== 'default'),
    volumes: volumes.filter((source) => /^[a-zA-Z0-9]/.test(source)),
    configs: listOf(service['configs']),
  };
  return Object.entries(used).flatMap(([kind, names]) =>
    names.filter((one) => !(one in (file[kind] ?? {}))).map((one) => `${name}: nothing under ${kind} is called ${one}`),
  );
}

/** Renders the file like `meet-gen render --compose` renders a resolved project. */
async function checkLabels(file: ComposeFile): Promise<readonly string[]> {
  try {
    const project = Buffer.from(JSON.stringify(resolveSnippet(file)));
    const { messages } = await renderProject(project, readOptions('render', {}, {}), false, new AbortController().signal);
    return messages;
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/**
 * Resolves a file of the documentation with .env.example, as far as meet-gen reads the result. These tests run without
 * Compose; in `e2e/docs/blocks.test.ts` the real Compose resolves the same files.
 */
function resolveSnippet(file: ComposeFile): Json {
  const variables = parseEnv(readPage('.env.example'));
  const services = Object.entries(file['services'] ?? {}) as (readonly [string, Json])[];
  const resolved = services.map(([name, service]) => {
    const labels = Array.isArray(service['labels']) ? byName(service['labels']) : ((service['labels'] ?? {}) as Json);
    const texts = Object.entries(labels).map(([key, value]) => [key, fillIn(value as string | number, variables)]);
    const networks = Object.fromEntries(listOf(service['networks']).map((network) => [network, null]));
    const ports = { expose: service['expose'], network_mode: service['network_mode'] };
    return [name, { labels: Object.fromEntries(texts) as Json, networks, ...ports }];
  });
  return { name: 'meet', services: Object.fromEntries(resolved) as Json, networks: file['networks'] };
}

/** Replaces `${NAME}` and `${NAME:-default}`. The pages use no other form. */
function fillIn(value: string | number, variables: Readonly<Record<string, string | undefined>>): string {
  return String(value).replaceAll(/\$\{(\w+)(?::-([^}]*))?\}/g, (_, name: string, fallback = '') => variables[name] || String(fallback));
}

/** Merges maps and joins lists. A list of names becomes a map if the other value is a map. */
function merge(base: unknown, over: unknown): unknown {
  if (Array.isArray(base) && isRecord(over)) return merge(Object.fromEntries(base.map((name) => [String(name), {}])), over);
  if (isRecord(base) && Array.isArray(over)) return merge(base, byName(over));
  if (Array.isArray(base) && Array.isArray(over)) return [...(base as unknown[]), ...(over as unknown[])];
  if (!isRecord(base) || !isRecord(over)) return over ?? base;
  const keys = [...new Set([...Object.keys(base), ...Object.keys(over)])];
  return Object.fromEntries(keys.map((key) => [key, key in over ? merge(base[key], over[key]) : base[key]]));
}

function byName(list: readonly unknown[]): Json {
  return Object.fromEntries(list.map((item) => String(item).split(/=(.*)/s)).map(([name = '', value]) => [name, value ?? {}]));
}

/** The names in a list or map of a compose file. An entry in long form has its source as name. */
function listOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map((item: unknown) => String(isRecord(item) ? item['source'] : item));
  return isRecord(value) ? Object.keys(value) : [];
}

function environmentOf(value: unknown): Readonly<Record<string, string>> {
  const all = Array.isArray(value) ? byName(value) : isRecord(value) ? value : {};
  const known = Object.entries(all).filter(([name, text]) => name.startsWith('MEET_GEN_') && !String(text).includes('$'));
  return Object.fromEntries(known.map(([name, text]) => [name, String(text)]));
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
