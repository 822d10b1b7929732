import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../cache-directory.ts';
import type { EnginePackages } from './engine-packages.ts';

/** Debian's docker CLI, configured for one engine. */
export interface Client {
  readonly packages: EnginePackages;
  readonly dockerCli: string;
  readonly env: Record<string, string>;
}

export function clientOf(packages: EnginePackages, host: string): Client {
  const config = join(cacheDirectory(), 'client');
  mkdirSync(config, { recursive: true });
  // By rename: other runs may read the file at any time, and without it the CLI finds no plugin.
  const text = JSON.stringify({ cliPluginsExtraDirs: [packages.pluginsDirectory], ...proxies() });
  const written = join(config, `config.${process.pid}.json`);
  writeFileSync(written, text);
  renameSync(written, join(config, 'config.json'));
  return {
    packages,
    dockerCli: packages.dockerCli,
    env: { DOCKER_HOST: host, DOCKER_CONFIG: config, BUILDX_BUILDER: 'default', PATH: packages.path },
  };
}

const eitherCase = (name: string): string | undefined => process.env[name] ?? process.env[name.toLowerCase()];

/** The proxies from the environment: on a machine behind a proxy, builds need them, too. */
function proxies(): object {
  const entries = { httpProxy: eitherCase('HTTP_PROXY'), httpsProxy: eitherCase('HTTPS_PROXY'), noProxy: eitherCase('NO_PROXY') };
  const given = Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
  return Object.keys(given).length === 0 ? {} : { proxies: { default: given } };
}
