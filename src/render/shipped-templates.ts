import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The template directory that comes with meet-gen.
 * @throws Error if it is missing
 */
export function shippedTemplates(): string {
  // Beside `dist/`, which holds one file, or beside `src/`.
  const places = ['../templates', '../../templates'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const found = places.find((place) => existsSync(join(place, 'routing.conf.eta')));
  if (found === undefined) throw new Error(`the shipped templates are missing at ${places[0]}; install meet-gen again`);
  return found;
}

/** Texts for the inside of a frontend, which has no Node. */
type ShippedScript = 'nginx-tree.sh' | 'candidate-check.sh' | 'hook.sh' | 'hook-stub.conf';

/** Reads a text from the folder of the shipped templates; `--templates` never replaces these. */
export function readShippedText(name: ShippedScript | `page/${string}`): string {
  return readFileSync(join(shippedTemplates(), name), 'utf8');
}
