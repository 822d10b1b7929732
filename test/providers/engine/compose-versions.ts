import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../cache-directory.ts';
import { unpackObstacle } from '../debian/running-debian.ts';
import { unpackOnce } from '../debian/unpack-once.ts';
import { withLock } from '../file-lock.ts';
import { NotProvided } from '../not-provided.ts';
import { runCommand } from '../run-command.ts';
import type { Engine } from './docker-command.ts';

/** Versions of Compose that the recipes are tried on, and the Debian suites that have them. */
const suites = { '2.26': 'trixie', '2.40': 'forky' } as const;
export const composeVersions = ['2.26', '2.40'] as const satisfies readonly (keyof typeof suites)[];
export type ComposeVersion = (typeof composeVersions)[number];

const plugin = 'usr/libexec/docker/cli-plugins/docker-compose';

/** The same engine with this version of Compose, unpacked from Debian's packages once. */
export async function withCompose(engine: Engine, version: ComposeVersion, log: (line: string) => void): Promise<Engine> {
  const obstacle = unpackObstacle();
  if (obstacle !== undefined) {
    throw new NotProvided(
      `Compose ${version} can't be unpacked from Debian's packages: ${obstacle}.`,
      'Run these tests as root on Debian.',
    );
  }
  const suite = suites[version];
  const root = await unpackOnce(
    {
      name: `compose-${suite}`,
      title: `Compose ${version}`,
      packages: [`docker-compose/${suite}`],
      suites: [suite],
      proof: plugin,
      async finish(building) {
        const told = await runCommand(join(building, plugin), ['version', '--short']);
        if (!told.startsWith(version)) throw new Error(`Debian ${suite} has Compose ${told.trim()} where these tests expect ${version}`);
      },
    },
    log,
  );
  const config = join(cacheDirectory(), `client-compose-${suite}`);
  await withLock(`${config}.lock`, async () => {
    // Plugins in the configuration folder come before all others.
    mkdirSync(join(config, 'cli-plugins'), { recursive: true });
    rmSync(join(config, 'cli-plugins/docker-compose'), { force: true });
    symlinkSync(join(root, plugin), join(config, 'cli-plugins/docker-compose'));
    writeFileSync(join(config, 'config.json'), '{}');
  });
  return { ...engine, env: { ...engine.env, DOCKER_CONFIG: config } };
}
