import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Place } from '../place.ts';
import type { Texts } from '../texts.ts';
import type { Contender } from './contender.ts';
import { startProcess } from './process.ts';

/** Scripts of a few lines on bare Node: what is possible, and how the peers do it. */
export const bareScripts = (texts: Texts): readonly Contender[] => [
  { name: 'floor', start: (place, socketPath) => startScript('floor.mjs', place, socketPath, texts) },
  { name: "peers' way", start: (place, socketPath) => startScript('peers-way.mjs', place, socketPath, texts) },
];

async function startScript(script: string, place: Place, socketPath: string, texts: Texts) {
  const { file, frontend, network, project } = place;
  const backends = Object.fromEntries(place.backends.map(({ id }, index) => [id, { name: ['one', 'two'][index] }]));
  const plan = join(dirname(place.out), 'plan.json');
  await writeFile(plan, JSON.stringify({ socketPath, file, frontend, network, project, backends, texts }));
  return startProcess(process.execPath, [fileURLToPath(new URL(script, import.meta.url)), plan], /^ready$/m);
}
