import type { InstanceStatus, StatusSnapshot } from '../../../src/status/snapshot.ts';
import { documentedServices } from '../../support/docs/documented-services.ts';
import { docker, type Engine } from '../../providers/engine/docker-command.ts';
import { composeProjectName, runLabel } from '../../providers/engine/test-run.ts';
import { askStatus, containedMeetGen, startMeet, type MeetOptions, type MeetStack } from '../../support/meet-stack.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { runForOutput } from '../../providers/engine/run-for-output.ts';

/** Two Meets on one host, with the same service names on one shared network. */
export interface TwoTenants {
  readonly first: MeetStack;
  readonly second: MeetStack;
  /** The addresses of a name on the shared network. */
  resolve(name: string): Promise<readonly string[]>;
  /** Requests a resync from every meet-gen of the two, and waits until all running frontends are proven. */
  resynced(): Promise<void>;
  /** The instances of every meet-gen of the two. */
  instances(): Promise<readonly string[]>;
  /** Runs a command in the container of a Meet's meet-gen. */
  meetGen(tenant: MeetStack, ...args: readonly string[]): Promise<string>;
  /** The inode, size and times of a Meet's file in its frontend. */
  fileIdentity(tenant: MeetStack): Promise<string>;
  /** Counts the reloads in the log of a Meet's frontend. */
  countReloads(tenant: MeetStack): Promise<number>;
  down(): Promise<void>;
}

/** One meet-gen for all Meets, with a folder for each, or one meet-gen for each Meet. */
export type Way = 'one meet-gen for both' | 'one meet-gen each';

interface Sidecars {
  /** Options of each Meet, for the place of its file. */
  readonly options: Pick<MeetOptions, 'sharedVolume'>;
  readonly path: (tenant: MeetStack) => string;
  readonly container: (tenant: MeetStack) => string;
  start(tenants: readonly MeetStack[]): Promise<void>;
  down(): Promise<void>;
}

/** A tenant's additions and changes. Keys of a service replace the usual keys; labels are added. */
type TenantAdditions = (host: string, project: string) => Pick<MeetOptions, 'services' | 'configs' | 'scale'>;

/** Starts both, as first.example.com and second.example.com. */
export async function startTwoTenants(
  engine: Engine,
  part: string,
  way: Way,
  additions: TenantAdditions = () => ({}),
): Promise<TwoTenants> {
  const proxyNetwork = composeProjectName(`${part}-proxy`);
  await docker(engine, ['network', 'create', '--label', runLabel, proxyNetwork]);
  const sidecars = way === 'one meet-gen each' ? separateSidecars() : await sharedSidecar(engine, part);
  const start = (name: string): Promise<MeetStack> => {
    const host = `${name}.example.com`;
    const added = additions(host, composeProjectName(`${part}-${name}`));
    return startMeet(engine, `${part}-${name}`, { ...sidecars.options, ...tenantOptions(part, host, proxyNetwork, added) });
  };
  const [first, second] = await Promise.all([start('first'), start('second')]);
  const tenants = [first, second] as const;
  await sidecars.start(tenants);
  const containers = (): readonly string[] => [...new Set(tenants.map(sidecars.container))];
  const status = async (sidecar: string): Promise<StatusSnapshot> =>
    JSON.parse(await docker(engine, ['exec', sidecar, 'node', '-e', askStatus])) as StatusSnapshot;
  return {
    first,
    second,
    async resolve(name) {
      const getent = ['--entrypoint', 'getent', 'meet-gen-test/idle:latest', 'ahostsv4', name];
      const output = await runForOutput(engine, ['--network', proxyNetwork, ...getent]);
      return [...new Set(output.split('\n').flatMap((line) => /^[\d.]+/.exec(line)?.[0] ?? []))];
    },
    async resynced() {
      for (const sidecar of containers()) {
        const before = (await status(sidecar)).engine.lastSyncAt;
        await docker(engine, ['kill', '--signal', 'HUP', sidecar]);
        let last: StatusSnapshot | undefined;
        await waitUntil(
          `${sidecar} has done a resync, and all frontends are proven`,
          async () => {
            last = await status(sidecar);
            return last.engine.lastSyncAt !== before && last.instances.every(isProven);
          },
          undefined,
          () => `${before}\n${JSON.stringify(last, undefined, 1)}`,
        );
      }
    },
    instances: async () => (await Promise.all(containers().map(status))).flatMap((one) => one.instances.map(({ name }) => name)),
    meetGen: (tenant, ...args) => docker(engine, ['exec', sidecars.container(tenant), 'meet-gen', ...args]),
    fileIdentity: async (tenant) => (await tenant.tool('stat', '-c', '%i %s %y %z', sidecars.path(tenant))).trim(),
    countReloads: async (tenant) => (await tenant.logs('frontend')).split('\n').filter((line) => line.includes('reconfiguring')).length,
    async down() {
      await sidecars.down();
      await Promise.all(tenants.map((tenant) => tenant.down()));
      await docker(engine, ['network', 'rm', proxyNetwork]);
    },
  };
}

/** Only running frontends count, so a stopped Meet is proven. */
function isProven({ frontends, publishedGeneration }: InstanceStatus): boolean {
  const running = frontends.filter(({ state }) => state === 'running');
  return running.every(({ phase, runningGeneration }) => phase === 'live' && runningGeneration === publishedGeneration);
}

