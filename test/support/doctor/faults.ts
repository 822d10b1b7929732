import { writeFileSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shippedStub } from '../real-layout.ts';
import type { DoctorStack } from './doctor-stack.ts';

/** A fault on the real engine, and the findings that the doctor must report. */
export interface Fault {
  readonly name: string;
  /** Compose text on top of all others, and the services that it changes. */
  readonly change?: (stack: DoctorStack) => string;
  readonly services: readonly string[];
  /** Makes the part of the fault that no compose text can make. */
  readonly make?: (stack: DoctorStack) => Promise<void>;
  /** All findings: check, severity, services. The cure of the first is used. */
  readonly finds: readonly string[];
  readonly what: RegExp;
  /**
   * How the fault is fixed. `paste` applies the lines of the cure: compose text over the faulty text, commands in a
   * shell. `undo` takes the change back, as the cure's text asks.
   */
  readonly fix: 'paste' | 'undo';
  /** Takes the manual part back. */
  readonly restore?: (stack: DoctorStack) => Promise<void>;
  /** The round of the engine tier that makes this fault, together with others. */
  readonly round?: string;
}

export const service = (name: string, ...lines: readonly string[]): string =>
  ['services:', `  ${name}:`, ...lines.map((line) => `    ${line}`)].join('\n');
export const config = (name: string, text: string): string =>
  ['configs:', `  ${name}:`, `    content: ${JSON.stringify(text.replaceAll('$', '$$$$'))}`].join('\n');

const handWritten = `
upstream meet_backend { server backend:8000; }
server {
  listen 8083;
  location / { proxy_pass http://127.0.0.1:8080; }
  location /api {
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_pass http://meet_backend;
  }
}
`;

