import type { Environment } from '../../../src/doctor/facts/environment.ts';
import { readEnvironment } from '../../../src/doctor/facts/environment.ts';
import { known } from '../../../src/doctor/facts/facts.ts';
import type { BackendFacts, Facts, FrontendFacts, Inspection, NameFacts, Subject } from '../../../src/doctor/facts/facts.ts';
import { extraHostKey } from '../../../src/doctor/facts/meet.ts';
import { partOf } from '../../../src/doctor/facts/part.ts';
import type { ContainerState, Health } from '../../../src/model/container.ts';
import { container } from '../containers.ts';
import { shippedStub } from '../real-layout.ts';

/** A short description of a container in the topology. */
export interface SubjectSketch {
  readonly image?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly networks?: readonly string[];
  readonly networkMode?: string;
  readonly state?: ContainerState;
  readonly health?: Health;
  readonly environment?: Readonly<Record<string, string>>;
  readonly inspection?: Partial<Inspection>;
  readonly oneOff?: boolean;
  readonly ports?: readonly number[];
}

/** By service name. The defaults are those of compose.example.yml. */
type Sketches = Readonly<Record<string, SubjectSketch>>;

export const generation = '0123456789abcdef';
export const rendered = `server { location = /generation { return 200 "${generation} $nginx_version\\n"; } }\n`;

const usual: Sketches = {
  'nginx-proxy': {
    image: 'nginxproxy/nginx-proxy:1.11.6',
    networks: ['proxy'],
    inspection: {
      mounts: [{ type: 'bind', source: '/var/run/docker.sock', destination: '/tmp/docker.sock' }],
      publishedPorts: [published(443, 'tcp')],
    },
  },
  'acme-companion': { image: 'nginxproxy/acme-companion:2.8.2', networks: ['proxy'] },
  frontend: {
    image: 'lasuite/meet-frontend:v1.27.0',
    labels: { 'meet.role': 'frontend' },
    networks: ['proxy', 'meet_internal'],
    environment: { VIRTUAL_HOST: 'visio.meet.org', VIRTUAL_PORT: '8083', LETSENCRYPT_HOST: 'visio.meet.org' },
    inspection: {
      stopSignal: 'SIGQUIT',
      pid: 42,
      mounts: [{ type: 'volume', source: '/volumes/routing', destination: '/etc/nginx/meet-routing' }],
    },
  },
  backend: {
    image: 'lasuite/meet-backend:v1.27.0',
    labels: { 'meet.role': 'backend' },
    networks: ['meet_internal'],
    environment: {
      DJANGO_ALLOWED_HOSTS: 'visio.meet.org',
      OIDC_OP_TOKEN_ENDPOINT: 'https://auth.meet.org/realms/meet/token',
      OIDC_OP_AUTHORIZATION_ENDPOINT: 'https://auth.meet.org/realms/meet/auth',
      LIVEKIT_API_URL: 'https://livekit.meet.org',
      LOGIN_REDIRECT_URL: 'https://visio.meet.org',
      DB_HOST: 'postgresql',
      REDIS_URL: 'redis://redis:6379/1',
    },
    inspection: {
      stopTimeoutSeconds: 95,
      extraHosts: [
        { name: 'auth.meet.org', address: 'host-gateway' },
        { name: 'livekit.meet.org', address: 'host-gateway' },
      ],
    },
  },
  celery: { image: 'lasuite/meet-backend:v1.27.0', networks: ['meet_internal'], inspection: { program: 'celery' } },
  'meet-gen': {
    image: 'meet-gen',
    networks: ['meet_internal', 'meet_engine'],
    inspection: { mounts: [{ type: 'volume', source: '/volumes/routing', destination: '/routing' }] },
  },
  'docker-proxy': {
    image: 'wollomatic/socket-proxy:1.13.1',
    networks: ['meet_engine'],
    inspection: {
      mounts: [{ type: 'bind', source: '/var/run/docker.sock', destination: '/var/run/docker.sock' }],
      identity: { uid: 65_534, gid: 999, groups: [] },
    },
  },
  keycloak: {
    image: 'keycloak/keycloak:26.8.0',
    networks: ['proxy', 'meet_internal'],
    environment: {
      VIRTUAL_HOST: 'auth.meet.org',
      VIRTUAL_PORT: '8080',
      LETSENCRYPT_HOST: 'auth.meet.org',
      KC_HOSTNAME: 'https://auth.meet.org',
      KC_PROXY_HEADERS: 'xforwarded',
      KC_HTTP_ENABLED: 'true',
    },
  },
  livekit: {
    image: 'livekit/livekit-server:v1.13.9',
    networks: ['proxy', 'meet_internal'],
    environment: {
      VIRTUAL_HOST: 'livekit.meet.org',
      VIRTUAL_PORT: '7880',
      LETSENCRYPT_HOST: 'livekit.meet.org',
      LIVEKIT_CONFIG: 'rtc:\n  tcp_port: 7881\n  udp_port: 7882\n',
    },
    inspection: { publishedPorts: [published(7881, 'tcp'), published(7882, 'udp')] },
  },
  redis: { image: 'redis:7', networks: ['meet_internal'] },
  postgresql: { image: 'postgres:16', networks: ['meet_internal'] },
};

