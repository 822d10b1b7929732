import { docker } from '../../providers/engine/docker-command.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import type { NginxSeries } from '../../providers/engine/stand-ins.ts';
import { publishedPort, startContainer } from '../../support/bare-container.ts';
import { inRealLayout } from '../../support/real-layout.ts';

/** An nginx with a rendered file, and the upstreams in that file. */
export interface BesideUpstreams {
  /** The routing server's address for this machine. */
  readonly place: { readonly host: string; readonly port: number };
  /** The container with the upstreams, whose network nginx shares. */
  readonly upstreams: string;
  /** The container with nginx, whose /tmp is memory. */
  readonly nginx: string;
  remove(): Promise<void>;
}

/**
 * Starts upstreams with faults, and nginx with a rendered file in the same network. Each upstream has its own loopback
 * address.
 * @param script a Node program without dependencies, which starts the upstreams
 */
export async function startBesideUpstreams(series: NginxSeries, rendered: string, script: string): Promise<BesideUpstreams> {
  const engine = providedEngine();
  const images = providedImages();
  const published = ['--init', '--publish', `${engine.publishAddress}::8083`];
  const upstreams = await startContainer(engine, [...published, images.backend, 'node', '/upstreams.cjs'], { 'upstreams.cjs': script });
  const files = { ...inRealLayout(rendered), 'conf.d/default.conf': '' };
  const shared = ['--network', `container:${upstreams}`, '--tmpfs', '/tmp', '--entrypoint', '/docker-entrypoint.sh'];
  const nginx = await startContainer(
    engine,
    [...shared, images.frontend[series], 'nginx', '-g', 'daemon off;'],
    Object.fromEntries(Object.entries(files).map(([path, text]) => [`etc/nginx/${path}`, text])),
  );
  return {
    place: { host: engine.publishAddress, port: await publishedPort(engine, upstreams) },
    upstreams,
    nginx,
    remove: async () => {
      await docker(engine, ['rm', '--force', '--volumes', nginx, upstreams]);
    },
  };
}