/** A file of the host that is mounted as a single file, and then replaced by another file. */
function replacedFile(name: string, text: string): { place(): Promise<string>; replace(): Promise<void>; remove(): Promise<void> } {
  let folder = '';
  const write = async (file: string): Promise<void> => writeFile(join(folder, file), text, { mode: 0o644 });
  return {
    async place() {
      folder = await mkdtemp(join(tmpdir(), 'mg-'));
      await write(name);
      return join(folder, name);
    },
    async replace() {
      await write('fresh');
      await rename(join(folder, 'fresh'), join(folder, name));
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Like the template in Meet's compose file: it has its own routes, under the rendered server's name. */
const template = handWritten.replace('$scheme', 'https').replace('listen 8083;', 'listen 8083;\n  server_name localhost;');

const stubOnHost = replacedFile('routing.conf', shippedStub());
const socketOnHost = replacedFile('docker.sock', '');

async function mountAndReplace(
  stack: DoctorStack,
  file: ReturnType<typeof replacedFile>,
  to: (source: string) => string,
  name: string,
): Promise<void> {
  await stack.change([to(await file.place())], [name]);
  await file.replace();
}

/** In the order of the check table. Names and certificates have a separate test with its own DNS. */
export const faults: readonly Fault[] = [
  {
    name: 'a frontend without VIRTUAL_HOST',
    change: () => service('frontend', 'environment: { VIRTUAL_HOST: "" }'),
    services: ['frontend'],
    finds: ['virtual-host failure frontend'],
    what: /VIRTUAL_HOST is not set/,
    fix: 'paste',
  },
  {
    name: 'a frontend without VIRTUAL_PORT',
    change: () => service('frontend', 'environment: { VIRTUAL_PORT: "" }'),
    services: ['frontend'],
    finds: ['virtual-port failure frontend'],
    what: /VIRTUAL_PORT is not set/,
    fix: 'paste',
    round: 'settings of five services',
  },
  {
    name: 'Keycloak without LETSENCRYPT_HOST',
    change: () => service('keycloak', 'environment: { LETSENCRYPT_HOST: "" }'),
    services: ['keycloak'],
    finds: ['certificate-name failure keycloak'],
    what: /auth\.example\.com/,
    fix: 'paste',
  },
  {
    name: "Keycloak off nginx-proxy's network",
    change: () => service('keycloak', 'networks: !override [internal]'),
    services: ['keycloak'],
    finds: ['proxy-network failure keycloak'],
    what: /no common network with nginx-proxy/,
    fix: 'paste',
  },
  {
    name: "nginx-proxy without Meet's limits",
    change: () => service('nginx-proxy', 'configs: !override []'),
    services: ['nginx-proxy'],
    finds: ['proxy-limits warning frontend'],
    what: /allows 1 MB and 60 s, but Meet needs 100 MB and 300 s/,
    fix: 'undo',
    round: 'settings of five services',
  },
  {
    name: 'a backend with a label that is meant for nginx-proxy',
    change: () => service('backend', 'labels: { com.github.nginx-proxy.nginx: "" }'),
    services: ['backend'],
    finds: ['proxy-labels failure backend'],
    what: /com\.github\.nginx-proxy\.nginx/,
    fix: 'undo',
  },
  {
    name: 'a frontend whose nginx listens on no port',
    change: () =>
      `${service('frontend', 'command: ["nginx", "-c", "/etc/nginx/other.conf", "-g", "daemon off;"]', 'configs: [{ source: other, target: /etc/nginx/other.conf }]')}\n${config('other', 'pid /tmp/nginx.pid;\nevents {}\n')}`,
    services: ['frontend'],
    finds: ['routing-port failure frontend'],
    what: /no server listens on 8083, so nginx-proxy answers 502 on all routes/,
    fix: 'undo',
  },
  {
    name: 'a frontend that is never reloaded',
    change: () => service('meet-gen', 'environment: { MEET_GEN_RELOAD: none }'),
    services: ['meet-gen'],
    make: (stack) => stack.scale('backend', 2),
    finds: ['generation failure frontend'],
    what: /serves generation [0-9a-f]{16}, but the published generation is [0-9a-f]{16}/,
    fix: 'undo',
    restore: (stack) => stack.scale('backend', 1),
  },
  {
    name: 'a backend that does not know its public host',
    change: () => service('backend', 'environment: { DJANGO_ALLOWED_HOSTS: other.example.org }'),
    services: ['backend'],
    finds: ['api failure frontend'],
    what: /refuses the host visio\.example\.com \(400\)/,
    fix: 'paste',
    round: 'wrong answers and restart policies',
  },
  {
    name: 'a backend that listens on another port',
    change: () => service('backend', 'environment: { PORT: "8001" }', 'healthcheck: { disable: true }'),
    services: ['backend'],
    finds: ['meet-port failure backend'],
    what: /no program listens on port 8000: \S+:8000 refuses connections$/,
    fix: 'undo',
  },
  {
    name: 'a wrong meet.port',
    change: () => service('backend', 'labels: { meet.port: "8001" }'),
    services: ['backend'],
    finds: ['meet-port failure backend'],
    what: /:8001 refuses connections, and the container exposes 8000/,
    fix: 'paste',
    round: 'files in the frontend',
  },
  {
    name: 'a volume over conf.d',
    change: () => `${service('frontend', 'volumes: ["conf:/etc/nginx/conf.d"]')}\nvolumes:\n  conf: {}`,
    services: ['frontend'],
    finds: ['conf-d-hidden failure frontend'],
    what: /mounted over \/etc\/nginx\/conf\.d/,
    fix: 'undo',
  },
  {
    name: 'no stub',
    change: () => service('frontend', 'configs: !override []'),
    services: ['frontend'],
    finds: ['stub failure frontend'],
    what: /\/etc\/nginx\/conf\.d\/routing\.conf is missing/,
    fix: 'paste',
    round: 'files in the frontend',
  },
  {
    name: 'a stub whose include comes last',
    change: () => config('routing-stub', `${shippedStub().replace(/^include.*$/m, '')}\ninclude /etc/nginx/meet-routing/*.conf;\n`),
    services: ['frontend'],
    finds: ['stub failure frontend'],
    what: /comes after a server/,
    fix: 'undo',
  },
  {
    name: 'the hand-written file, with $scheme in place of https',
    change: () =>
      `${service('frontend', 'configs: !override [{ source: mine, target: /etc/nginx/conf.d/routing.conf }]')}\n${config('mine', handWritten)}`,
    services: ['frontend'],
    finds: ['stub failure frontend', 'api failure frontend'],
    what: /hand-written|redirects in a loop/,
    fix: 'paste',
  },
  {
    name: 'no shared volume',
    change: () => service('frontend', 'volumes: !override []'),
    services: ['frontend'],
    finds: ['routing-mount failure frontend'],
    what: /no volume is mounted at \/etc\/nginx\/meet-routing/,
    fix: 'paste',
  },
  {
    name: 'a volume other than the shared volume',
    change: () => `${service('frontend', 'volumes: !override ["other:/etc/nginx/meet-routing:ro"]')}\nvolumes:\n  other: {}`,
    services: ['frontend'],
    finds: ['routing-mount failure frontend'],
    what: /not the volume that meet-gen publishes to/,
    fix: 'paste',
  },
  {
    name: 'a single file that was replaced outside',
    services: ['frontend'],
    make: (stack) =>
      mountAndReplace(
        stack,
        stubOnHost,
        (source) =>
          service('frontend', 'configs: !override []', `volumes: [${JSON.stringify(`${source}:/etc/nginx/conf.d/routing.conf:ro`)}]`),
        'frontend',
      ),
    finds: ['single-file-mount failure frontend'],
    what: /was replaced on the host/,
    fix: 'paste',
    restore: () => stubOnHost.remove(),
  },
  {
    name: 'a second file that listens on 8083',
    change: () =>
      `${service('frontend', 'configs: [{ source: mine, target: /etc/nginx/conf.d/meet.conf }]')}\n${config('mine', 'server { listen 8083; return 404; }\n')}`,
    services: ['frontend'],
    finds: ['rival-server failure frontend'],
    what: /a server without a name on 8083 in \S+\/conf\.d\/meet\.conf answers in place of meet-gen's/,
    fix: 'undo',
  },
  {
    name: "the template of Meet's own compose file, rendered beside the stub",
    change: ({ folder }) => {
      const file = join(folder, 'default.conf.template');
      writeFileSync(file, template, { mode: 0o644 });
      const mounts = ['/etc/nginx/templates/docs.conf.template', '/etc/nginx/conf.d/docs.conf'].map(
        (target) => `  - { type: bind, source: ${JSON.stringify(file)}, target: ${target}, read_only: true }`,
      );
      return service('frontend', 'volumes:', ...mounts);
    },
    services: ['frontend'],
    finds: ['rival-server failure frontend'],
    what: /the server "localhost" on 8083 in \S+\/docs\.conf, rendered from \/etc\/nginx\/templates\/docs\.conf\.template, answers/,
    fix: 'undo',
    round: 'routing and settings of the backend',
  },
  {
    name: 'a backend on a separate network',
    change: () => `${service('backend', 'networks: !override [elsewhere]')}\nnetworks:\n  elsewhere: {}`,
    services: ['backend'],
    finds: ['shared-network failure backend'],
    what: /no common network with/,
    fix: 'paste',
    round: 'networks, and a database',
  },
  {
    name: 'a backend on internal networks only',
    change: () =>
      'services:\n  backend:\n    networks: !override [closed]\n  frontend:\n    networks: !override [proxy, internal, closed]\nnetworks:\n  closed: { internal: true }',
    services: ['frontend', 'backend'],
    finds: ['way-out failure backend'],
    what: /are internal/,
    fix: 'undo',
  },
  {
    name: 'a backend without extra_hosts',
    change: () => service('backend', 'extra_hosts: !override ["other.example.org:host-gateway"]'),
    services: ['backend'],
    finds: ['extra-hosts failure backend'],
    what: /no connection to port 443 of auth\.example\.com, livekit\.example\.com \(.+\), and no entry in extra_hosts/,
    fix: 'paste',
    round: 'settings of five services',
  },
  {
    name: 'extra_hosts with an address that refuses connections',
    change: () => service('backend', 'extra_hosts: !override ["auth.example.com:127.0.0.1", "livekit.example.com:host-gateway"]'),
    services: ['backend'],
    finds: ['extra-hosts-reachable failure backend'],
    what: /no answer on port 443 of 127\.0\.0\.1, the address of auth\.example\.com in extra_hosts/,
    fix: 'undo',
  },
  {
    name: 'Keycloak without its proxy settings',
    change: () => service('keycloak', 'environment: { KC_PROXY_HEADERS: "", KC_HTTP_ENABLED: "false" }'),
    services: ['keycloak'],
    finds: ['keycloak-proxy failure keycloak'],
    what: /KC_PROXY_HEADERS, KC_HTTP_ENABLED/,
    fix: 'paste',
    round: 'settings of five services',
  },
  {
    name: "a URL for browsers with LiveKit's name inside Docker",
    change: () => service('backend', 'environment: { LIVEKIT_API_URL: "http://livekit:7880" }'),
    services: ['backend'],
    finds: ['browser-urls failure backend'],
    what: /LIVEKIT_API_URL sends browsers to http:\/\/livekit, a name that only works inside Docker/,
    fix: 'paste',
    round: 'routing and settings of the backend',
  },
  {
    name: 'LiveKit without its UDP port',
    change: () => service('livekit', 'ports: !override []'),
    services: ['livekit'],
    finds: ['livekit-ports failure livekit'],
    what: /\d+\/tcp is not published; \d+\/udp is not published/,
    fix: 'paste',
  },
  {
    name: 'a misspelt role',
    change: () => service('backend', 'labels: { meet.role: bakend }'),
    services: ['backend'],
    finds: ['role-word failure backend'],
    what: /meet\.role=bakend is not a role/,
    fix: 'paste',
  },
  {
    name: 'a backend without labels',
    change: () => service('backend', 'labels: !override {}'),
    services: ['backend'],
    finds: ['role-missing failure backend'],
    what: /looks like a backend/,
    fix: 'paste',
  },
  {
    name: 'celery with a role',
    change: () => service('celery', 'labels: { meet.role: backend }'),
    services: ['celery'],
    finds: ['role-on-worker failure celery'],
    what: /runs celery/,
    fix: 'undo',
  },
  {
    name: 'an unknown label',
    change: () => service('backend', 'labels: { meet.prot: "8001" }'),
    services: ['backend'],
    finds: ['labels warning backend'],
    what: /meet\.prot=8001/,
    fix: 'undo',
  },
  {
    name: 'Keycloak stopped',
    services: [],
    make: (stack) => stack.shell(`docker stop --time 1 ${stack.container('keycloak')}`),
    finds: ['containers-run failure keycloak'],
    what: /not running: its state is exited/,
    fix: 'paste',
  },
  {
    name: 'a database that was killed',
    services: [],
    make: (stack) => stack.shell(`docker kill ${stack.container('postgresql')}`),
    finds: ['containers-run failure postgresql'],
    what: /not running: its state is exited/,
    fix: 'paste',
    round: 'networks, and a database',
  },
  {
    name: 'a paused cache',
    services: [],
    make: (stack) => stack.shell(`docker pause ${stack.container('redis')}`),
    finds: ['containers-run failure redis'],
    what: /not running: its state is paused/,
    fix: 'paste',
  },
  {
    name: 'a wrong password of the database',
    change: () => service('backend', 'environment: { DB_PASSWORD: wrong }'),
    services: ['backend'],
    finds: ['heartbeat failure backend'],
    what: /__heartbeat__ answers 500: probably its database or cache fails/,
    fix: 'undo',
    round: 'routing and settings of the backend',
  },
  {
    name: 'no restart policy',
    change: () => service('redis', 'restart: "no"'),
    services: ['redis'],
    finds: ['restart-policy warning redis'],
    what: /no restart policy/,
    fix: 'paste',
  },
  {
    name: 'an image without a version',
    change: (stack) => service('celery', `image: ${stack.image('meet-backend:latest')}`),
    services: ['celery'],
    finds: ['image-pinned warning celery'],
    what: /has no version/,
    fix: 'undo',
  },
  {
    name: "Docker's own patience with the backend",
    change: () => service('backend', 'stop_grace_period: 10s'),
    services: ['backend'],
    finds: ['stop-grace warning backend'],
    what: /kills the container 10 s after a stop/,
    fix: 'paste',
  },
  {
    name: 'a signalled frontend with restart: unless-stopped',
    change: () => service('frontend', 'restart: unless-stopped'),
    services: ['frontend'],
    finds: ['signalled-restart failure frontend'],
    what: /restart policy is unless-stopped/,
    fix: 'paste',
    round: 'wrong answers and restart policies',
  },
  {
    name: 'a shell in front of nginx',
    change: () => service('frontend', `entrypoint: ["sh", "-c", "nginx -g 'daemon off;'; true"]`, 'command: []'),
    services: ['frontend'],
    finds: ['first-process failure frontend'],
    what: /its first process is sh/,
    fix: 'paste',
  },
  {
    name: 'an init in front of nginx',
    change: () => service('frontend', 'init: true'),
    services: ['frontend'],
    finds: ['first-process warning frontend'],
    what: /can kill nginx/,
    fix: 'paste',
  },
  {
    name: 'no meet-gen',
    services: [],
    make: (stack) => stack.shell(`docker rm --force ${stack.container('meet-gen')}`),
    finds: ['meet-gen warning frontend'],
    what: /no container of meet-gen/,
    fix: 'paste',
  },
  {
    name: 'meet-gen with direct access to the socket',
    change: () => service('meet-gen', 'volumes: ["${DOCKER_SOCKET}:/var/run/docker.sock"]'),
    services: ['meet-gen'],
    finds: ['engine-access warning meet-gen'],
    what: /root on the host/,
    fix: 'undo',
  },
  {
    name: 'a socket proxy with a wrong DOCKER_GID',
    change: () => service('docker-proxy', 'user: "65534:4711"'),
    services: ['docker-proxy'],
    finds: ['socket-group failure docker-proxy'],
    what: /runs with group 4711, but the engine's socket belongs to group \d+/,
    fix: 'paste',
    round: 'settings of five services',
  },
  {
    name: 'a socket that was replaced outside',
    services: ['nginx-proxy'],
    make: (stack) =>
      mountAndReplace(
        stack,
        socketOnHost,
        (source) => service('nginx-proxy', `volumes: [${JSON.stringify(`${source}:/extra/docker.sock`)}]`),
        'nginx-proxy',
      ),
    finds: ['stale-socket failure nginx-proxy'],
    what: /\/extra\/docker\.sock is an old socket/,
    fix: 'paste',
    restore: () => socketOnHost.remove(),
  },
];
