import { createHash } from 'node:crypto';
import { isRoutingStructure } from '../routes/structure-shape.ts';
import { parseJsonObject } from '../util/json-object.ts';
import { editionOf } from './edition.ts';
import type { Edition } from './edition.ts';
import type { KeptTrials } from './trial-types.ts';
import { defined } from '../util/defined.ts';

/**
 * The file holds only data. Templates are code, so only their hash is stored: write access to the file must not allow
 * anyone to run code.
 */
const format = 3;
/** Earlier versions stored the texts of templates. meet-gen hashes these texts, and never compiles them. */
const formatWithTexts = 2;

type Json = Readonly<Record<string, unknown>>;

export function writeKept({ good, ...others }: KeptTrials): string {
  const text = { format, ...(good === undefined ? {} : { good: { templates: good.templates, structure: good.structure } }), ...others };
  return `${JSON.stringify(text)}\n`;
}

/**
 * Reads an instance's file from an earlier process. An unknown format counts as no file, which costs one more test.
 * @throws Error that names the invalid part
 */
export function parseKept(text: string, instance: string): KeptTrials | undefined {
  const kept = parseJsonObject(text);
  if (kept['format'] !== format && kept['format'] !== formatWithTexts) return undefined;
  const { refused, lives } = kept;
  if (!Array.isArray(refused) || !refused.every(isRefusal)) throw new Error('its "refused" is not a list of refusals');
  if (typeof lives !== 'string') throw new Error('its "lives" is not a string');
  const good = kept['good'] === undefined ? undefined : goodOf(kept['good'], instance);
  return {
    ...defined({ good }),
    refused: refused.map(({ key, words, content }) => ({ key, words, content })),
    lives,
  };
}

function goodOf(value: unknown, instance: string): Edition {
  const { templates, structure } = isRecord(value) ? value : {};
  const key = typeof templates === 'string' ? templates : isListOfTexts(templates) ? keyOfTexts(templates) : undefined;
  if (key === undefined || !isRoutingStructure(structure) || structure.instance !== instance)
    throw new Error('its "good" is not a structure of this instance');
  return editionOf(key, structure);
}

/** The key that `compileSet` gives a set of templates. */
function keyOfTexts(texts: readonly (readonly [file: string, text: string])[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 16);
}

function isListOfTexts(value: unknown): value is readonly (readonly [string, string])[] {
  return (
    Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every((one) => typeof one === 'string'))
  );
}

function isRefusal(value: unknown): value is KeptTrials['refused'][number] {
  return isRecord(value) && [value['key'], value['words'], value['content']].every((one) => typeof one === 'string');
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
