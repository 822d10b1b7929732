import { parse } from 'yaml';
import { documentedBlock } from '../../support/docs/pages.ts';
import type { MountedSocket } from '../image/mounted-socket.ts';

/** A service in compose's words. */
export type Service = Readonly<Record<string, unknown>>;

/** A set-up of docs/engine-access.md: the two services of its compose snippet. */
export interface SetUp {
  readonly meetGen: { readonly environment: Readonly<Record<string, string>>; readonly networks: readonly string[] };
  readonly proxy: Service & { readonly image: string; readonly volumes: readonly string[]; readonly networks: readonly string[] };
}

/** Reads the snippet with this name; what compose would take from the environment is put in. */
export function readSetUp(name: string, socket: MountedSocket): SetUp {
  const { services } = parse(documentedBlock('docs/engine-access.md', name).replaceAll('${DOCKER_GID:-999}', socket.groupId)) as {
    services: { 'meet-gen': SetUp['meetGen']; 'docker-proxy': SetUp['proxy'] };
  };
  return { meetGen: services['meet-gen'], proxy: services['docker-proxy'] };
}

/** A service on a network of this set-up's own, where the snippet's names are known. */
export function onNetworks(names: readonly string[], alias: string, engineNetwork: string): Readonly<Record<string, object>> {
  return Object.fromEntries(names.map((name) => (name === 'engine' ? [engineNetwork, { aliases: [alias] }] : [name, {}])));
}