/** All services are on the shared network, where compose gives them their names, so each name exists twice. */
function tenantOptions(part: string, host: string, proxyNetwork: string, added: ReturnType<TenantAdditions>): MeetOptions {
  const usual: Readonly<Record<string, Service>> = {
    frontend: documentedServices('docs/tenants.md', 'in each tenant', (text) => text.replace('one.example.com', host))['frontend'] ?? {},
    backend: { labels: { 'meet.role': 'backend' }, networks: ['internal', 'proxy'] },
    files: {
      image: 'meet-gen-test/backend:latest',
      networks: ['internal', 'proxy'],
      labels: { 'meet.role': 'service', 'meet.paths': '/files', 'meet.port': '8000' },
    },
  };
  const mark = { [tenantsLabel]: composeProjectName(part) };
  const services: Record<string, Service> = {};
  for (const name of Object.keys({ ...usual, ...added.services })) {
    const own: Service = added.services?.[name] ?? {};
    services[name] = { ...usual[name], ...own, labels: { ...usual[name]?.labels, ...own.labels, ...mark } };
  }
  return { ...added, services, networks: { proxy: { name: proxyNetwork, external: true } } };
}

interface Service {
  readonly labels?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

function separateSidecars(): Sidecars {
  return {
    options: {},
    path: () => '/routing/routing.conf',
    container: (tenant) => tenant.container('meet-gen-1'),
    start: () => Promise.resolve(),
    down: () => Promise.resolve(),
  };
}

/** The label of both tenants' containers, which no other container on the engine has. */
const tenantsLabel = 'meet-gen.test.tenants';

/**
 * A meet-gen without --instance serves every Meet on the engine, including Meets of other runs and of the engine's
 * owner. This filter restricts lists to the tenants' containers, and allows signals only to them.
 */
const onlyTenants = `
  const { createServer, request } = require('node:http');
  const { TENANTS, NAMES, SOCKET } = process.env;
  createServer((asked, answer) => {
    const url = new URL(asked.url, 'http://engine');
    if (url.pathname.endsWith('/containers/json')) {
      const filters = JSON.parse(url.searchParams.get('filters') ?? '{}');
      const labels = Array.isArray(filters.label) ? filters.label : Object.keys(filters.label ?? {});
      url.searchParams.set('filters', JSON.stringify({ ...filters, label: [...labels, TENANTS] }));
    } else if (asked.method !== 'GET' && asked.method !== 'HEAD') {
      const name = /\\/containers\\/([^/]+)\\/kill$/.exec(url.pathname)?.[1] ?? '';
      if (!name.startsWith(NAMES)) return answer.writeHead(403).end('{"message":"not one of this test"}');
    }
    const passed = request({ socketPath: SOCKET, method: asked.method, path: url.pathname + url.search, headers: asked.headers }, (response) => {
      answer.writeHead(response.statusCode, response.headers);
      answer.flushHeaders();
      response.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    answer.on('close', () => passed.destroy());
    asked.pipe(passed);
  }).listen(2375);
`;

/**
 * A separate project with only meet-gen, by docs/tenants.md. It is on each Meet's own network, to reach the frontends.
 */
async function sharedSidecar(engine: Engine, part: string): Promise<Sidecars> {
  const volume = composeProjectName(`${part}-routing`);
  const project = composeProjectName(`${part}-keeper`);
  await docker(engine, ['volume', 'create', '--label', runLabel, volume]);
  const { 'meet-gen': contained } = await containedMeetGen(engine, {});
  const { build: _build, ...documented } = documentedServices('docs/tenants.md', 'one meet-gen for all')['meet-gen'] ?? {};
  const service = { ...documented, ...contained };
  const { environment, volumes, group_add } = service;
  const socket = volumes.at(-1) ?? '';
  const filter = {
    image: 'meet-gen-test/idle:latest',
    entrypoint: ['node', '-e', onlyTenants.replaceAll('$', '$$$$')],
    environment: {
      TENANTS: `${tenantsLabel}=${composeProjectName(part)}`,
      NAMES: composeProjectName(`${part}-`),
      SOCKET: (environment['DOCKER_HOST'] ?? '').replace('unix://', ''),
    },
    group_add,
    volumes: [socket],
    networks: ['engine'],
  };
  let networks: readonly string[] = [];
  const compose = (...args: readonly string[]): Promise<string> => {
    const file = {
      name: project,
      services: {
        filter,
        'meet-gen': {
          ...service,
          environment: { ...environment, DOCKER_HOST: 'tcp://filter:2375' },
          volumes: volumes.filter((one) => one !== socket),
          networks: ['engine', ...networks.map((_, index) => `tenant-${index}`)],
        },
      },
      networks: { engine: {}, ...Object.fromEntries(networks.map((name, index) => [`tenant-${index}`, { name, external: true }])) },
      volumes: { routing: { name: volume, external: true }, templates: {}, status: {} },
    };
    return docker(engine, ['compose', '--env-file', '/dev/null', '--file', '-', ...args], { stdin: JSON.stringify(file) });
  };
  return {
    options: { sharedVolume: volume },
    path: (tenant) => `/routing/${tenant.project}/routing.conf`,
    container: () => `${project}-meet-gen-1`,
    async start(tenants) {
      networks = tenants.map(({ internalNetwork }) => internalNetwork);
      await compose('up', '--detach');
    },
    async down() {
      await compose('down', '--volumes', '--timeout', '1');
    },
  };
}
