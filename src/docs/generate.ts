/** Writes the reference pages and the README's label table: `npm run docs`. A test fails when they have drifted. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readmeWithLabels, referencePages } from './reference.ts';

const top = fileURLToPath(new URL('../../', import.meta.url));
for (const [name, text] of referencePages()) writeFileSync(`${top}docs/${name}`, text);
writeFileSync(`${top}README.md`, readmeWithLabels(readFileSync(`${top}README.md`, 'utf8')));
