import { stringify } from 'yaml';
import type { Images } from '../providers/engine/stand-ins.ts';

/** The fixed part of the demo's compose file. */
export interface Setting {
  readonly project: string;
  readonly images: Pick<Images, 'frontend' | 'backend' | 'idle' | 'outerProxy'>;
  readonly meetGenImage: string;
  /** The path on the engine's machine. */
  readonly engineSocket: string;
  readonly socketGroup: string;
  /** Labels of every container, network and volume. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The part of the compose file that the story edits. */
export interface Edits {
  readonly backendLabels: Readonly<Record<string, string>>;
  /** The second service; absent until it is added. */
  readonly whiteboardLabels?: Readonly<Record<string, string>>;
}

/** The port of meet-gen's status in its container. */
export const statusPort = 9180;

/** The static stub in the frontend. It includes the rendered file, and answers without that file. */
const stub = `include /etc/nginx/meet-routing/*.conf;

server {
    listen 8083;
    server_name meet-gen.invalid;
    return 503;
}

server {
    listen 8084;
    server_name meet-gen.invalid;
    access_log off;
    keepalive_timeout 0;
    location = /generation { return 200 "none $$nginx_version\\n"; }
}
`;

/** The demo's compose file: the topology of La Suite Meet with stand-ins for its images. */
export function composeFile(setting: Setting, edits: Edits): string {
  const { images, labels } = setting;
  const file = {
    name: setting.project,
    services: {
      'nginx-proxy': { image: images.outerProxy, labels, networks: ['proxy'], ports: ['127.0.0.1::80'] },
      frontend: {
        image: images.frontend['1.30'],
        entrypoint: ['/docker-entrypoint.sh'],
        command: ['nginx', '-g', 'daemon off;'],
        restart: 'always',
        stop_signal: 'SIGQUIT',
        deploy: { replicas: 2 },
        labels: { 'meet.role': 'frontend', ...labels },
        networks: ['proxy', 'internal'],
        volumes: ['routing:/etc/nginx/meet-routing:ro'],
        configs: [{ source: 'routing-stub', target: '/etc/nginx/conf.d/routing.conf' }],
      },
      backend: { image: images.backend, labels: { ...edits.backendLabels, ...labels }, networks: ['internal'] },
      ...(edits.whiteboardLabels === undefined ? {} : { whiteboard: whiteboard(setting, edits.whiteboardLabels) }),
      'meet-gen': meetGen(setting),
    },
    // As in the example, the outer network has a fixed name, so that other projects may join it.
    networks: { proxy: { name: `${setting.project}-proxy`, labels }, internal: { labels } },
    volumes: { routing: { labels } },
    configs: { 'routing-stub': { content: stub } },
  };
  return stringify(file, { lineWidth: 0, aliasDuplicateObjects: false });
}

function whiteboard({ images, labels }: Setting, ownLabels: Readonly<Record<string, string>>): object {
  return {
    image: images.idle,
    environment: { STANDIN_PORTS: '3002' },
    labels: { ...ownLabels, ...labels },
    networks: ['internal'],
  };
}

function meetGen({ project, meetGenImage, engineSocket, socketGroup, labels }: Setting): object {
  return {
    image: meetGenImage,
    labels,
    read_only: true,
    cap_drop: ['ALL'],
    // label:disable matters only with SELinux, which keeps containers off the engine's socket.
    security_opt: ['no-new-privileges:true', 'label:disable'],
    group_add: [socketGroup],
    environment: {
      MEET_GEN_INSTANCE: project,
      MEET_GEN_TEMPLATES: '/templates',
      MEET_GEN_LOG_FORMAT: 'json',
      MEET_GEN_LISTEN: `:${statusPort}`,
    },
    ports: [`127.0.0.1::${statusPort}`],
    networks: ['internal'],
    volumes: ['routing:/routing', './templates:/templates:ro', `${engineSocket}:/var/run/docker.sock`],
  };
}
