import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { docker, type Engine } from '../../providers/engine/docker-command.ts';
import type { BenchContext, Figure } from '../figure.ts';

const bundle = fileURLToPath(new URL('../../../dist/meet-gen.js', import.meta.url));

/** The size of the layers on top of the Node base, and of the program in them. */
export async function measureImageSize({ engine, images }: BenchContext, image: string): Promise<readonly Figure[]> {
  const [own, base] = await Promise.all([layerSizes(engine, image), layerSizes(engine, images.node.name)]);
  const added = own.slice(0, own.length - base.length);
  const bytes = added.reduce((sum, size) => sum + size, 0);
  const figure = { part: 'footprint', who: 'meet-gen' } as const;
  return [
    { ...figure, what: "image's own layers", where: 'over its Node base', unit: 'MB', samples: [bytes / 1e6] },
    { ...figure, what: 'the program', where: 'dist/meet-gen.js', unit: 'kB', samples: [statSync(bundle).size / 1000] },
  ];
}

/** Newest first. */
async function layerSizes(engine: Engine, name: string): Promise<number[]> {
  const sizes = await docker(engine, ['history', '--human=false', '--format', '{{.Size}}', name]);
  return sizes.trim().split('\n').map(Number);
}
