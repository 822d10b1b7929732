import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Observation } from '../../src/model/container.ts';
import type { ContainerSketch } from '../support/containers.ts';
import { container, observe } from '../support/containers.ts';
import { renderWorld } from '../support/render-world.ts';

/** The content of a case's `containers.json`: the engine's containers in short form. */
interface GoldenInput {
  /** The purpose of the case. */
  readonly what: string;
  /** nginx's version in all frontends, or `unknown`; by default the newest tested version. */
  readonly nginx?: string;
  /** The names of containers that got a stop signal. */
  readonly stopping?: readonly string[];
  readonly containers: readonly ContainerSketch[];
}

export interface GoldenCase {
  readonly name: string;
  readonly what: string;
  readonly nginx: string;
  readonly observation: Observation;
  /** The expected bytes of `routing.conf`; undefined for a new case. */
  expected(): string | undefined;
  /** Writes the expected bytes, for `UPDATE_GOLDEN=1`. */
  update(content: string): void;
}

const folder = fileURLToPath(new URL('./', import.meta.url));

/** All cases, one folder each. */
export function goldenCases(): readonly GoldenCase[] {
  const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  return names.toSorted().map(goldenCase);
}

function goldenCase(name: string): GoldenCase {
  const input = JSON.parse(readFileSync(`${folder}${name}/containers.json`, 'utf8')) as GoldenInput;
  const file = `${folder}${name}/routing.conf`;
  return {
    name,
    what: input.what,
    nginx: input.nginx ?? '1.30.3',
    observation: observe(input.containers.map(container), input.stopping),
    expected: () => (existsSync(file) ? readFileSync(file, 'utf8') : undefined),
    update: (content) => writeFileSync(file, content),
  };
}

/** The routing.conf of the instance `meet`, for frontends with this version of nginx. */
export async function renderMeet(observation: Observation, nginx: string): Promise<string> {
  const { files } = await renderWorld(observation, nginx);
  const content = files.get('meet');
  if (content === undefined) throw new Error('the case has no frontend of the instance meet');
  return content;
}
