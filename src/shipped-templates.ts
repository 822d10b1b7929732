import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The template directory that comes with meet-gen: beside `dist/` and `src/` alike. */
export function shippedTemplates(): string {
  const beside = fileURLToPath(new URL('../templates', import.meta.url));
  if (!existsSync(beside)) throw new Error(`the shipped templates are missing at ${beside}; install meet-gen again`);
  return beside;
}
