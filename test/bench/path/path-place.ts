import { chmod, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunicornImage } from '../../providers/engine/gunicorn-image.ts';
import type { Images, NginxSeries } from '../../providers/engine/stand-ins.ts';
import { composeProjectName } from '../../providers/engine/test-run.ts';
import { httpGet } from '../../support/http-get.ts';
import { waitUntil } from '../../support/wait-until.ts';
import type { EngineApi } from '../live/engine-api.ts';
import { labelsOf, removeProject } from '../live/place.ts';
import { answersAt, backendPort, bucket, routingPort, storagePort, type Backend } from './routing-files.ts';

/** A running container. */
export interface Placed {
  readonly id: string;
  readonly address: string;
  /** The container's first process, by its id on this machine. */
  readonly pid: number;
}

/** A network with three backends, and frontends for single runs. */
export interface PathPlace {
  /** nginx, which answers at once and keeps connections; also the storage. */
  readonly quick: Backend;
  /** gunicorn's sync workers, Meet's default, which keep no connection. */
  readonly sync: Backend;
  /** Reads bodies and counts their bytes. */
  readonly counting: Backend;
  /** Starts a frontend with one worker, /tmp in memory and an empty network namespace. Resolves when it answers. */
  startFrontend(series: NginxSeries, routing: string): Promise<Placed>;
  stop(frontends: readonly Placed[]): Promise<void>;
  remove(): Promise<void>;
}

export const assetPath = '/static/asset.js';
const assetBytes = 150_000;
export const recordingName = 'recordings/recording.mp4';
export const recordingBytes = 1_000_000_000;

/** The frontend's nginx.conf, with one worker, no access log, and client connections that last for a whole run. */
const nginxConfig = `worker_processes 1;
pid /tmp/nginx.pid;
error_log /dev/null crit;
events { worker_connections 4096; }
http {
    access_log off;
    sendfile on;
    keepalive_requests 10000000;
    client_body_temp_path /tmp/client_temp;
    proxy_temp_path /tmp/proxy_temp;
    fastcgi_temp_path /tmp/fastcgi_temp;
    uwsgi_temp_path /tmp/uwsgi_temp;
    scgi_temp_path /tmp/scgi_temp;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    include /etc/nginx/conf.d/*.conf;
}
`;
const storage = `server {
    listen ${storagePort};
    root /bench/files;
}
`;

/** @throws Error if this machine can't reach containers at their addresses, or shares no folder with them */
export async function createPathPlace(api: EngineApi, images: Images): Promise<PathPlace> {
  const project = composeProjectName('bench-path');
  const network = `${project}_default`;
  const folder = await mkdtemp(join(tmpdir(), 'mg-bench-'));
  const remove = async (): Promise<void> => {
    await removeProject(api, project);
    await rm(folder, { recursive: true, force: true });
  };
  let count = 0;
  const start = async (name: string, description: object, binds: readonly string[]): Promise<Placed> => {
    count += 1;
    const { Id: id } = await api.call<{ Id: string }>('POST', `/containers/create?name=${project}-${name}-${count}`, {
      ...description,
      Labels: labelsOf(project, name, {}),
      HostConfig: { NetworkMode: network, Binds: binds, Tmpfs: { '/tmp': 'mode=1777' } },
      NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [name] } } },
    });
    await api.call('POST', `/containers/${id}/start`);
    const { State: state, NetworkSettings: settings } = await api.call<Inspected>('GET', `/containers/${id}/json`);
    return { id, address: settings.Networks[network]?.IPAddress ?? '', pid: state.Pid };
  };
  const nginx = (name: string, image: string, routing: string): Promise<Placed> =>
    start(name, { Image: image, Entrypoint: ['nginx', '-g', 'daemon off;'], Cmd: [] }, [
      `${join(folder, 'nginx.conf')}:/etc/nginx/nginx.conf:ro`,
      `${join(folder, 'files')}:/bench/files:ro`,
      `${routing}:/etc/nginx/conf.d/routing.conf:ro`,
    ]);
  try {
    await writeFiles(folder);
    await api.call('POST', '/networks/create', { Name: network, Labels: labelsOf(project, 'default', {}) });
    return {
      quick: await backendAt('quick', nginx('quick', images.frontend['1.30'], join(folder, 'answers.conf'))),
      sync: await backendAt('sync', start('sync', { Image: gunicornImage }, [])),
      counting: await backendAt('counting', start('counting', { Image: images.backend }, [])),
      async startFrontend(series, routing) {
        count += 1;
        const file = join(folder, `routing-${count}.conf`);
        await writeFile(file, routing);
        const frontend = await nginx('frontend', images.frontend[series], file);
        await waitForAnswer(frontend.address, routingPort);
        return frontend;
      },
      async stop(frontends) {
        await Promise.all(frontends.map(({ id }) => api.call('DELETE', `/containers/${id}?force=1&v=1`)));
      },
      remove,
    };
  } catch (error) {
    await remove().catch(() => undefined);
    throw error;
  }
}

async function backendAt(name: string, placed: Promise<Placed>): Promise<Backend> {
  const { address } = await placed;
  await waitForAnswer(address, backendPort);
  return { name, address };
}

interface Inspected {
  readonly State: { readonly Pid: number };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

/**
 * nginx in the containers isn't root, so the folder is readable for all. The recording is sparse and takes no space.
 */
async function writeFiles(folder: string): Promise<void> {
  const files = join(folder, 'files');
  const recording = join(files, bucket, recordingName);
  await mkdir(join(files, 'static'), { recursive: true });
  await mkdir(join(recording, '..'), { recursive: true });
  await writeFile(join(folder, 'nginx.conf'), nginxConfig);
  await writeFile(join(folder, 'answers.conf'), answersAt(backendPort) + storage);
  await writeFile(join(files, assetPath), 'x'.repeat(assetBytes));
  await writeFile(recording, '');
  await truncate(recording, recordingBytes);
  await chmod(folder, 0o755);
}

/** Accepts 301, a backend's answer without its proxy. A frontend answers 502 until its upstream is resolved. */
async function waitForAnswer(host: string, port: number): Promise<void> {
  const answers = (): Promise<boolean> =>
    httpGet({ host, port }, '/api/x').then(
      ({ status }) => status < 500,
      () => false,
    );
  await waitUntil('the container answers', answers, 15_000).catch((cause: unknown) => {
    throw new Error(
      `no answer at ${host}:${port}: the path part needs an engine on this machine, which can reach containers at their own ` +
        'addresses. Docker Desktop does not: leave the part out there (--only faked,files,footprint)',
      { cause },
    );
  });
}
