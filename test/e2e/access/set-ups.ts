import { parse } from 'yaml';
import { documentedBlock } from '../../support/docs/pages.ts';
import type { MountedSocket } from '../image/mounted-socket.ts';

/** A service in a compose file. */
export type Service = Readonly<Record<string, unknown>>;

/** The two services of a compose snippet in docs/engine-access.md. */
export interface SetUp {
  readonly meetGen: { readonly environment: Readonly<Record<string, string>>; readonly networks: readonly string[] };
  readonly proxy: Service & { readonly image: string; readonly volumes: readonly string[]; readonly networks: readonly string[] };
}

/** Reads the snippet with this name, with the socket's group in place of the variable. */
export function readSetUp(name: string, socket: MountedSocket): SetUp {
  const { services } = parse(documentedBlock('docs/engine-access.md', name).replaceAll('${DOCKER_GID:-999}', socket.groupId)) as {
    services: { 'meet-gen': SetUp['meetGen']; 'docker-proxy': SetUp['proxy'] };
  };
  return { meetGen: services['meet-gen'], proxy: services['docker-proxy'] };
}

/** Puts a service on the set-up's own network, under the name in the snippet. */
export function onNetworks(names: readonly string[], alias: string, engineNetwork: string): Readonly<Record<string, object>> {
  return Object.fromEntries(names.map((name) => (name === 'engine' ? [engineNetwork, { aliases: [alias] }] : [name, {}])));
}
