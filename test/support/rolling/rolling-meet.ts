import type { Engine } from '../../providers/engine/docker-command.ts';
import { gunicornImage, provideGunicorn } from '../../providers/engine/gunicorn-image.ts';
import { providedImages } from '../../providers/engine/provided.ts';
import { runId } from '../../providers/engine/test-run.ts';
import type { LoadPlan } from '../load/load-messages.ts';
import { startLoad, type Load } from '../load/start-load.ts';
import { startMeet, type MeetOptions, type MeetStack } from '../meet-stack.ts';
import { waitUntil } from '../wait-until.ts';
import { errorLinesOf, type ErrorLine } from './error-log.ts';

/** A Meet whose backends change under load. */
export interface RollingMeet {
  readonly meet: MeetStack;
  /**
   * Starts the load at the address for browsers: the outer nginx if there is one. At full speed unless the plan has
   * pauses.
   */
  load(name: string): Promise<Load>;
  /** The names of the existing backends, such as `backend-1`. */
  backends(): Promise<readonly string[]>;
  /** Waits until the engine shows these as healthy. */
  healthy(names: readonly string[]): Promise<void>;
  /**
   * The nginxes' error lines about a load's requests. The outer nginx comes last: it notices a failure after the inner
   * ones.
   */
  errorLines(load: string): Promise<readonly ErrorLine[]>;
}

interface RollingOptions {
  readonly backends: number;
  /**
   * Adds an outer nginx like nginx-proxy, with kept-alive upstream connections and two frontends at fixed addresses.
   */
  readonly outer?: boolean;
  /** Keys that replace those of the backend's service. */
  readonly backend?: Readonly<Record<string, unknown>>;
  readonly services?: MeetOptions['services'];
  /** Differences from the usual load plan. */
  readonly load?: Partial<Pick<LoadPlan, 'clients' | 'pauseMs'>>;
  /** A hand-written routing configuration that the frontend serves. The Meet then has no meet-gen. */
  readonly handWritten?: string;
}

/**
 * Real gunicorn, as in Meet. The health check is frequent enough to fail quickly, and rare enough to leave processor
 * time.
 */
const gunicornBackend = {
  image: gunicornImage,
  stop_grace_period: '95s',
  healthcheck: {
    test: [
      'CMD-SHELL',
      'test ! -e /tmp/unhealthy && exec /opt/python/python -c "import urllib.request as r; r.urlopen(\'http://127.0.0.1:8000/__lbheartbeat__\')"',
    ],
    interval: '2s',
    timeout: '10s',
    retries: 1,
    start_period: '30s',
    start_interval: '300ms',
  },
};

// A subnet for this run: two runs on one engine must not use the same fixed addresses.
const subnetOfRun = `10.${64 + (Number.parseInt(runId.slice(0, 2), 16) % 64)}.${Number.parseInt(runId.slice(2, 4), 16)}`;
const frontendAddresses = [`${subnetOfRun}.10`, `${subnetOfRun}.11`] as const;

const quiet = { source: 'quiet', target: '/etc/nginx/meet-routing.d/quiet.conf' };
const stub = { source: 'stub', target: '/etc/nginx/conf.d/routing.conf' };

// Like nginx-proxy, except for two lines. A proxy must close idle connections earlier than nginx may close them at a
// reload (keepalive_min_timeout, 2 s). Otherwise it sometimes writes a request into a connection that is being closed.
// And a stopped frontend doesn't refuse connections but stays silent, by default for nginx's 60 s.
const outerConfig = `
worker_processes 2;
error_log /dev/stderr notice;
pid /tmp/nginx.pid;
events { worker_connections 1024; }
http {
    access_log off;
    upstream meet {
${frontendAddresses.map((address) => `        server ${address}:8083;`).join('\n')}
        keepalive 32;
        keepalive_timeout 1s;
    }
    proxy_connect_timeout 2s;
    map $http_upgrade $proxy_connection {
        default upgrade;
        '' '';
    }
    server {
        listen 80 default_server;
        location / {
            proxy_pass http://meet;
            proxy_http_version 1.1;
            proxy_buffering off;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $proxy_connection;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto https;
        }
    }
}
`;

