import { container, frontend, observe } from '../../support/containers.ts';
import { renderWorld } from '../../support/render-world.ts';

/** The configurations of the nginx between clients and backend. */
export type Contender = 'seed' | 'resolve' | 'meet-gen' | 'meet-gen, keepalive off' | 'bare nginx';

export interface Backend {
  readonly address: string;
  /** The name on the network. */
  readonly name: string;
}

export const routingPort = 8083;
export const backendPort = 8000;
export const storagePort = 9000;
export const bucket = 'meet-media-storage';

type Write = (nginxVersion: string, backend: Backend) => string | Promise<string>;

/** The `routing.conf` of each contender; all else is the same. */
export const routingFiles: Readonly<Record<Contender, Write>> = {
  seed: (_, { address }) => handWritten(`server ${address}:${backendPort} fail_timeout=0;`),
  resolve: (_, { name }) =>
    handWritten(`zone meet_backend 64k; resolver 127.0.0.11; server ${name}:${backendPort} resolve fail_timeout=0;`),
  'meet-gen': (nginxVersion, backend) => rendered(nginxVersion, backend, {}),
  'meet-gen, keepalive off': (nginxVersion, backend) => rendered(nginxVersion, backend, { 'meet.keepalive': 'off' }),
  'bare nginx': () => answersAt(routingPort),
};

/** The hand-written file for this frontend, with addresses for names: nginx doesn't start on an unknown name. */
function handWritten(servers: string): string {
  const paths = ['/api', '/admin', '/static', '/oidc', '/healthz', '/webhook'];
  return `upstream meet_backend {
    ${servers}
}
upstream meet_frontend {
    server 127.0.0.1:8080 fail_timeout=0;
}
server {
    listen ${routingPort};
    server_name localhost;
    charset utf-8;
    server_tokens off;
    client_max_body_size 100M;
    location @proxy_to_meet_backend {
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto https;
        proxy_redirect off;
        proxy_read_timeout 300s;
        proxy_pass http://meet_backend;
    }
    location @proxy_to_meet_frontend {
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_redirect off;
        proxy_pass http://meet_frontend;
    }
    location / {
        try_files $uri @proxy_to_meet_frontend;
    }
${paths.map((path) => `    location ${path} {\n        try_files $uri @proxy_to_meet_backend;\n    }\n`).join('')}}
`;
}

/** meet-gen's file for this Meet. */
async function rendered(nginxVersion: string, { address }: Backend, labels: Readonly<Record<string, string>>): Promise<string> {
  const networks = { meet_default: `${address}/16` };
  const own = { project: 'meet', networks };
  const { files, problems } = await renderWorld(
    observe([
      frontend({ networks }),
      container({ ...own, name: 'meet-backend-1', service: 'backend', labels: { 'meet.role': 'backend', ...labels } }),
      container({
        ...own,
        name: 'meet-minio-1',
        service: 'minio',
        labels: { 'meet.role': 'media', 'meet.media.bucket': bucket, 'meet.port': String(storagePort) },
      }),
    ]),
    nginxVersion,
  );
  const text = files.get('meet');
  if (text === undefined || problems.length > 0)
    throw new Error(`meet-gen should render a file without problems, but reports: ${JSON.stringify(problems)}`);
  return text;
}

/** A server that answers at once: a small JSON, an asset, a page, and the permission to hand out a media file. */
export function answersAt(port: number): string {
  return `server {
    listen ${port} backlog=4096;
    location /api/ {
        default_type application/json;
        return 200 '{"ok":true}';
    }
    location = /api/v1.0/recordings/media-auth/ {
        add_header Authorization "AWS4-HMAC-SHA256 Credential=bench";
        add_header X-Amz-Date 20261125T000000Z;
        add_header X-Amz-Content-SHA256 UNSIGNED-PAYLOAD;
        return 200;
    }
    location /static/ {
        root /bench/files;
    }
    location / {
        default_type text/html;
        return 200 "<!doctype html><title>SPA</title>";
    }
}
`;
}
