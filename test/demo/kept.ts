import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { docker } from '../providers/engine/docker-command.ts';
import type { Engine } from '../providers/engine/docker-command.ts';
import { liveUsers } from '../providers/engine/engine-lock.ts';
import { endKeptEngine } from '../providers/engine/provide-engine.ts';
import { folderPrefix, imageName, keptLabel } from './project.ts';

/** A file in the folder of a demo that also keeps its engine. */
const engineNote = '.keeps-the-engine';

/** Removes the demos that `--keep` left. @returns their projects, and whether they kept the engine */
export async function takeDownKept(engine: Engine): Promise<{ readonly projects: readonly string[]; readonly engineToo: boolean }> {
  const format = `{{.Label "com.docker.compose.project"}} {{.Label "${keptLabel}"}}`;
  const listed = await docker(engine, ['container', 'ls', '--all', '--filter', `label=${keptLabel}`, '--format', format]);
  const kept = [...new Set(listed.split('\n').filter((line) => line !== ''))];
  const projects: string[] = [];
  let engineToo = false;
  for (const line of kept) {
    const [project = '', ...folder] = line.split(' ');
    await removeProject(engine, project);
    engineToo ||= existsSync(join(folder.join(' '), engineNote));
    removeFolder(folder.join(' '));
    projects.push(project);
  }
  return { projects, engineToo };
}

/** True if any user of the tests' engine keeps it running. */
export function isEngineKept(): boolean {
  return liveUsers().includes('kept');
}

export function noteKeptEngine(folder: string): void {
  writeFileSync(join(folder, engineNote), '');
}

/** Ends an engine that only `--keep` kept running, unless a test run uses it. */
export async function letGoOfKeptEngine(log: (line: string) => void): Promise<void> {
  await endKeptEngine(log);
}

/** Removes a project's containers, networks, volumes and the image that was built for it. */
export async function removeProject(engine: Engine, project: string): Promise<void> {
  await docker(engine, ['compose', '--project-name', project, 'down', '--volumes', '--remove-orphans', '--timeout', '2']);
  const image = await docker(engine, ['image', 'ls', '--quiet', imageName(project)]);
  if (image.trim() !== '') await docker(engine, ['image', 'rm', imageName(project)]);
}

/** Removes a folder of the demo. Leaves every other folder alone. */
export function removeFolder(folder: string): void {
  if (dirname(folder) === tmpdir() && basename(folder).startsWith(folderPrefix) && existsSync(folder)) rmSync(folder, { recursive: true });
}
