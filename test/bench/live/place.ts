import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { docker, type Engine } from '../../providers/engine/docker-command.ts';
import type { Images } from '../../providers/engine/stand-ins.ts';
import { composeProjectName, runLabel } from '../../providers/engine/test-run.ts';
import { shippedStub } from '../../support/real-layout.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { ask } from './answers.ts';
import type { EngineApi } from './engine-api.ts';
import type { WallClock } from './wall-clock.ts';

export interface PlacedContainer {
  readonly id: string;
  readonly name: string;
  readonly address: string;
}

/** A running frontend, and two stopped backends with fixed addresses. */
export interface Place {
  readonly project: string;
  /** The folder that the frontend includes. */
  readonly out: string;
  readonly file: string;
  readonly frontend: PlacedContainer;
  /** Each answers with its name. */
  readonly backends: readonly [PlacedContainer, PlacedContainer];
  readonly network: string;
  remove(): Promise<void>;
}

export const routingPort = 8083;
export const backendPort = 8000;

/** The labels of every container and network. */
export const labelsOf = (project: string, service: string, more: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  const [name = '', value = ''] = runLabel.split('=');
  return { [name]: value, 'com.docker.compose.project': project, 'com.docker.compose.service': service, ...more };
};

/** Removes the containers and networks with this project's label. */
export async function removeProject(api: EngineApi, project: string): Promise<void> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`com.docker.compose.project=${project}`] }));
  const left = await api.call<readonly { Id: string }[]>('GET', `/containers/json?all=1&filters=${filters}`);
  await Promise.all(left.map(({ Id }) => api.call('DELETE', `/containers/${Id}?force=1&v=1`)));
  await api.call('POST', `/networks/prune?filters=${filters}`);
}

/** Starts in a few milliseconds, and runs through the whole grace period of a stop: the shell ignores TERM. */
const backendCommand = `trap '' TERM; nginx -c /bench/nginx.conf & wait`;
const backendConfig = `daemon off;
master_process off;
pid /tmp/nginx.pid;
error_log /dev/null;
events { worker_connections 512; }
http {
    access_log off;
    server {
        listen ${backendPort};
        return 200 "$hostname\\n";
    }
}
`;

/** @throws Error if this machine can't reach containers at their addresses, or shares no folder with them */
export async function createPlace(engine: Engine, api: EngineApi, images: Images, clock: WallClock): Promise<Place> {
  const project = composeProjectName('bench');
  const folder = await mkdtemp(join(tmpdir(), 'mg-bench-'));
  const out = join(folder, 'out');
  const remove = async (): Promise<void> => {
    await removeProject(api, project);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await mkdir(out);
    await writeFile(join(folder, 'stub.conf'), shippedStub());
    await writeFile(join(folder, 'backend.conf'), backendConfig);
    // Readable for nginx in the containers, which isn't root.
    for (const path of [folder, out]) await chmod(path, 0o755);
    const network = `${project}_default`;
    const subnet = await createNetwork(engine, project, network);
    const start = (name: string): Promise<unknown> => api.call('POST', `/containers/${name}/start`);
    const create = async (name: string, host: number, description: object): Promise<PlacedContainer> => {
      const address = `${subnet}.${host}`;
      const connected = { [network]: { IPAMConfig: { IPv4Address: address }, Aliases: [name] } };
      const body = { ...description, Hostname: name, NetworkingConfig: { EndpointsConfig: connected } };
      const { Id: id } = await api.call<{ Id: string }>('POST', `/containers/create?name=${project}-${name}`, body);
      return { id, name: `${project}-${name}`, address };
    };
    const frontend = await create('frontend', 10, {
      Image: images.frontend['1.30'],
      Entrypoint: ['/docker-entrypoint.sh'],
      Cmd: ['nginx', '-g', 'daemon off;'],
      StopSignal: 'SIGQUIT',
      Labels: labelsOf(project, 'frontend', { 'meet.role': 'frontend' }),
      HostConfig: {
        NetworkMode: network,
        RestartPolicy: { Name: 'always' },
        LogConfig: { Type: 'json-file', Config: { 'max-size': '5m', 'max-file': '2' } },
        Binds: [`${out}:/etc/nginx/meet-routing:ro`, `${join(folder, 'stub.conf')}:/etc/nginx/conf.d/routing.conf:ro`],
      },
    });
    const backend = {
      Image: images.nginx['1.30'].name,
      Entrypoint: ['sh', '-c', backendCommand],
      Cmd: [],
      Labels: labelsOf(project, 'backend', { 'meet.role': 'backend' }),
      HostConfig: { NetworkMode: network, Binds: [`${join(folder, 'backend.conf')}:/bench/nginx.conf:ro`] },
    };
    const backends = [await create('one', 21, backend), await create('two', 22, backend)] as const;
    await start(frontend.id);
    await reachable(frontend, clock);
    return { project, out, file: join(out, 'routing.conf'), frontend, backends, network, remove };
  } catch (error) {
    await remove().catch(() => undefined);
    throw error;
  }
}

/**
 * Creates a network twice: only the engine knows a free subnet, and fixed addresses need a network with a given subnet.
 * @returns the subnet without its last number
 */
async function createNetwork(engine: Engine, project: string, name: string): Promise<string> {
  const labels = [runLabel, `com.docker.compose.project=${project}`].flatMap((label) => ['--label', label]);
  await docker(engine, ['network', 'create', ...labels, name]);
  const subnet = (await docker(engine, ['network', 'inspect', '--format', '{{(index .IPAM.Config 0).Subnet}}', name])).trim();
  await docker(engine, ['network', 'rm', name]);
  await docker(engine, ['network', 'create', ...labels, '--subnet', subnet, name]);
  const [start] = /^\d+\.\d+\.\d+(?=\.)/.exec(subnet) ?? [];
  if (start === undefined) throw new Error(`the engine gave a network the subnet ${subnet}: the bench needs IPv4`);
  return start;
}

async function reachable({ address }: PlacedContainer, clock: WallClock): Promise<void> {
  await waitUntil('the frontend answers', async () => (await ask(address, routingPort, clock)).by !== '', 15_000).catch(
    (cause: unknown) => {
      throw new Error(
        `no answer from the frontend at ${address}:${routingPort}: the live part needs an engine on this machine, which can reach ` +
          'containers at their own addresses. Docker Desktop does not: leave the part out there (--only faked,files,footprint)',
        { cause },
      );
    },
  );
}
