import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The template directory that comes with meet-gen: beside `dist/` and `src/` alike. */
export function shippedTemplates(): string {
  const beside = fileURLToPath(new URL('../templates', import.meta.url));
  if (!existsSync(beside)) throw new Error(`the shipped templates are missing at ${beside}; install meet-gen again`);
  return beside;
}

/** What is for the inside of a frontend, where there is no Node. */
type ShippedScript = 'nginx-tree.sh' | 'candidate-check.sh' | 'hook.sh' | 'hook-stub.conf';

/** Reads one of the texts that lie beside the shipped templates; `--templates` never replaces them. */
export function readShippedText(name: ShippedScript | `page/${string}`): string {
  return readFileSync(join(shippedTemplates(), name), 'utf8');
}