export function published(
  port: number,
  protocol: 'tcp' | 'udp',
  hostAddress = '0.0.0.0',
  hostPort = port,
): Inspection['publishedPorts'][number] {
  return { port, protocol, hostAddress, hostPort };
}

/** A test's changes to the facts besides its containers. */
interface World {
  readonly frontend?: Partial<FrontendFacts>;
  readonly facts?: Partial<Facts>;
}

/** The facts of a Meet without faults, with the test's changes. `undefined` removes a service. */
export function topology(changes: Readonly<Record<string, SubjectSketch | undefined>> = {}, world: World = {}): Facts {
  const names = [...new Set([...Object.keys(usual), ...Object.keys(changes)])];
  const subjects = names.flatMap((name) => {
    if (Object.hasOwn(changes, name) && changes[name] === undefined) return [];
    return [subject(name, { ...usual[name] }, changes[name] ?? {})];
  });
  const byPart = (part: Subject['part']): readonly Subject[] => subjects.filter((one) => one.part === part);
  return {
    listed: subjects
      .filter(({ container: { labels } }) => labels['meet.role'] !== undefined)
      .map((one) => ({ container: one.container, image: one.image })),
    subjects,
    networks: known(
      ['proxy', 'meet_internal', 'meet_engine', 'meet_closed'].map((name) => ({
        name,
        internal: name === 'meet_engine' || name === 'meet_closed',
      })),
    ),
    signalEndsRestarts: false,
    frontends: new Map(byPart('frontend').map((one) => [one.container.id, { ...healthyFrontend, ...world.frontend }])),
    backends: new Map(byPart('backend').map((one) => [one.container.id, healthyBackend])),
    ports: new Map(byPart('backend').map((one) => [one.container.id, { endpoint: '172.20.0.7:8000', answer: { kind: 'open' } as const }])),
    socket: known({ uid: 0, gid: 999, mode: 0o140660 }),
    proxyFiles: new Map(byPart('outer-proxy').map((one) => [one.container.id, known(proxyFiles())])),
    names: new Map(['visio.meet.org', 'auth.meet.org', 'livekit.meet.org'].map((name) => [name, healthyName])),
    extraHosts: new Map(
      ['auth.meet.org', 'livekit.meet.org'].map((name) => [extraHostKey(name, 'host-gateway'), known({ kind: 'open' as const })]),
    ),
    staleMounts: new Map(subjects.map((one) => [one.container.id, known([])])),
    ...world.facts,
  };
}

export function proxyFiles(text = 'client_max_body_size 100m;\nproxy_read_timeout 300s;\n'): ReadonlyMap<string, string> {
  return new Map([['/etc/nginx/vhost.d/visio.meet.org', text]]);
}

export const healthyName: NameFacts = {
  resolution: { kind: 'addresses', addresses: ['203.0.113.9'] },
  tls: { kind: 'valid', daysLeft: 60 },
};

export const healthyBackend: BackendFacts = {
  heartbeat: { kind: 'answer', status: 200, content: 'json' },
  reach: known(new Map(['auth.meet.org', 'livekit.meet.org'].map((name) => [name, { kind: 'open' as const }]))),
};

const healthyFrontend: FrontendFacts = {
  confD: known(
    new Map([
      ['default.conf', 'server { listen 8080; }'],
      ['routing.conf', shippedStub()],
    ]),
  ),
  published: known(rendered),
  status: { kind: 'generation', generation, nginxVersion: '1.30.3' },
  api: { kind: 'answer', status: 200, content: 'json' },
  firstProcess: known('nginx'),
};

function subject(name: string, base: SubjectSketch, change: SubjectSketch): Subject {
  const sketch = { ...base, ...change };
  const networks = Object.fromEntries((sketch.networks ?? []).map((network, index) => [network, `172.${20 + index}.0.${name.length}/16`]));
  const one = container({
    name: `meet-${name}-1`,
    project: 'meet',
    service: name,
    labels: sketch.labels ?? {},
    networks,
    ...(sketch.networkMode === undefined ? {} : { networkMode: sketch.networkMode }),
    ports: sketch.ports ?? [],
    state: sketch.state ?? 'running',
    health: sketch.health ?? 'none',
    oneOff: sketch.oneOff ?? false,
  });
  const listed = { container: one, image: sketch.image ?? 'redis:7' };
  const environment: Environment = readEnvironment(
    Object.entries({ ...base.environment, ...change.environment }).map(([key, value]) => `${key}=${value}`),
    [],
  );
  const inspection: Inspection = {
    environment,
    program: 'other',
    restartPolicy: 'always',
    mounts: [],
    extraHosts: [],
    publishedPorts: [],
    identity: { uid: 0, gid: 0, groups: [] },
    aliases: new Map((sketch.networks ?? []).map((network) => [network, [name, `meet-${name}-1`]])),
    ...base.inspection,
    ...change.inspection,
  };
  return {
    ...listed,
    part: partOf(listed, environment, inspection.program),
    project: 'meet',
    service: name,
    inspection: known(inspection),
  };
}
