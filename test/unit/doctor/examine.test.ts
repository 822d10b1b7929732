import { expect, test } from 'vitest';
import { checkTable } from '../../../src/doctor/check-table.ts';
import { examine } from '../../../src/doctor/examine.ts';
import { known, unknown } from '../../../src/doctor/facts/facts.ts';
import type { BackendFacts, Facts, Inspection } from '../../../src/doctor/facts/facts.ts';
import { extraHostKey } from '../../../src/doctor/facts/meet.ts';
import { reportText } from '../../../src/doctor/report.ts';
import { generation, healthyBackend, healthyName, proxyFiles, published, rendered, topology } from '../../support/doctor/topology.ts';
import { idOf } from '../../support/containers.ts';
import { shippedStub } from '../../support/real-layout.ts';

test('a healthy topology has no finding, and every check runs', () => {
  const { findings, unchecked, ok } = examine(topology());
  expect(findings).toEqual([]);
  expect(unchecked).toEqual([]);
  expect(ok.map(({ check }) => check).toSorted()).toEqual(checkTable.map(({ id }) => id).toSorted());
});

const stub = shippedStub();
const confD = (text: string, more: Readonly<Record<string, string>> = {}): ReturnType<typeof known<ReadonlyMap<string, string>>> =>
  known(new Map(Object.entries({ 'default.conf': 'server { listen 8080; }', 'routing.conf': text, ...more })));
const answered = (status: number, content: 'json' | 'html' | 'other' = 'html') => ({
  frontend: { api: { kind: 'answer' as const, status, content } },
});
const names = (host: string, facts: Partial<typeof healthyName>): { facts: Partial<Facts> } => ({
  facts: { names: new Map([...topology().names, [host, { ...healthyName, ...facts }]]) },
});
const mounts = (destination: string, type = 'volume', source = '/volumes/routing') => ({
  inspection: { mounts: [{ type, source, destination }] },
});
/** Like `default.conf.template` of Meet's compose file: a server with its own routes, and the name localhost. */
const official = 'server { listen 8083; server_name localhost; location /api { proxy_pass http://backend:8000; } }';
const templateMount = (destination: string) => ({
  inspection: {
    stopSignal: 'SIGQUIT',
    mounts: [...mounts('/etc/nginx/meet-routing').inspection.mounts, { type: 'bind', source: '/t', destination }],
  },
});
const backendIs = (change: Partial<BackendFacts>): { facts: Partial<Facts> } => ({
  facts: { backends: new Map([[idOf('meet-backend-1'), { ...healthyBackend, ...change }]]) },
});
const portTried = (kind: 'open' | 'refused', port = 8000): Facts['ports'] =>
  new Map([[idOf('meet-backend-1'), { endpoint: `172.20.0.7:${port}`, answer: { kind } }]]);
const frontendId = idOf('meet-frontend-1');

/** Working set-ups, each with its difference from the example. */
const layouts: Readonly<Record<string, Facts>> = {
  'the single compose file, its stub mounted as a file': topology({
    frontend: {
      inspection: {
        stopSignal: 'SIGQUIT',
        mounts: [
          { type: 'bind', source: '/srv/meet/nginx-routing.conf', destination: '/etc/nginx/conf.d/routing.conf' },
          { type: 'volume', source: '/volumes/routing', destination: '/etc/nginx/meet-routing' },
        ],
      },
    },
  }),
  'public names as aliases of nginx-proxy, on an internal network': topology(
    {
      'nginx-proxy': {
        networks: ['proxy', 'meet_closed'],
        inspection: { aliases: new Map([['meet_closed', ['auth.meet.org', 'livekit.meet.org']]]) },
      },
      frontend: { networks: ['proxy', 'meet_closed'] },
      backend: { networks: ['meet_closed'], inspection: { stopTimeoutSeconds: 95, extraHosts: [] } },
      postgresql: { networks: ['meet_closed'] },
      redis: { networks: ['meet_closed'] },
    },
    { facts: { extraHosts: new Map() } },
  ),
  'reloaded by the hook, behind a read-only proxy': topology({
    frontend: { inspection: { ...mounts('/etc/nginx/meet-routing').inspection, restartPolicy: 'unless-stopped' } },
    'meet-gen': { environment: { MEET_GEN_RELOAD: 'hook' } },
  }),
  'reloaded by exec, on an engine on which a signal ends every restart policy': topology(
    {
      frontend: { inspection: { ...mounts('/etc/nginx/meet-routing').inspection, restartPolicy: 'unless-stopped' } },
      'meet-gen': { environment: { MEET_GEN_RELOAD: 'exec' } },
    },
    { facts: { signalEndsRestarts: true } },
  ),
  'Keycloak on another machine': topology({
    keycloak: undefined,
    backend: {
      environment: {
        OIDC_OP_TOKEN_ENDPOINT: 'https://login.other.org/token',
        OIDC_OP_AUTHORIZATION_ENDPOINT: 'https://login.other.org/auth',
      },
    },
  }),
  'LiveKit with a range of ports': topology({
    livekit: {
      environment: { LIVEKIT_CONFIG: 'rtc:\n  tcp_port: 7881\n  port_range_start: 50000\n  port_range_end: 50100\n' },
      inspection: {
        publishedPorts: [published(7881, 'tcp'), ...Array.from({ length: 101 }, (_, index) => published(50_000 + index, 'udp'))],
      },
    },
  }),
  'LiveKit on another machine': topology({
    livekit: undefined,
    backend: { environment: { LIVEKIT_API_URL: 'wss://meet.livekit.cloud' } },
  }),
  'finished jobs': topology({
    backend: {
      labels: {
        'meet.role': 'backend',
        'com.docker.compose.depends_on':
          'postgresql:service_healthy:false,migrate:service_completed_successfully:false,buckets:service_started:false',
      },
    },
    migrate: {
      image: 'lasuite/meet-backend:v1.27.0',
      state: 'exited',
      inspection: { program: 'manage.py', restartPolicy: 'no', exitCode: 0 },
    },
    buckets: { image: 'minio/mc:1.0', state: 'exited', inspection: { restartPolicy: 'no', exitCode: 0 } },
  }),
  'a finished job with restart: on-failure': topology({
    backend: { labels: { 'meet.role': 'backend', 'com.docker.compose.depends_on': 'buckets:service_started:false' } },
    buckets: { image: 'minio/mc:1.0', state: 'exited', inspection: { restartPolicy: 'on-failure', exitCode: 0 } },
  }),
  'a wildcard among the public names': topology(
    { frontend: { environment: { VIRTUAL_HOST: 'meet.org,*.meet.org', LETSENCRYPT_HOST: 'meet.org,*.meet.org' } } },
    {
      facts: {
        names: new Map([...topology().names, ['meet.org', healthyName]]),
        proxyFiles: new Map([
          [
            idOf('meet-nginx-proxy-1'),
            known(
              new Map(
                [...proxyFiles()].flatMap(([, text]) => ['meet.org', '*.meet.org'].map((host) => [`/etc/nginx/vhost.d/${host}`, text])),
              ),
            ),
          ],
        ]),
      },
    },
  ),
  'a public name without a dot': topology(
    {
      livekit: { environment: { VIRTUAL_HOST: 'livekit', LETSENCRYPT_HOST: 'livekit' } },
      backend: { environment: { LIVEKIT_API_URL: 'https://livekit' } },
    },
    {
      facts: {
        names: new Map([...topology().names, ['livekit', healthyName]]),
        ...backendIs({ reach: known(new Map(['auth.meet.org', 'livekit'].map((name) => [name, { kind: 'open' as const }]))) }).facts,
      },
    },
  ),
  'a template of its own, rendered': topology(
    { frontend: templateMount('/etc/nginx/templates/gzip.conf.template') },
    { frontend: { confD: confD(stub, { 'gzip.conf': 'gzip on;' }) } },
  ),
  "LiveKit's ports at the container whose network it uses": topology({
    livekit: { networkMode: `container:${idOf('meet-pause-1')}`, inspection: { publishedPorts: [] } },
    pause: {
      image: 'pause:3.9',
      networks: ['proxy', 'meet_internal'],
      inspection: { publishedPorts: [published(7881, 'tcp'), published(7882, 'udp')] },
    },
  }),
  'more servers in the frontend, on other ports': topology(
    {},
    {
      frontend: {
        confD: known(
          new Map([
            ['routing.conf', shippedStub()],
            ['a.conf', 'server { listen 127.0.0.1; listen 9000; }'],
          ]),
        ),
      },
    },
  ),
};

