/**
 * `npm run docs`: writes the reference pages, the README's label table and the codes of an alert. A test fails when a
 * file differs from its table.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { alertsWithCodes, readmeWithLabels, referencePages } from './reference.ts';

const top = fileURLToPath(new URL('../../', import.meta.url));
for (const [name, text] of referencePages()) writeFileSync(`${top}docs/${name}`, text);
for (const [file, fill] of [
  ['README.md', readmeWithLabels],
  ['docs/observability/alerts.yml', alertsWithCodes],
] as const)
  writeFileSync(`${top}${file}`, fill(readFileSync(`${top}${file}`, 'utf8')));