/** Starts a Meet, and waits until it is served. nginx writes no access log, which would be another load. */
export async function startRollingMeet(engine: Engine, part: string, options: RollingOptions): Promise<RollingMeet> {
  const { backends, outer = false, handWritten } = options;
  await provideGunicorn(engine, providedImages());
  const layout = outer ? behindOuter : alone;
  const services = { ...layout.services, backend: { ...gunicornBackend, ...options.backend }, ...options.services };
  const byHand = handWritten === undefined ? {} : { stub: handWritten };
  const meet = await startMeet(engine, part, {
    ...layout,
    services,
    configs: { ...layout.configs, ...byHand },
    scale: { backend: backends, ...(handWritten === undefined ? {} : { 'meet-gen': 0 }) },
  });
  const names = async (): Promise<readonly string[]> => {
    const filters = [
      '--filter',
      `label=com.docker.compose.project=${meet.project}`,
      '--filter',
      'label=com.docker.compose.service=backend',
    ];
    const listed = await meet.docker('container', 'ls', '--all', ...filters, '--format', '{{.Names}}');
    return listed.split('\n').flatMap((name) => (name === '' ? [] : [name.slice(meet.project.length + 1)]));
  };
  const healthy = async (wanted: readonly string[]): Promise<void> => {
    const health = (): Promise<readonly string[]> => Promise.all(wanted.map((name) => meet.inspect(name, '{{.State.Health.Status}}')));
    await waitUntil(`${wanted.join()} are healthy`, async () => (await health()).every((status) => status === 'healthy'));
  };
  const nginxes = outer ? ['frontend-1', 'second-frontend-1', 'outer-1'] : ['frontend-1'];
  const front = outer ? { name: 'outer-1', port: 80 } : { name: 'frontend-1', port: 8083 };
  await healthy(await names());
  if (handWritten === undefined) await meet.converged();
  else await meet.routed({ '/api/v1.0/config/': await names() });
  return {
    meet,
    async load(name) {
      const host = await meet.address(front.name, meet.internalNetwork);
      return startLoad(engine, meet.container('tools-1'), { host, port: front.port, name, ...options.load });
    },
    backends: names,
    healthy,
    async errorLines(load) {
      const lines = await Promise.all(nginxes.map((name) => errorLinesOf(engine, meet.container(name))));
      return lines.flat().filter(({ id }) => id.startsWith(`${load}-`));
    },
  };
}

const alone = { services: { frontend: { configs: [stub, quiet] } }, configs: { quiet: 'access_log off;' } };

const frontendAt = (address: string): Record<string, unknown> => ({
  image: 'meet-gen-test/frontend:1.30',
  entrypoint: ['/docker-entrypoint.sh'],
  command: ['nginx', '-g', 'daemon off;'],
  restart: 'always',
  labels: { 'meet.role': 'frontend' },
  networks: { proxy: { ipv4_address: address }, internal: {} },
  volumes: ['routing:/etc/nginx/meet-routing:ro'],
  configs: [stub, quiet],
});
const behindOuter = {
  services: {
    frontend: { ...frontendAt(frontendAddresses[0]), ports: ['127.0.0.1::8083'] },
    'second-frontend': frontendAt(frontendAddresses[1]),
    outer: {
      image: 'meet-gen-test/outer-proxy:latest',
      networks: ['proxy', 'internal'],
      configs: [{ source: 'outer', target: '/etc/nginx/nginx.conf.template' }],
    },
  },
  configs: { quiet: 'access_log off;', outer: outerConfig },
  networks: { proxy: { ipam: { config: [{ subnet: `${subnetOfRun}.0/24`, ip_range: `${subnetOfRun}.128/25` }] } } },
};
