/** Writes the reference pages: `npm run docs`. A test fails when they no longer say what the tables say. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { referencePages } from './reference.ts';

const folder = fileURLToPath(new URL('../../docs/', import.meta.url));
for (const [name, text] of referencePages()) writeFileSync(`${folder}${name}`, text);
