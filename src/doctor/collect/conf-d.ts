import type { EngineClient } from '../../source/docker/engine-client.ts';
import type { EngineReader } from './engine-reads.ts';

const confDirectory = '/etc/nginx/conf.d';
const limitMs = 5000;

/**
 * Reads the files of conf.d in a frontend. The engine's archive shows a Swarm config as an empty file, since it isn't
 * among the mounts that the engine knows. Inside the container the file has its text.
 * @throws Error if an empty file can't be read inside
 */
export async function readConfD(
  engine: Pick<EngineReader, 'readFiles'> & Pick<EngineClient, 'exec'>,
  container: { readonly id: string; readonly name: string },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const files = new Map(await engine.readFiles(container.id, confDirectory, signal));
  const empty = [...files].filter(([name, text]) => text === '' && name.endsWith('.conf'));
  for (const [name] of empty) {
    const { code, output } = await engine.exec(container, ['cat', `${confDirectory}/${name}`], limitMs, signal);
    if (code !== 0) throw new Error(`${confDirectory}/${name} could not be read, since \`cat\` failed in the container`);
    files.set(name, output);
  }
  return files;
}
