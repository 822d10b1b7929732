import { createHash } from 'node:crypto';
import { isRoutingStructure } from '../routes/structure-shape.ts';
import { parseJsonObject } from '../util/json-object.ts';
import { editionOf } from './edition.ts';
import type { Edition } from './edition.ts';
import type { KeptTrials } from './trial-types.ts';
import { defined } from '../util/defined.ts';

/**
 * What is written: data alone. Templates are code, so of the good edition's nothing but their hash is kept: who can write the
 * file must not be able to run anything.
 */
const format = 3;
/** Earlier versions kept the texts of templates. They are hashed, and never compiled. */
const formatWithTexts = 2;

type Json = Readonly<Record<string, unknown>>;

export function writeKept({ good, ...others }: KeptTrials): string {
  const text = { format, ...(good === undefined ? {} : { good: { templates: good.templates, structure: good.structure } }), ...others };
  return `${JSON.stringify(text)}\n`;
}

/**
 * Reads what an earlier process kept of an instance. A file of an unknown format is of no use: that only costs a test more.
 * @throws Error that says which part is not as it was written
 */
export function parseKept(text: string, instance: string): KeptTrials | undefined {
  const kept = parseJsonObject(text);
  if (kept['format'] !== format && kept['format'] !== formatWithTexts) return undefined;
  const { refused, lives } = kept;
  if (!Array.isArray(refused) || !refused.every(isRefusal)) throw new Error('its "refused" is no list of refusals');
  if (typeof lives !== 'string') throw new Error('its "lives" is no text');
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
    throw new Error('its "good" is no structure of this instance');
  return editionOf(key, structure);
}

/** As `compileSet` names a set of templates. */
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
