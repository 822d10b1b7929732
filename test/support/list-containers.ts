import { docker, type Engine } from '../providers/engine/docker-command.ts';
import { httpGet } from './http-get.ts';

/** A container in the engine's list. */
export interface ListedContainer {
  readonly id: string;
  readonly name: string;
  /** By published TCP port of the container: the port of the engine. */
  readonly ports: ReadonlyMap<number, number>;
}

/**
 * All containers of an engine. A unix socket is asked directly: the docker CLI takes fifty times as much processor
 * time, and waiting tests list containers often.
 */
export async function listContainers(engine: Pick<Engine, 'host' | 'dockerCli' | 'env'>): Promise<readonly ListedContainer[]> {
  if (engine.host.startsWith('unix://')) return fromApi(await listBySocket(engine.host.slice('unix://'.length)));
  return fromCli(await docker(engine, ['container', 'ls', '--all', '--no-trunc', '--format', '{{.ID}} {{.Names}} {{.Ports}}']));
}

interface ApiContainer {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Ports: readonly { readonly PrivatePort: number; readonly PublicPort?: number; readonly Type: string }[];
}

async function listBySocket(socketPath: string): Promise<readonly ApiContainer[]> {
  const { status, body } = await httpGet({ socketPath }, '/containers/json?all=1');
  if (status !== 200) throw new Error(`the engine answered ${status} to the list of containers: ${body}`);
  return JSON.parse(body) as readonly ApiContainer[];
}

function fromApi(list: readonly ApiContainer[]): readonly ListedContainer[] {
  return list.map(({ Id: id, Names: names, Ports: ports }) => ({
    id,
    // A name with more slashes belongs to a link.
    name: names.map((name) => name.slice(1)).find((name) => !name.includes('/')) ?? '',
    ports: new Map(
      ports.flatMap(({ PrivatePort: inside, PublicPort: outside, Type: type }) =>
        type === 'tcp' && outside !== undefined ? [[inside, outside] as const] : [],
      ),
    ),
  }));
}

function fromCli(text: string): readonly ListedContainer[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [id = '', name = ''] = line.split(' ');
      const ports = [...line.matchAll(/:(\d+)->(\d+)\/tcp/g)].map(([, outside, inside]) => [Number(inside), Number(outside)] as const);
      return { id, name, ports: new Map(ports) };
    });
}
