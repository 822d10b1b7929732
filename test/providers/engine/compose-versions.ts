import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../cache-directory.ts';
import { readOsRelease, unpackObstacle } from '../debian/running-debian.ts';
import { unpackOnce } from '../debian/unpack-once.ts';
import { NotProvided } from '../not-provided.ts';
import { unpackEnginePackages } from './engine-packages.ts';

/** Compose releases with different output: Debian stable's, and a newer release. */
export const composeVersions = ['2.26', '2.40'] as const;
export type ComposeVersion = (typeof composeVersions)[number];

/** A docker CLI with one release of Compose, without an engine. */
export interface ComposeCommand {
  readonly dockerCli: string;
  /** PATH and DOCKER_CONFIG for this release of `docker compose`. */
  readonly env: Record<string, string>;
}

const log = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * Debian's Compose of that series, unpacked into the cache once, without an installation.
 * @throws NotProvided if Debian's packages can't be unpacked
 */
export async function provideCompose(version: ComposeVersion): Promise<ComposeCommand> {
  const obstacle = unpackObstacle();
  if (obstacle !== undefined)
    throw new NotProvided(`Compose ${version} can't be unpacked: ${obstacle}.`, 'Run the engine tests as root on Debian.');
  const packages = await unpackEnginePackages(log);
  const plugins = version === '2.26' ? packages.pluginsDirectory : join(await unpackForky(), 'usr/libexec/docker/cli-plugins');
  const config = join(cacheDirectory(), `client-compose-${version}`);
  mkdirSync(config, { recursive: true });
  writeFileSync(join(config, 'config.json'), JSON.stringify({ cliPluginsExtraDirs: [plugins] }));
  return { dockerCli: packages.dockerCli, env: { DOCKER_CONFIG: config, PATH: packages.path } };
}

function unpackForky(): Promise<string> {
  return unpackOnce(
    {
      name: `compose-${readOsRelease().codename}-forky`,
      title: 'Compose 2.40',
      packages: ['docker-compose/forky'],
      suites: ['forky'],
      proof: 'usr/libexec/docker/cli-plugins/docker-compose',
    },
    log,
  );
}
