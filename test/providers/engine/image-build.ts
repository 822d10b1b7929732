import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { docker, type Engine } from './docker-command.ts';

export interface ImageRecipe {
  readonly name: string;
  /** The Dockerfile's folder. A change of any file in it makes the image stale. */
  readonly folder: string;
  readonly base: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** More files and folders for the Dockerfile, by their name in the build context. */
  readonly additions?: Readonly<Record<string, string>>;
  /** Other things whose change makes the image stale, such as versions of the additions. */
  readonly ingredients?: readonly string[];
}

const sourceLabel = 'meet-gen.test.source';

/** Builds an image unless the engine has it from the same sources and the same base. */
export async function buildImage(engine: Engine, recipe: ImageRecipe): Promise<void> {
  const { Id: baseId } = (await inspectImage(engine, recipe.base)) ?? { Id: 'none' };
  const source = hashOf(recipe, baseId);
  const present = await inspectImage(engine, recipe.name);
  if (present?.Config.Labels?.[sourceLabel] === source) return;
  const labels = { 'meet-gen.test': '1', [sourceLabel]: source, ...recipe.labels };
  await withContext(recipe, (context) =>
    docker(engine, [
      'build',
      '--quiet',
      '--pull=false',
      '--tag',
      recipe.name,
      ...pairs('--label', labels),
      ...pairs('--build-arg', { BASE: recipe.base, ...recipe.buildArgs }),
      context,
    ]),
  );
}

/** Collects all copied files in one folder: an engine of 20.10 doesn't support `--build-context`. */
async function withContext({ folder, additions = {} }: ImageRecipe, work: (context: string) => Promise<unknown>): Promise<void> {
  const context = mkdtempSync(join(tmpdir(), 'mg-build-'));
  try {
    cpSync(folder, context, { recursive: true });
    for (const [name, path] of Object.entries(additions)) cpSync(path, join(context, name), { recursive: true, verbatimSymlinks: true });
    await work(context);
  } finally {
    rmSync(context, { recursive: true });
  }
}

export interface ImageDescription {
  readonly Id: string;
  readonly Config: { readonly Labels?: Readonly<Record<string, string>> | null };
}

/** The engine's description of an image; undefined if the engine doesn't have it. */
export async function inspectImage(engine: Engine, name: string): Promise<ImageDescription | undefined> {
  const listed = await docker(engine, ['image', 'ls', '--quiet', name]);
  if (listed.trim() === '') return undefined;
  const described = JSON.parse(await docker(engine, ['image', 'inspect', name])) as ImageDescription[];
  return described[0];
}

function pairs(flag: string, values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);
}

function hashOf(recipe: ImageRecipe, baseId: string): string {
  const hash = createHash('sha256');
  const files = readdirSync(recipe.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  for (const path of paths) hash.update(`${path.slice(recipe.folder.length)}\0`).update(readFileSync(path));
  hash.update(JSON.stringify([baseId, recipe.buildArgs, recipe.labels, recipe.ingredients]));
  return hash.digest('hex');
}
