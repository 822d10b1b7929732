import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandOptions } from '../../../support/built-command.ts';
import { imageOptions } from '../../as-in-image.ts';
import type { Place } from '../place.ts';
import type { Texts } from '../texts.ts';
import type { Contender } from './contender.ts';
import { startProcess } from './process.ts';

/**
 * Scripts of a few lines on bare Node: the floor, the floor that proves, and the peers' way. The floor that proves is
 * compared by its processor time, so Node runs it with the same flags as meet-gen.
 */
export const bareScripts = (texts: Texts): readonly Contender[] => [
  { name: 'floor', start: (place, socketPath) => startScript('floor.mjs', place, socketPath, texts) },
  { name: 'floor that proves', start: (place, socketPath) => startScript('proving-floor.mjs', place, socketPath, texts, imageOptions()) },
  { name: "peers' way", start: (place, socketPath) => startScript('peers-way.mjs', place, socketPath, texts) },
];

async function startScript(script: string, place: Place, socketPath: string, texts: Texts, { env, wrap }: CommandOptions = {}) {
  const { file, frontend, network, project } = place;
  const backends = Object.fromEntries(place.backends.map(({ id }, index) => [id, { name: ['one', 'two'][index] }]));
  const plan = join(dirname(place.out), 'plan.json');
  await writeFile(plan, JSON.stringify({ socketPath, file, frontend, network, project, backends, texts }));
  const args = [fileURLToPath(new URL(script, import.meta.url)), plan];
  const [program = process.execPath, ...words] = wrap?.(process.execPath, args) ?? [process.execPath, ...args];
  return startProcess(program, words, /^ready$/m, env);
}