test.each(Object.entries(layouts))('%s: no finding', (_, facts) => {
  expect(examine(facts).findings).toEqual([]);
});

interface Row {
  readonly fault: string;
  readonly facts: Facts;
  /** All findings: check, weight, container. */
  readonly found: readonly string[];
  readonly what?: RegExp;
  /** Expected in the sentence or the lines of the cure. */
  readonly cure?: string;
  readonly noPaste?: true;
}

const rows: readonly Row[] = [
  {
    fault: 'a name without an address',
    facts: topology({}, names('auth.meet.org', { resolution: { kind: 'no-such-name' } })),
    found: ['dns failure meet-keycloak-1'],
    cure: 'auth.meet.org.',
  },
  {
    fault: 'a name that points elsewhere',
    facts: topology({}, names('livekit.meet.org', { resolution: { kind: 'addresses', addresses: ['203.0.113.77'] } })),
    found: ['dns warning meet-livekit-1'],
    what: /203\.0\.113\.77/,
  },
  {
    fault: 'an untrusted certificate',
    facts: topology({}, names('auth.meet.org', { tls: { kind: 'untrusted', reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' } })),
    found: ['tls failure meet-keycloak-1'],
    what: /DEPTH_ZERO_SELF_SIGNED_CERT/,
  },
  {
    fault: 'a certificate that ends soon',
    facts: topology({}, names('auth.meet.org', { tls: { kind: 'valid', daysLeft: 3 } })),
    found: ['tls warning meet-keycloak-1'],
  },
  {
    fault: 'a closed port 443',
    facts: topology({}, names('visio.meet.org', { tls: { kind: 'refused' } })),
    found: ['tls failure meet-frontend-1'],
    cure: '443:443',
  },
  {
    fault: 'no VIRTUAL_HOST',
    facts: topology({ livekit: { environment: { VIRTUAL_HOST: '' } } }),
    found: ['virtual-host failure meet-livekit-1'],
    cure: 'VIRTUAL_HOST: livekit.example.com',
  },
  {
    fault: 'no VIRTUAL_PORT',
    facts: topology({ frontend: { environment: { VIRTUAL_PORT: '' } } }),
    found: ['virtual-port failure meet-frontend-1'],
    what: /not set/,
    cure: 'VIRTUAL_PORT: "8083"',
  },
  {
    fault: 'another VIRTUAL_PORT',
    facts: topology({ keycloak: { environment: { VIRTUAL_PORT: '8443' } } }),
    found: ['virtual-port failure meet-keycloak-1'],
    what: /8443/,
    cure: 'VIRTUAL_PORT: "8080"',
  },
  {
    fault: 'no certificate asked for',
    facts: topology({ frontend: { environment: { LETSENCRYPT_HOST: 'other.meet.org' } } }),
    found: ['certificate-name failure meet-frontend-1'],
    cure: 'LETSENCRYPT_HOST: visio.meet.org',
  },
  {
    fault: 'no common network with nginx-proxy',
    facts: topology({ keycloak: { networks: ['meet_internal'] } }),
    found: ['proxy-network failure meet-keycloak-1'],
    cure: 'docker network connect "proxy" meet-keycloak-1',
  },
  {
    fault: "nginx-proxy's own limits",
    facts: topology({}, { facts: { proxyFiles: new Map([[idOf('meet-nginx-proxy-1'), known(new Map())]]) } }),
    found: ['proxy-limits warning meet-frontend-1'],
    what: /1 MB and 60 s, but Meet needs 100 MB and 300 s/,
    cure: 'client_max_body_size 100m;',
  },
  {
    fault: "nginx-proxy's limits in a comment",
    facts: topology(
      {},
      {
        facts: {
          proxyFiles: new Map([[idOf('meet-nginx-proxy-1'), known(proxyFiles('#client_max_body_size 0;\nproxy_read_timeout 5m;'))]]),
        },
      },
    ),
    found: ['proxy-limits warning meet-frontend-1'],
    what: /1 MB and 300 s/,
  },
  {
    fault: 'a label that hijacks nginx-proxy',
    facts: topology({ backend: { labels: { 'meet.role': 'backend', 'com.github.nginx-proxy.nginx': '' } } }),
    found: ['proxy-labels failure meet-backend-1'],
  },
  {
    fault: 'nothing listens on 8083',
    facts: topology({}, { frontend: { api: { kind: 'refused' }, status: { kind: 'silent', reason: 'ECONNREFUSED' } } }),
    found: ['routing-port failure meet-frontend-1'],
    what: /502 on all routes/,
  },
  {
    fault: 'an old generation',
    facts: topology({}, { frontend: { status: { kind: 'generation', generation: 'fedcba9876543210', nginxVersion: '1.30.3' } } }),
    found: ['generation failure meet-frontend-1'],
    what: /serves generation fedcba9876543210, but the published generation is 0123456789abcdef/,
  },
  {
    fault: 'nothing published',
    facts: topology(
      {},
      { frontend: { status: { kind: 'generation', generation: 'none', nginxVersion: '1.30.3' }, published: known(undefined) } },
    ),
    found: ['generation failure meet-frontend-1'],
    what: /has not published a file/,
  },
  {
    fault: "the SPA's HTML for the API",
    facts: topology({}, answered(200)),
    found: ['api failure meet-frontend-1'],
    what: /HTML of the SPA/,
  },
  {
    fault: 'a redirect loop',
    facts: topology({}, answered(301)),
    found: ['api failure meet-frontend-1'],
    cure: 'proxy_set_header X-Forwarded-Proto https;',
  },
  {
    fault: 'a host that Django refuses',
    facts: topology({}, answered(400)),
    found: ['api failure meet-frontend-1'],
    cure: 'DJANGO_ALLOWED_HOSTS: visio.meet.org',
  },
  {
    fault: 'a wrong meet.port, which explains the 503',
    facts: topology(
      { backend: { labels: { 'meet.role': 'backend', 'meet.port': '8001' }, ports: [8000] } },
      { ...answered(503), facts: { ports: portTried('refused', 8001) } },
    ),
    found: ['meet-port failure meet-backend-1'],
    what: /no program listens on port 8001: 172\.20\.0\.7:8001 refuses connections, and the container exposes 8000/,
    cure: 'meet.port: "8000"',
  },
  {
    fault: 'a backend that listens on another port than the exposed one',
    facts: topology({ backend: { ports: [8000] } }, { ...answered(503), facts: { ports: portTried('refused') } }),
    found: ['meet-port failure meet-backend-1'],
    what: /no program listens on port 8000: 172\.20\.0\.7:8000 refuses connections$/,
    cure: 'docker logs --tail 50 meet-backend-1',
  },
  {
    fault: 'a dead address',
    facts: topology({}, answered(502)),
    found: ['api failure meet-frontend-1'],
    what: /meet-backend-1 is running/,
  },
  {
    fault: 'no backend in rotation',
    facts: topology({}, answered(503)),
    found: ['api failure meet-frontend-1'],
    what: /no backend is in rotation/,
  },
  {
    fault: 'an unhealthy backend, which explains the 503',
    facts: topology({ backend: { health: 'unhealthy' } }, answered(503)),
    found: ['containers-run failure meet-backend-1'],
    cure: 'docker logs --tail 50 meet-backend-1',
  },
  {
    fault: 'a volume over conf.d, which explains all missing files',
    facts: topology(
      { frontend: mounts('/etc/nginx/conf.d') },
      { frontend: { confD: known(new Map()), api: { kind: 'refused' }, status: { kind: 'silent', reason: 'refused' } } },
    ),
    found: ['conf-d-hidden failure meet-frontend-1'],
    cure: '- routing:/etc/nginx/meet-routing:ro',
  },
  {
    fault: 'no stub',
    facts: topology(
      {},
      {
        frontend: {
          confD: known(new Map([['default.conf', 'server { listen 8080; }']])),
          api: { kind: 'refused' },
          status: { kind: 'silent', reason: 'refused' },
        },
      },
    ),
    found: ['stub failure meet-frontend-1'],
    what: /routing\.conf is missing/,
    cure: '- source: routing-stub',
  },
  {
    fault: 'a hand-written file',
    facts: topology(
      {},
      {
        frontend: {
          confD: confD('server { listen 8083; location /api { proxy_pass http://backend:8000; } }'),
          status: { kind: 'silent', reason: 'refused' },
        },
      },
    ),
    found: ['stub failure meet-frontend-1'],
    what: /hand-written/,
  },
  {
    fault: 'a stub with the include after its servers',
    facts: topology({}, { frontend: { confD: confD(stub.replace(/^include.*$/m, '') + '\ninclude /etc/nginx/meet-routing/*.conf;\n') } }),
    found: ['stub failure meet-frontend-1'],
    what: /comes after a server/,
  },
  {
    fault: 'a stub without the status server',
    facts: topology(
      {},
      { frontend: { confD: confD(stub.replace('listen 8084', 'listen 8090')), status: { kind: 'silent', reason: 'refused' } } },
    ),
    found: ['stub failure meet-frontend-1'],
    what: /no status server listens on 8084/,
  },
  {
    fault: 'no shared volume',
    facts: topology(
      { frontend: { inspection: { mounts: [] } } },
      { frontend: { published: known(undefined), status: { kind: 'generation', generation: 'none', nginxVersion: '1.30.3' } } },
    ),
    found: ['routing-mount failure meet-frontend-1'],
    cure: '- routing:/etc/nginx/meet-routing:ro',
  },
  {
    fault: 'another volume than meet-gen writes to',
    facts: topology({ frontend: mounts('/etc/nginx/meet-routing', 'volume', '/volumes/other') }),
    found: ['routing-mount failure meet-frontend-1'],
    what: /not the volume/,
  },
  {
    fault: 'a single file',
    facts: topology(
      { frontend: mounts('/etc/nginx/conf.d/routing.conf', 'bind', '/home/me/routing.conf') },
      { frontend: { confD: confD(rendered), published: known(undefined) } },
    ),
    found: ['single-file-mount warning meet-frontend-1'],
  },
  {
    fault: 'a single file that was replaced',
    facts: topology(
      { frontend: mounts('/etc/nginx/conf.d/routing.conf', 'bind', '/home/me/routing.conf') },
      {
        frontend: { confD: confD(rendered.replace(generation, 'f'.repeat(16))), published: known(undefined) },
        facts: { staleMounts: new Map([[frontendId, known(['/etc/nginx/conf.d/routing.conf'])]]) },
      },
    ),
    found: ['single-file-mount failure meet-frontend-1'],
    what: /replaced on the host/,
    cure: 'docker compose up -d --force-recreate frontend',
  },
  {
    fault: 'another file that listens on 8083',
    facts: topology({}, { frontend: { confD: confD(stub, { 'meet.conf': 'server {\n  listen [::]:8083 default_server;\n}' }) } }),
    found: ['rival-server failure meet-frontend-1'],
    what: /a server without a name on 8083 in \/etc\/nginx\/conf\.d\/meet\.conf answers in place of meet-gen's/,
    cure: 'remove that server',
  },
  {
    fault: "the template of Meet's own compose file",
    facts: topology(
      { frontend: templateMount('/etc/nginx/templates/docs.conf.template') },
      { frontend: { confD: confD(stub, { 'docs.conf': official }) } },
    ),
    found: ['rival-server failure meet-frontend-1'],
    what: /the server "localhost" on 8083 in \S+\/docs\.conf, rendered from \/etc\/nginx\/templates\/docs\.conf\.template, answers/,
    cure: 'remove the mount at /etc/nginx/templates/docs.conf.template from compose',
  },
  {
    fault: 'a later file that asks to be the default',
    facts: topology({}, { frontend: { confD: confD(stub, { 'zz.conf': 'server { listen 8083 default_server; server_name x; }' }) } }),
    found: ['rival-server failure meet-frontend-1'],
  },
  {
    fault: "a later file with Meet's own name",
    facts: topology({}, { frontend: { confD: confD(stub, { 'zz.conf': 'server { listen *:8083; server_name visio.meet.org; }' }) } }),
    found: ['rival-server failure meet-frontend-1'],
    what: /the server "visio\.meet\.org"/,
  },
  {
    fault: 'servers that visitors do not reach',
    facts: topology(
      {},
      {
        frontend: {
          confD: confD(stub, {
            'a.conf': 'server { listen 127.0.0.1:8083; }',
            'zz.conf': 'server { listen 8083; server_name other.meet.org; }',
          }),
        },
      },
    ),
    found: ['rival-server warning meet-frontend-1'],
    what: /shares the port with meet-gen's server/,
  },
  {
    fault: 'an earlier file, beside a server with the name that visitors send',
    facts: topology(
      { frontend: { labels: { 'meet.role': 'frontend', 'meet.host': 'visio.meet.org' } } },
      { frontend: { confD: confD(stub, { 'docs.conf': official }) } },
    ),
    found: ['rival-server warning meet-frontend-1'],
  },
  {
    fault: 'an earlier file with the name that visitors send',
    facts: topology(
      { frontend: { labels: { 'meet.role': 'frontend', 'meet.host': 'visio.meet.org' } } },
      { frontend: { confD: confD(stub, { 'docs.conf': official.replace('localhost', 'visio.meet.org') }) } },
    ),
    found: ['rival-server failure meet-frontend-1'],
  },
  {
    fault: 'a later file with a wildcard for the name that visitors send',
    facts: topology({}, { frontend: { confD: confD(stub, { 'zz.conf': 'server { listen 8083; server_name *.meet.org; }' }) } }),
    found: ['rival-server failure meet-frontend-1'],
  },
  {
    fault: 'a harmless server, which explains no failure',
    facts: topology(
      {},
      { ...answered(502), frontend: { ...answered(502).frontend, confD: confD(stub, { 'a.conf': 'server { listen 127.0.0.1:8083; }' }) } },
    ),
    found: ['api failure meet-frontend-1', 'rival-server warning meet-frontend-1'],
  },
  {
    fault: "Meet's own compose file, before meet-gen",
    facts: topology(
      { frontend: templateMount('/etc/nginx/templates/docs.conf.template') },
      {
        frontend: {
          confD: known(new Map([['docs.conf', official]])),
          status: { kind: 'silent', reason: 'refused' },
        },
      },
    ),
    found: ['stub failure meet-frontend-1'],
    what: /conf\.d\/docs\.conf has hand-written routes/,
    cure: 'remove the mount at /etc/nginx/templates/docs.conf.template',
  },
  {
    fault: 'a template that is not rendered',
    facts: topology({ frontend: templateMount('/etc/nginx/templates') }),
    found: ['rival-server warning meet-frontend-1'],
    what: /mounted but not rendered into/,
  },
  {
    fault: 'frontend and backend on no common network',
    facts: topology({ backend: { networks: ['meet_other'] } }, answered(503)),
    found: ['shared-network failure meet-backend-1'],
    cure: 'docker network connect "meet_internal" meet-backend-1',
  },
  {
    fault: 'a backend in the network of another container, which the command connects instead',
    facts: topology({ backend: { networks: ['meet_other'], networkMode: `container:${'d'.repeat(64)}` } }, answered(503)),
    found: ['shared-network failure meet-backend-1'],
    cure: `docker network connect "meet_internal" ${'d'.repeat(12)} `,
  },
  {
    fault: 'a backend and a frontend without any network',
    facts: topology(
      {
        backend: { networks: ['none'], networkMode: 'none' },
        frontend: { networks: ['none'], networkMode: 'none' },
        'nginx-proxy': { networks: ['none'], networkMode: 'none' },
        keycloak: undefined,
        livekit: undefined,
      },
      answered(503),
    ),
    found: ['proxy-network failure meet-frontend-1', 'shared-network failure meet-backend-1'],
  },
  {
    fault: 'a backend without a way out',
    facts: topology(
      { backend: { networks: ['meet_closed'] }, frontend: { networks: ['proxy', 'meet_internal', 'meet_closed'] } },
      backendIs({ reach: known(new Map([['auth.meet.org', { kind: 'closed', reason: 'Network is unreachable' }]])) }),
    ),
    found: ['way-out failure meet-backend-1'],
    what: /meet_closed/,
  },
  {
    fault: 'no extra_hosts',
    facts: topology(
      { backend: { inspection: { stopTimeoutSeconds: 95, extraHosts: [{ name: 'auth.meet.org', address: 'host-gateway' }] } } },
      backendIs({ reach: known(new Map([['livekit.meet.org', { kind: 'closed', reason: 'no address for the name' }]])) }),
    ),
    found: ['extra-hosts failure meet-backend-1'],
    what: /no connection to port 443 of livekit\.meet\.org \(no address for the name\), and no entry in extra_hosts/,
    cure: '- "livekit.meet.org:host-gateway"',
  },
  {
    fault: 'extra_hosts with an address that does not answer',
    facts: topology(
      {},
      {
        facts: {
          extraHosts: new Map([
            ...topology().extraHosts,
            [extraHostKey('auth.meet.org', 'host-gateway'), known({ kind: 'closed' as const, reason: 'ETIMEDOUT' })],
          ]),
          ...backendIs({ reach: unknown('running a command was refused (403)') }).facts,
        },
      },
    ),
    found: ['extra-hosts-reachable failure meet-backend-1'],
    cure: 'ufw allow',
  },
  {
    fault: 'Keycloak not set for a proxy',
    facts: topology({ keycloak: { environment: { KC_PROXY_HEADERS: '', KC_HTTP_ENABLED: 'false' } } }),
    found: ['keycloak-proxy failure meet-keycloak-1'],
    what: /KC_PROXY_HEADERS, KC_HTTP_ENABLED/,
    cure: 'KC_PROXY_HEADERS: xforwarded',
  },
  {
    fault: 'a URL for browsers with a name inside Docker',
    facts: topology({ backend: { environment: { LIVEKIT_API_URL: 'http://livekit:7880' } } }),
    found: ['browser-urls failure meet-backend-1'],
    what: /LIVEKIT_API_URL sends browsers to http:\/\/livekit, a name that only works inside Docker/,
    cure: 'LIVEKIT_API_URL: https://livekit.meet.org',
  },
  {
    fault: 'a URL for browsers without TLS',
    facts: topology({ backend: { environment: { LIVEKIT_API_URL: 'ws://livekit.meet.org' } } }),
    found: ['browser-urls failure meet-backend-1'],
    what: /not encrypted/,
  },
  {
    fault: 'a URL for browsers with a misspelt name',
    facts: topology({ backend: { environment: { OIDC_OP_AUTHORIZATION_ENDPOINT: 'https://oauth.meet.org/auth' } } }),
    found: ['browser-urls failure meet-backend-1'],
    what: /https:\/\/oauth\.meet\.org, but its public name is auth\.meet\.org/,
  },
  {
    fault: "a logout that redirects to the organisation's own site",
    facts: topology(
      { backend: { environment: { LOGOUT_REDIRECT_URL: 'https://www.meet.org' } } },
      names('www.meet.org', { resolution: { kind: 'addresses', addresses: ['203.0.113.9'] } }),
    ),
    found: ['browser-urls warning meet-backend-1'],
    cure: 'change the URL to https://visio.meet.org, and keep its path',
    noPaste: true,
  },
  {
    fault: 'a login URL with a name inside Docker, whose path must stay',
    facts: topology({ backend: { environment: { OIDC_OP_AUTHORIZATION_ENDPOINT: 'http://keycloak:8080/realms/meet/auth' } } }),
    found: ['browser-urls failure meet-backend-1'],
    what: /a name that only works inside Docker/,
    cure: 'change the URL to https://auth.meet.org, and keep its path',
    noPaste: true,
  },
  {
    fault: 'a URL for browsers with a misspelt name and a port of its own',
    facts: topology({ backend: { environment: { LIVEKIT_API_URL: 'https://livkit.meet.org:8443' } } }),
    found: ['browser-urls failure meet-backend-1'],
    noPaste: true,
  },
  {
    fault: 'a URL for browsers that leads to another server',
    facts: topology(
      { backend: { environment: { LIVEKIT_API_URL: 'https://meet.livekit.cloud' } } },
      names('meet.livekit.cloud', { resolution: { kind: 'addresses', addresses: ['198.51.100.1'] } }),
    ),
    found: ['browser-urls warning meet-backend-1'],
  },
  {
    fault: 'no UDP port',
    facts: topology({ livekit: { inspection: { publishedPorts: [published(7881, 'tcp')] } } }),
    found: ['livekit-ports failure meet-livekit-1'],
    what: /7882\/udp is not published/,
    cure: '- "7882:7882/udp"',
  },
  {
    fault: 'LiveKit without any UDP setting, whose own range is not published',
    facts: topology({ livekit: { environment: { LIVEKIT_CONFIG: 'port: 7880' } } }),
    found: ['livekit-ports failure meet-livekit-1'],
    what: /50000-60000\/udp is not published/,
    cure: '- "50000-60000:50000-60000/udp"',
  },
  {
    fault: 'LiveKit in the network of a container that publishes nothing',
    facts: topology({
      livekit: { networkMode: `container:${idOf('meet-pause-1')}`, inspection: { publishedPorts: [] } },
      pause: { image: 'pause:3.9', networks: ['proxy', 'meet_internal'] },
    }),
    found: ['livekit-ports failure meet-livekit-1'],
    cure: 'docker compose up -d --force-recreate pause',
  },
  {
    fault: 'a range of media ports that is published in part',
    facts: topology({
      livekit: {
        environment: { LIVEKIT_CONFIG: 'rtc:\n  udp_port: 7882-7892' },
        inspection: { publishedPorts: [published(7881, 'tcp'), published(7882, 'udp'), published(7883, 'udp')] },
      },
    }),
    found: ['livekit-ports failure meet-livekit-1'],
    what: /7882-7892\/udp is published in part: 2 of 11 ports/,
  },
  {
    fault: 'media on loopback alone, and under another number',
    facts: topology({
      livekit: { inspection: { publishedPorts: [published(7881, 'tcp', '127.0.0.1'), published(7882, 'udp', '0.0.0.0', 40_000)] } },
    }),
    found: ['livekit-ports failure meet-livekit-1'],
    what: /only on loopback; 7882\/udp is published as 40000/,
  },
  {
    fault: 'a role that is misspelt',
    facts: topology({ backend: { labels: { 'meet.role': 'bakend' } } }, answered(503)),
    found: ['role-word failure meet-backend-1'],
    cure: 'meet.role: backend',
  },
  {
    fault: 'a key that is misspelt',
    facts: topology({ backend: { labels: { 'meet-role': 'backend' } } }, answered(503)),
    found: ['role-word failure meet-backend-1'],
    what: /meet-role looks like a misspelt meet\.role/,
  },
  {
    fault: 'a backend without labels',
    facts: topology({ backend: { labels: {} } }, answered(503)),
    found: ['role-missing failure meet-backend-1'],
    cure: 'meet.role: backend',
  },
  {
    fault: 'celery with a role',
    facts: topology({ celery: { labels: { 'meet.role': 'backend' }, inspection: { program: 'celery' } } }),
    found: ['role-on-worker failure meet-celery-1'],
  },
  {
    fault: 'unknown labels',
    facts: topology({ backend: { labels: { 'meet.role': 'backend', 'meet.prot': '8001' } } }),
    found: ['labels warning meet-backend-1'],
    cure: 'did you mean meet.port?',
  },
  {
    fault: 'a service without paths',
    facts: topology({
      board: { image: 'board:1.0', labels: { 'meet.role': 'service', 'meet.port': '8000' }, networks: ['meet_internal'] },
    }),
    found: ['labels failure meet-board-1'],
    what: /no usable meet\.paths/,
    cure: 'set meet.paths, for example /files',
  },
  {
    fault: 'an S3 without a bucket',
    facts: topology({ minio: { image: 'minio/minio:1.0', labels: { 'meet.role': 'media' }, networks: ['meet_internal'] } }),
    found: ['labels failure meet-minio-1'],
    what: /the bucket of \S+ .* is unknown/,
  },
  {
    fault: 'a stopped container',
    facts: topology({ keycloak: { state: 'exited' } }),
    found: ['containers-run failure meet-keycloak-1'],
    cure: 'docker start meet-keycloak-1',
  },
  {
    fault: 'a stopped database',
    facts: topology({ postgresql: { state: 'exited' } }, backendIs({ heartbeat: { kind: 'answer', status: 500, content: 'json' } })),
    found: ['containers-run failure meet-postgresql-1'],
    cure: 'docker start meet-postgresql-1',
  },
  {
    fault: 'a paused cache',
    facts: topology({ redis: { state: 'paused' } }, backendIs({ heartbeat: { kind: 'unreachable', reason: 'no answer in time' } })),
    found: ['containers-run failure meet-redis-1'],
    cure: 'docker unpause meet-redis-1',
  },
  {
    fault: 'a database under another name in a restart loop',
    facts: topology({
      postgresql: undefined,
      db: {
        image: 'postgres:16',
        networks: ['meet_internal'],
        state: 'restarting',
        inspection: { aliases: new Map([['meet_internal', ['postgresql']]]) },
      },
    }),
    found: ['containers-run failure meet-db-1'],
    what: /restarts repeatedly/,
  },
  {
    fault: 'a container that Keycloak depends on, and that failed',
    facts: topology({
      keycloak: { labels: { 'com.docker.compose.depends_on': 'keycloak-db:service_healthy:false' } },
      'keycloak-db': { image: 'postgres:16', state: 'exited', inspection: { restartPolicy: 'no', exitCode: 137 } },
    }),
    found: ['containers-run failure meet-keycloak-db-1'],
  },
  {
    fault: 'a stopped database that Keycloak needs to be healthy',
    facts: topology({
      keycloak: { labels: { 'com.docker.compose.depends_on': 'keycloak-db:service_healthy:false' } },
      'keycloak-db': { image: 'postgres:16', state: 'exited', inspection: { restartPolicy: 'no', exitCode: 0 } },
    }),
    found: ['containers-run failure meet-keycloak-db-1'],
  },
  {
    fault: 'a wrong password of the database',
    facts: topology({}, backendIs({ heartbeat: { kind: 'answer', status: 500, content: 'json' } })),
    found: ['heartbeat failure meet-backend-1'],
    what: /answers 500: probably its database or cache fails/,
    cure: 'DB_PASSWORD',
  },
  {
    fault: 'a wrong password of the database, beside a stopped Keycloak',
    facts: topology({ keycloak: { state: 'exited' } }, backendIs({ heartbeat: { kind: 'answer', status: 500, content: 'json' } })),
    found: ['containers-run failure meet-keycloak-1', 'heartbeat failure meet-backend-1'],
  },
  {
    fault: 'a wrong meet.port, beside an unhealthy frontend',
    facts: topology({ frontend: { health: 'unhealthy' }, backend: { ports: [8000] } }, { facts: { ports: portTried('refused', 8001) } }),
    found: ['meet-port failure meet-backend-1', 'containers-run failure meet-frontend-1'],
  },
  {
    fault: 'a database on another machine that hangs',
    facts: topology({ postgresql: undefined }, backendIs({ heartbeat: { kind: 'unreachable', reason: 'no answer in time' } })),
    found: ['heartbeat failure meet-backend-1'],
    what: /does not answer in time: the database or cache hangs, or all workers are busy/,
  },
  {
    fault: 'no restart policy',
    facts: topology({ redis: { inspection: { restartPolicy: 'no' } } }),
    found: ['restart-policy warning meet-redis-1'],
    cure: 'restart: always',
  },
  { fault: 'latest', facts: topology({ redis: { image: 'redis' } }), found: ['image-pinned warning meet-redis-1'] },
  {
    fault: "Docker's default stop timeout",
    facts: topology({ backend: { inspection: { stopTimeoutSeconds: 10, extraHosts: usualExtraHosts() } } }),
    found: ['stop-grace warning meet-backend-1'],
    cure: 'stop_grace_period: 95s',
  },
  {
    fault: 'a signalled frontend with unless-stopped and no stop signal',
    facts: withoutStopSignal(
      topology({ frontend: { inspection: { ...mounts('/etc/nginx/meet-routing').inspection, restartPolicy: 'unless-stopped' } } }),
    ),
    found: ['signalled-restart failure meet-frontend-1'],
    what: /unless-stopped and no stop signal is set/,
    cure: 'stop_signal: SIGQUIT',
  },
  {
    fault: 'the way signal through a socket proxy, on an engine on which a signal ends every restart policy',
    facts: topology({}, { facts: { signalEndsRestarts: true } }),
    found: ['signalled-restart failure meet-frontend-1'],
    what: /meet-gen sends none, and a socket proxy may refuse the commands/,
    cure: 'MEET_GEN_RELOAD: exec',
  },
  {
    fault: 'a shell first',
    facts: topology({}, { frontend: { firstProcess: known('sh') } }),
    found: ['first-process failure meet-frontend-1'],
  },
  {
    fault: 'an init first',
    facts: topology({}, { frontend: { firstProcess: known('docker-init') } }),
    found: ['first-process warning meet-frontend-1'],
    cure: 'init: false',
  },
  { fault: 'no meet-gen', facts: topology({ 'meet-gen': undefined }), found: ['meet-gen warning meet-frontend-1'] },
  {
    fault: 'meet-gen with the bare socket',
    facts: topology({
      'meet-gen': {
        inspection: {
          mounts: [
            { type: 'volume', source: '/volumes/routing', destination: '/routing' },
            { type: 'bind', source: '/var/run/docker.sock', destination: '/var/run/docker.sock' },
          ],
        },
      },
    }),
    found: ['engine-access warning meet-meet-gen-1'],
  },
  {
    fault: 'meet-gen with the bare socket, through which it reloads by exec if a signal ends every restart policy',
    facts: topology(
      {
        'meet-gen': {
          inspection: {
            mounts: [
              { type: 'volume', source: '/volumes/routing', destination: '/routing' },
              { type: 'bind', source: '/run/podman/podman.sock', destination: '/var/run/docker.sock' },
            ],
          },
        },
      },
      { facts: { signalEndsRestarts: true } },
    ),
    found: ['engine-access warning meet-meet-gen-1'],
  },
  {
    fault: 'a socket proxy that lets all POST through',
    facts: topology({ 'docker-proxy': { environment: { POST: '1' } } }),
    found: ['engine-access warning meet-docker-proxy-1'],
  },
  {
    fault: 'a socket proxy with a published port',
    facts: topology({ 'docker-proxy': { inspection: { publishedPorts: [published(2375, 'tcp')] } } }),
    found: ['engine-access failure meet-docker-proxy-1'],
  },
  {
    fault: 'a socket proxy with a wrong DOCKER_GID',
    facts: topology({ 'docker-proxy': { health: 'unhealthy' } }, { facts: { socket: known({ uid: 0, gid: 998, mode: 0o140660 }) } }),
    found: ['socket-group failure meet-docker-proxy-1'],
    what: /runs with group 999, but the engine's socket belongs to group 998/,
    cure: 'set DOCKER_GID=998 in .env',
  },
  {
    fault: 'a socket that its group may only read',
    facts: topology({}, { facts: { socket: known({ uid: 0, gid: 999, mode: 0o140644 }) } }),
    found: ['socket-group failure meet-docker-proxy-1'],
    what: /the engine's socket has mode 0644: the container is in the socket's group, but that group may not write/,
    cure: 'chmod g+rw',
  },
  {
    fault: 'a stale socket',
    facts: topology(
      {},
      { facts: { staleMounts: new Map([...topology().staleMounts, [idOf('meet-nginx-proxy-1'), known(['/tmp/docker.sock'])]]) } },
    ),
    found: ['stale-socket failure meet-nginx-proxy-1'],
  },
];

function dropStopSignal(inspection: Inspection): Inspection {
  const { stopSignal, ...rest } = inspection;
  return stopSignal === undefined ? inspection : rest;
}

function withoutStopSignal(facts: Facts): Facts {
  return {
    ...facts,
    subjects: facts.subjects.map((subject) =>
      subject.inspection.known ? { ...subject, inspection: known(dropStopSignal(subject.inspection.value)) } : subject,
    ),
  };
}

function usualExtraHosts(): readonly { name: string; address: string }[] {
  return ['auth.meet.org', 'livekit.meet.org'].map((name) => ({ name, address: 'host-gateway' }));
}

test.each(rows)('finds $fault, with its cure', ({ facts, found, what, cure, noPaste }) => {
  const { findings } = examine(facts);
  expect(findings.map(({ check, severity, containers }) => `${check} ${severity} ${containers.join(' ')}`)).toEqual(found);
  const [finding] = findings;
  if (what !== undefined) expect(finding?.what).toMatch(what);
  if (cure !== undefined) expect([finding?.cure ?? '', ...(finding?.paste ?? [])].join('\n')).toContain(cure);
  if (noPaste === true) expect(finding?.paste).toEqual([]);
  for (const line of [finding?.what, finding?.why, finding?.cure, ...(finding?.paste ?? [])]) expect(line).toMatch(/^[\x20-\x7e…]*$/);
});

test('every check has a row with a finding', () => {
  const tried = new Set(rows.flatMap(({ found }) => found.map((line) => line.split(' ')[0])));
  expect(checkTable.map(({ id }) => id).filter((id) => !tried.has(id))).toEqual([]);
});

test('without the right to inspect, checks that need an inspect are not ok', () => {
  const healthy = topology();
  const refused = unknown('inspecting a container was refused (403)');
  const { findings, ok, unchecked } = examine({
    ...healthy,
    subjects: healthy.subjects.map((subject) => ({ ...subject, inspection: refused })),
    networks: refused,
    frontends: new Map(),
    proxyFiles: new Map(),
    names: new Map(),
    extraHosts: new Map(),
    staleMounts: new Map(),
    backends: new Map(),
    ports: new Map(),
    socket: refused,
  });
  expect(findings).toEqual([]);
  // These checks only need the list.
  expect(ok.map(({ check }) => check)).toEqual([
    'proxy-network',
    'proxy-labels',
    'shared-network',
    'role-word',
    'role-missing',
    'labels',
    'containers-run',
    'image-pinned',
    'meet-gen',
  ]);
  expect(unchecked.flatMap(({ reasons }) => reasons)).toContain('meet-frontend-1: inspecting a container was refused (403)');
});

test('does not check an unreachable frontend, and names its network in the line to paste', () => {
  const far = topology(
    {},
    { frontend: { api: { kind: 'unreachable', reason: 'no answer in time' }, status: { kind: 'silent', reason: 'no answer in time' } } },
  );
  const { findings, unchecked } = examine(far);
  expect(findings).toEqual([]);
  expect(unchecked.map(({ check }) => check)).toEqual(['routing-port', 'generation', 'api']);
  for (const { reasons } of unchecked) expect(reasons.join()).toContain('docker run --network "meet_internal"');
});

test('does not check names for documentation, or TLS without an address', () => {
  const nowhere = { resolution: { kind: 'no-such-name' as const } };
  const facts = topology(
    { keycloak: { environment: { VIRTUAL_HOST: 'auth.example.com', LETSENCRYPT_HOST: 'auth.example.com' } } },
    { facts: { names: new Map([...topology().names, ['auth.example.com', nowhere]]) } },
  );
  const { findings, unchecked } = examine(facts);
  expect(findings.filter(({ check }) => check === 'dns' || check === 'tls')).toEqual([]);
  expect(unchecked.map(({ check }) => check)).toEqual(['dns', 'tls']);
});

test('merges the findings of replicas with the same fault', () => {
  const facts = topology({
    backend2: { ...secondBackend(), inspection: { stopTimeoutSeconds: 10, extraHosts: usualExtraHosts() } },
    backend: { inspection: { stopTimeoutSeconds: 10, extraHosts: usualExtraHosts() } },
  });
  expect(examine(facts).findings.map(({ check, containers }) => ({ check, containers }))).toEqual([
    { check: 'stop-grace', containers: ['meet-backend-1', 'meet-backend2-1'] },
  ]);
});

function secondBackend() {
  return {
    image: 'lasuite/meet-backend:v1.27.0',
    labels: { 'meet.role': 'backend', 'meet.service': 'backend2', 'meet.paths': '/other' },
    networks: ['meet_internal'],
  };
}

test('a cause in one Meet explains no finding in another Meet', () => {
  const one = topology({ backend: { health: 'unhealthy' } }, answered(503));
  const frontend = one.subjects.find(({ part }) => part === 'frontend');
  if (frontend === undefined) throw new Error('there is a frontend');
  const other = {
    ...frontend,
    project: 'other',
    container: {
      ...frontend.container,
      id: 'b'.repeat(64),
      name: 'other-frontend-1',
      labels: { 'meet.role': 'frontend', 'com.docker.compose.project': 'other' },
    },
  };
  const facts = [...one.frontends.values()];
  const both = {
    ...one,
    subjects: [...one.subjects, other],
    frontends: new Map([...one.frontends, [other.container.id, facts[0] ?? { ...facts[0]! }]]),
  };
  expect(
    examine(both)
      .findings.filter(({ check }) => check === 'api')
      .map(({ containers }) => containers),
  ).toEqual([['other-frontend-1']]);
});

test('prints hostile names as one line of plain text, and never in a command', () => {
  const hostile = topology({ keycloak: { state: 'exited' } });
  const facts = {
    ...hostile,
    subjects: hostile.subjects.map((subject) =>
      subject.part === 'keycloak'
        ? { ...subject, service: '$(reboot)', container: { ...subject.container, name: 'x; reboot\n\u001b[2J' } }
        : subject,
    ),
  };
  const { findings } = examine(facts);
  expect(findings.map(({ containers }) => containers)).toEqual([['x; reboot\\u{a}\\u{1b}[2J']]);
  expect(findings.flatMap(({ paste }) => paste).join('\n')).not.toContain('reboot');
});

test.each([
  { name: 'without --instance is for all Meets', environment: {}, found: [] },
  { name: 'with this Meet is for this Meet', environment: { MEET_GEN_INSTANCE: 'meet' }, found: [] },
  { name: 'with another Meet is not for this Meet', environment: { MEET_GEN_INSTANCE: 'other' }, found: ['meet-gen'] },
])('a meet-gen of another project $name', ({ environment, found }) => {
  const facts = topology({ 'meet-gen': { environment } });
  const moved = {
    ...facts,
    subjects: facts.subjects.map((subject) => (subject.part === 'meet-gen' ? { ...subject, project: 'ops' } : subject)),
  };
  expect(examine(moved).findings.map(({ check }) => check)).toEqual(found);
});

test('names the existing Meets if --instance matches no Meet', () => {
  const { findings } = examine({ ...topology(), only: 'meat', subjects: [] });
  expect(findings.map(({ check, what }) => `${check}: ${what}`)).toEqual(['role-missing: no container belongs to the Meet "meat"']);
  expect(findings[0]?.cure).toBe('set --instance to an existing Meet (meet), or start "meat"');
});

test('ends a cure that is a question with one question mark', () => {
  const text = reportText(examine(topology({ backend: { labels: { 'meet.role': 'backend', 'meet.prot': '8001' } } })));
  expect(text).toContain('How to fix it: did you mean meet.port?\n');
});

test('accepts any restart policy of a frontend with the hook', () => {
  const unlessStopped = { ...mounts('/etc/nginx/meet-routing').inspection, restartPolicy: 'unless-stopped' };
  const facts = topology({ frontend: { inspection: unlessStopped }, 'meet-gen': { environment: { MEET_GEN_RELOAD: 'hook' } } });
  expect(examine(facts).findings).toEqual([]);
});

test('checks the router of a Meet instead of its frontends', () => {
  const facts = topology({
    router: {
      image: 'nginx:1.30',
      labels: { 'meet.role': 'router' },
      networks: ['proxy', 'meet_internal'],
      environment: { VIRTUAL_HOST: 'visio.meet.org', LETSENCRYPT_HOST: 'visio.meet.org' },
    },
    frontend: { environment: { VIRTUAL_HOST: '', VIRTUAL_PORT: '' }, inspection: { stopSignal: 'SIGQUIT', mounts: [] } },
  });
  const found = examine(facts).findings.map(({ check, containers }) => `${check} ${containers.join(' ')}`);
  expect(found).toContain('virtual-port meet-router-1');
  expect(found.filter((line) => line.includes('meet-frontend-1'))).toEqual([]);
});

test.each([
  [
    'the port of an unreachable address',
    {
      ports: new Map([
        [idOf('meet-backend-1'), { endpoint: '172.20.0.7:8001', answer: { kind: 'unknown' as const, reason: 'no network of it' } }],
      ]),
    },
    'meet-port',
    'no network of it; run the doctor',
  ],
  [
    'a version without the heartbeat',
    backendIs({ heartbeat: { kind: 'answer', status: 404, content: 'html' } }).facts,
    'heartbeat',
    'answers 404',
  ],
  [
    'an unreachable backend',
    { ...backendIs({ heartbeat: { kind: 'unreachable', reason: 'EHOSTUNREACH' } }).facts, ports: new Map() },
    'heartbeat',
    'EHOSTUNREACH',
  ],
  ['a backend of another project', { backends: new Map() }, 'heartbeat', 'not in the compose project of its Meet'],
  ['an engine over TCP', { socket: unknown('its socket is not seen') }, 'socket-group', 'its socket is not seen'],
])('does not check %s', (_, facts, check, reason) => {
  const { findings, unchecked } = examine(topology({}, { facts }));
  expect(findings).toEqual([]);
  expect(unchecked.find((one) => one.check === check)?.reasons.join()).toContain(reason);
});

test("does not check LiveKit's ports in a file", () => {
  const { findings, unchecked } = examine(
    topology({ livekit: { environment: { LIVEKIT_CONFIG: '' }, inspection: { publishedPorts: [] } } }),
  );
  expect(findings).toEqual([]);
  expect(unchecked.map(({ check }) => check)).toEqual(['livekit-ports']);
});

test('does not check a backend without extra_hosts and aliases if no command runs in it', () => {
  const { findings, unchecked } = examine(
    topology({ backend: { inspection: { stopTimeoutSeconds: 95, extraHosts: [] } } }, backendIs({ reach: unknown('refused (403)') })),
  );
  expect(findings).toEqual([]);
  expect(unchecked.find(({ check }) => check === 'extra-hosts')?.reasons.join()).toContain('refused (403)');
});

test.each([
  {
    name: 'a starting backend',
    facts: topology({ backend: { health: 'starting' } }, backendIs({ heartbeat: { kind: 'answer', status: 500, content: 'json' } })),
    check: 'heartbeat',
    reason: 'meet-backend-1 is starting',
  },
  {
    name: 'a backend without public names in its settings',
    facts: topology({
      backend: { environment: { OIDC_OP_TOKEN_ENDPOINT: 'http://keycloak:8080/token', LIVEKIT_API_URL: 'https://other.meet.org' } },
      livekit: undefined,
    }),
    check: 'extra-hosts',
    reason: 'its settings have no public name of Keycloak or LiveKit',
  },
  {
    name: 'a name with another port',
    facts: topology(
      {
        backend: {
          environment: { OIDC_OP_TOKEN_ENDPOINT: 'https://auth.meet.org:8443/token' },
          inspection: { stopTimeoutSeconds: 95, extraHosts: [] },
        },
      },
      backendIs({
        reach: known(
          new Map([
            ['auth.meet.org', { kind: 'closed' as const, reason: 'Connection refused' }],
            ['livekit.meet.org', { kind: 'open' as const }],
          ]),
        ),
      }),
    ),
    check: 'extra-hosts',
    reason: 'its settings use port 8443 of auth.meet.org, but the doctor only tries port 443',
  },
  {
    name: 'an entry in extra_hosts for a name with another port',
    facts: topology(
      { backend: { environment: { OIDC_OP_TOKEN_ENDPOINT: 'https://auth.meet.org:8443/token' } } },
      {
        facts: {
          ...backendIs({ reach: unknown('refused (403)') }).facts,
          extraHosts: new Map([
            ...topology().extraHosts,
            [extraHostKey('auth.meet.org', 'host-gateway'), known({ kind: 'closed' as const, reason: 'ETIMEDOUT' })],
          ]),
        },
      },
    ),
    check: 'extra-hosts-reachable',
    reason: 'its settings use port 8443 of auth.meet.org',
  },
  {
    name: 'LiveKit in the network of a missing container',
    facts: topology({ livekit: { networkMode: `container:${'d'.repeat(64)}`, inspection: { publishedPorts: [] } } }),
    check: 'livekit-ports',
    reason: 'the published ports of the container whose network it uses are unknown',
  },
])('does not check $name', ({ facts, check, reason }) => {
  const { findings, unchecked } = examine(facts);
  expect(findings.filter((one) => one.check === check)).toEqual([]);
  expect(unchecked.find((one) => one.check === check)?.reasons.join()).toContain(reason);
});

test('puts no network name with shell characters into a line to paste', () => {
  const hostile = '$(touch /tmp/x)';
  const facts = topology(
    { frontend: { networks: [hostile] }, 'nginx-proxy': { networks: [hostile] } },
    { frontend: { api: { kind: 'unreachable', reason: 'no answer in time' } } },
  );
  const { findings, unchecked } = examine(facts);
  expect(findings.map(({ check }) => check)).toEqual(expect.arrayContaining(['proxy-network', 'shared-network']));
  expect(findings.flatMap(({ paste }) => paste).join('\n')).not.toContain('touch');
  expect(unchecked.flatMap(({ reasons }) => reasons).join('\n')).not.toContain('touch');
});
