import { docker, type Engine } from '../providers/engine/docker-command.ts';
import { runLabel } from '../providers/engine/test-run.ts';
import { tarArchive } from './tar-archive.ts';

/**
 * Starts a container without compose. The files are in it before its process starts.
 * @param args the arguments of `docker create`
 * @param files by path, without the leading slash
 * @returns the container's id
 */
export async function startContainer(engine: Engine, args: readonly string[], files: Readonly<Record<string, string>>): Promise<string> {
  const container = (await docker(engine, ['create', '--label', runLabel, ...args])).trim();
  await docker(engine, ['cp', '-', `${container}:/`], { stdin: tarArchive(files) });
  await docker(engine, ['start', container]);
  return container;
}

/** The port of this machine that the engine published for a container's `8083/tcp`. */
export async function publishedPort(engine: Engine, container: string): Promise<number> {
  const [first = ''] = (await docker(engine, ['port', container, '8083/tcp'])).split('\n');
  return Number(first.split(':').at(-1));
}
