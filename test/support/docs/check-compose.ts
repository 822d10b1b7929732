import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { renderFromCompose } from '../../../src/commands/render.ts';
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
 * A snippet as a compose file, or nothing where it is none: services may stand in it without `services:`.
 * Keys may lead in deeper than the first, as in the file they are meant for.
 */
export function asComposeFile(value: unknown): ComposeFile | undefined {
  if (!isRecord(value)) return undefined;
  const keys = Object.keys(value);
  if (keys.length > 0 && keys.every((key) => fileKeys.has(key))) return value as ComposeFile;
  const services = Object.values(value);
  const areServices = services.every((service) => isRecord(service) && Object.keys(service).some((key) => serviceKeys.has(key)));
  return areServices && services.length > 0 ? { services: value } : undefined;
}

/** The example as a snippet is meant for it: without the services that the snippet has as a whole, with an image or a build of their own. */
export function exampleFor(snippet: ComposeFile): ComposeFile {
  const { services, ...rest } = exampleFile();
  const kept = Object.entries(services ?? {}).filter(([name]) => !isWhole(snippet['services']?.[name]));
  return { ...rest, services: Object.fromEntries(kept) };
}

/** The example with a snippet over it, as compose would put the two together. */
export function overExample(snippet: ComposeFile): ComposeFile {
  return merge(exampleFor(snippet), snippet) as ComposeFile;
}

/** What is wrong with a whole compose file: names that nothing defines, variables and labels that meet-gen complains of. */
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
  const volumes = listOf(service['volumes']).map((one) => one.split(':')[0] ?? '');
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

/** Through `meet-gen render --compose`, with the settings of .env.example. */
async function checkLabels(file: ComposeFile): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'meet-gen-docs-'));
  try {
    writeFileSync(join(folder, 'compose.yml'), JSON.stringify(file));
    writeFileSync(join(folder, '.env'), `${readPage('.env.example')}\nCOMPOSE_PROJECT_NAME=meet\n`);
    const { messages } = await renderFromCompose(
      join(folder, 'compose.yml'),
      readOptions('render', {}, {}),
      false,
      new AbortController().signal,
    );
    return messages;
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Maps are merged, lists joined, a list of names becomes a map where the other one is one. */
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

/** The names in a list or a map of compose's; of a long form its source. */
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
