import { mkdtempSync, rmSync, writeFileSync, chmodSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import { composeProjectName } from '../../providers/engine/test-run.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { provideMeetGenImage, startMeet, statusVolume, type MeetStack } from '../../support/meet-stack.ts';
import { shippedStub } from '../../support/real-layout.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { findSocket } from '../image/mounted-socket.ts';
import { onNetworks, readSetUp, type Service, type SetUp } from './set-ups.ts';

// One Meet, and every access to its engine from docs/engine-access.md. Each of them ends at a filter, which allows
// exactly the calls in that page's table, and records all calls.

const engine = providedEngine();
const images = providedImages();
const project = composeProjectName('access');
const api = '/api/v1.0/config/';
const room = '/abc-defg-hij';
/** The way to reload without the right to signal. */
const withoutSignals = 'hook';
/** Over a unix socket meet-gen would try to test a file through exec. */
const withoutExec = { MEET_GEN_CHECK: 'off' };
const listing = ['GET /containers/json\\?.*', 'GET /events\\?.*', 'GET /_ping', 'GET /version'];
const signalling = `POST /containers/${project}-(frontend|older)-\\d+/kill\\?signal=HUP`;
/** How long a proxy leaves a stream open: more than the two seconds after which meet-gen counts it as working. */
const lifeMs = 3000;

interface Decision {
  readonly decision: 'allowed' | 'refused' | 'cut' | 'start';
  readonly method: string;
  readonly path: string;
  readonly query?: string;
}

let meet: MeetStack;
let stubFolder: string;

beforeAll(async () => {
  const [socket, image] = await Promise.all([findSocket(engine, images), provideMeetGenImage(engine)]);
  stubFolder = mkdtempSync(join(tmpdir(), 'mg-stub-'));
  chmodSync(stubFolder, 0o755);
  // A file, as with `configs: file:`, since inline configs fail on a read-only root.
  writeFileSync(join(stubFolder, 'routing.conf'), shippedStub());
  const frontend = {
    read_only: true,
    tmpfs: ['/tmp'],
    configs: [],
    volumes: ['routing:/etc/nginx/meet-routing:ro', `${stubFolder}/routing.conf:/etc/nginx/conf.d/routing.conf:ro`],
  };
  const standIn = (script: string, more: Service): Service => ({
    image: images.socketProxy,
    entrypoint: ['node', `/stand-in/${script}.mjs`],
    stop_grace_period: '1s',
    ...more,
  });
  const filter = (allowed: readonly string[], volume: string): Service =>
    standIn('recording', {
      user: '0:0',
      environment: { ALLOWED: JSON.stringify(allowed).replaceAll('$', '$$$$'), LISTEN_SOCKET: '/filtered/docker.sock' },
      volumes: [`${socket.path}:/var/run/docker.sock`, `${volume}:/filtered`],
      networks: ['engine'],
    });
  const hardened = { image, pull_policy: 'never', read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] };
  const common = { MEET_GEN_INSTANCE: project, MEET_GEN_RESYNC: '1h' };
  const shipped = '/meet-gen/templates';
  const sidecar = (environment: Readonly<Record<string, string>>, out: string, more: Service): Service => ({
    ...hardened,
    environment: { ...environment, ...common, MEET_GEN_TEMPLATES: shipped },
    volumes: [`${out}:/routing`, `templates:${shipped}`],
    ...more,
  });
  const readOnly = { MEET_GEN_RELOAD: withoutSignals };
  const through = (name: string, setUp: SetUp, out: string, filtered: string, reload: object): Record<string, Service> => ({
    [`meet-gen-${name}`]: sidecar({ ...setUp.meetGen.environment, ...reload }, out, {
      networks: onNetworks(setUp.meetGen.networks, 'meet-gen', `engine-${name}`),
    }),
    [`proxy-${name}`]: standIn(setUp.proxy.image.includes('linuxserver') ? 'linuxserver' : 'wollomatic', {
      ...setUp.proxy,
      image: images.socketProxy,
      ...(setUp.proxy['environment'] === undefined
        ? {}
        : { environment: { ...(setUp.proxy['environment'] as object), STAND_IN_LIFE_MS: String(lifeMs) } }),
      // The filter's socket, in place of the engine's.
      volumes: [`${filtered}:/var/run`],
      networks: onNetworks(setUp.proxy.networks, 'docker-proxy', `engine-${name}`),
    }),
  });
  meet = await startMeet(engine, 'access', {
    services: {
      frontend,
      older: { ...frontend, image: images.frontend['1.22'], labels: { 'meet.role': 'frontend' }, ...usualFrontend },
      backend: {},
      filter: filter([...listing, signalling], 'filtered'),
      'filter-read-only': filter(listing, 'filtered-read-only'),
      'meet-gen': sidecar({ DOCKER_HOST: 'tcp://filter:2375' }, 'routing', {
        volumes: ['routing:/routing', `templates:${shipped}`, statusVolume],
        networks: ['engine', 'internal'],
      }),
      'meet-gen-unix': sidecar({ ...withoutExec, DOCKER_HOST: 'unix:///filtered/docker.sock' }, 'routing', {
        volumes: ['routing:/routing', `templates:${shipped}`, 'filtered:/filtered'],
        networks: ['internal'],
      }),
      'meet-gen-unix-read-only': sidecar({ DOCKER_HOST: 'unix:///filtered/docker.sock', ...readOnly }, 'out-unix', {
        volumes: ['out-unix:/routing', `templates:${shipped}`, 'filtered-read-only:/filtered'],
        networks: ['internal'],
      }),
      ...through('wollomatic', readSetUp('wollomatic, signal', socket), 'routing', 'filtered', {}),
      ...through('linuxserver', readSetUp('linuxserver, signal', socket), 'routing', 'filtered', {}),
      ...through('wollomatic-read-only', readSetUp('wollomatic, hook', socket), 'out-wollomatic', 'filtered-read-only', readOnly),
      ...through('linuxserver-read-only', readSetUp('linuxserver, hook', socket), 'out-linuxserver', 'filtered-read-only', readOnly),
    },
    networks: Object.fromEntries(
      ['', '-wollomatic', '-linuxserver', '-wollomatic-read-only', '-linuxserver-read-only'].map((name) => [
        `engine${name}`,
        { internal: true },
      ]),
    ),
    volumes: ['filtered', 'filtered-read-only', 'out-unix', 'out-wollomatic', 'out-linuxserver'],
    scale: {
      older: 0,
      'meet-gen-unix': 0,
      'meet-gen-wollomatic': 0,
      'meet-gen-linuxserver': 0,
      'proxy-wollomatic': 0,
      'proxy-linuxserver': 0,
    },
  });
});
afterAll(async () => {
  await meet?.down();
  rmSync(stubFolder, { recursive: true, force: true });
});
stopAtFirstFailure();

const usualFrontend = {
  entrypoint: ['/docker-entrypoint.sh'],
  command: ['nginx', '-g', 'daemon off;'],
  restart: 'always',
  networks: ['proxy', 'internal'],
  ports: [`${engine.publishAddress}::8083`],
};

/** The decisions of a proxy, oldest first. */
async function decisionsOf(service: string): Promise<readonly Decision[]> {
  const lines = (await meet.logs(service)).split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Decision).filter(({ decision }) => decision !== 'start');
}

/** The calls that a filter allowed and refused, each once, without the API's version and the query. */
async function callsAt(filter: string): Promise<{ readonly allowed: readonly string[]; readonly refused: readonly string[] }> {
  const decisions = await decisionsOf(filter);
  const named = (wanted: Decision['decision']): string[] => [
    ...new Set(
      decisions.filter(({ decision }) => decision === wanted).map(({ method, path }) => `${method} ${path.replace(/^\/v[\d.]+/, '')}`),
    ),
  ];
  return { allowed: named('allowed').toSorted(), refused: named('refused').toSorted() };
}

async function waitForBackends(sidecar: string, backends: readonly string[], frontends: readonly string[] = ['frontend-1']): Promise<void> {
  for (const frontend of frontends) await meet.routed({ [api]: backends, [room]: ['SPA'] }, frontend);
  await meet.converged(sidecar);
}

/** Adds and removes a backend, which every access must allow. */
async function addAndRemoveBackend(sidecar: string): Promise<void> {
  await waitForBackends(sidecar, ['backend-1']);
  await meet.scale({ backend: 2 });
  await waitForBackends(sidecar, ['backend-1', 'backend-2']);
  await meet.docker('rm', '--force', meet.container('backend-2'));
  await waitForBackends(sidecar, ['backend-1']);
}

/** Counts the streams that LinuxServer's proxy has cut. */
async function countCuts(): Promise<number> {
  return (await decisionsOf('proxy-linuxserver')).filter(({ decision }) => decision === 'cut').length;
}

/** Counts the reports of an unreachable or returned engine in the log of meet-gen behind LinuxServer's proxy. */
async function countUnreachable(): Promise<number> {
  return (await meet.logs('meet-gen-linuxserver')).split('engine-unreachable').length - 1;
}

/** Ends a meet-gen, and starts the next with another access to the engine. */
async function handOver(from: string, to: string, ...with_: readonly string[]): Promise<void> {
  await meet.scale({ [from]: 0 });
  await meet.scale(Object.fromEntries([to, ...with_].map((service) => [service, 1])));
}

/** Makes calls to the proxy from meet-gen's container. @returns the allowed ones */
async function makeCalls(name: string, calls: readonly string[]): Promise<readonly string[]> {
  const script = `
    const calls = JSON.parse(process.argv[1]);
    for (const call of calls) {
      const [method, path] = call.split(' ');
      await fetch('http://docker-proxy:2375' + path, { method }).then((answer) => answer.body?.cancel()).catch(() => undefined);
    }
  `;
  const before = (await decisionsOf(`proxy-${name}`)).length;
  await meet.docker('exec', meet.container(`meet-gen-${name}-1`), 'node', '--input-type=module', '-e', script, '--', JSON.stringify(calls));
  const since = (await decisionsOf(`proxy-${name}`)).slice(before);
  const allowed = since.filter(({ decision }) => decision === 'allowed');
  return calls.filter((call) =>
    allowed.some(({ method, path, query }) => call === `${method} ${path}${query === undefined ? '' : `?${query}`}`),
  );
}

describe.sequential('through the filter, by TCP', () => {
  test('reloads a frontend with a read-only root and without the root user', async () => {
    await waitForBackends('meet-gen-1', ['backend-1']);
    expect(await meet.inspect('frontend-1', '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}}')).toBe('1001:127 true');
  });

  test('follows more and fewer backends', async () => {
    await meet.scale({ backend: 3 });
    await waitForBackends('meet-gen-1', ['backend-1', 'backend-2', 'backend-3']);
    await meet.docker('stop', '--time', '3', meet.container('backend-3'));
    await waitForBackends('meet-gen-1', ['backend-1', 'backend-2']);
  });

  test('follows a service that is recreated with other labels', async () => {
    for (const path of ['/one', '/two']) {
      const labels = { 'com.docker.compose.project': project, 'meet.role': 'service', 'meet.service': 'files', 'meet.paths': path };
      const flags = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
      const name = meet.container('files');
      await meet.docker(
        'run',
        '--detach',
        '--name',
        name,
        '--network',
        meet.internalNetwork,
        ...flags,
        '--label',
        'meet.port=8000',
        images.backend,
      );
      await meet.routed({ [path]: ['files'] });
      await meet.docker('rm', '--force', name);
    }
    await meet.routed({ '/one': ['SPA'], '/two': ['SPA'] });
  });

  test('renders for nginx 1.22 while a frontend with it runs beside one with 1.30', async () => {
    const directive = async (): Promise<string> => meet.tool('sh', '-c', 'grep -c keepalive_min_timeout /routing/routing.conf || true');
    expect(await directive()).toBe('1\n');
    await meet.scale({ older: 1 });
    await waitForBackends('meet-gen-1', ['backend-1', 'backend-2'], ['frontend-1', 'older-1']);
    await waitUntil('the file is without the directive', async () => (await directive()) === '0\n');
    const { instances } = await meet.converged();
    expect(instances[0]?.frontends.map(({ phase, nginxVersion }) => `${phase} ${nginxVersion?.slice(0, 5)}`).toSorted()).toEqual([
      'live 1.22.',
      'live 1.30.',
    ]);
    await meet.scale({ older: 0 });
    await waitUntil('the file has the directive again', async () => (await directive()) === '1\n');
  });

  test('follows a restarted frontend, a drain, a resync and a changed template', async () => {
    await meet.docker('restart', '--time', '3', meet.container('frontend-1'));
    await meet.docker('exec', meet.container('meet-gen-1'), 'meet-gen', 'drain', meet.container('backend-2'));
    await waitForBackends('meet-gen-1', ['backend-1']);
    await meet.resynced();
    const edit =
      'sed "s/^    server_tokens off;$/&\\n    add_header X-Template own always;/" /templates/routing.conf.eta > /templates/.new';
    await meet.tool('sh', '-c', `${edit} && mv /templates/.new /templates/routing.conf.eta`);
    await waitUntil('the other template is live', async () => (await meet.ask(api)).headers['x-template'] === 'own');
    await meet.scale({ backend: 1 });
    await waitForBackends('meet-gen-1', ['backend-1']);
    expect((await meet.status()).problems).toEqual([]);
  });
});

describe.sequential('through the other accesses', () => {
  test('follows through a unix socket', async () => {
    await handOver('meet-gen', 'meet-gen-unix');
    await addAndRemoveBackend('meet-gen-unix-1');
  });

  test("follows through wollomatic's proxy as documented", async () => {
    await handOver('meet-gen-unix', 'meet-gen-wollomatic', 'proxy-wollomatic');
    await addAndRemoveBackend('meet-gen-wollomatic-1');
    expect((await meet.status('meet-gen-wollomatic-1')).problems).toEqual([]);
    expect((await callsAt('proxy-wollomatic')).refused).toEqual([]);
  });

  test("follows through LinuxServer's proxy as documented, which cuts event streams", async () => {
    await handOver('meet-gen-wollomatic', 'meet-gen-linuxserver', 'proxy-linuxserver');
    await addAndRemoveBackend('meet-gen-linuxserver-1');
    // meet-gen may have started before its proxy.
    const atStart = await countUnreachable();
    const before = await countCuts();
    await waitUntil('the proxy cuts the stream', async () => (await countCuts()) > before);
    await meet.docker('restart', '--time', '3', meet.container('frontend-1'));
    await meet.scale({ backend: 2 });
    await waitForBackends('meet-gen-linuxserver-1', ['backend-1', 'backend-2']);
    expect((await meet.status('meet-gen-linuxserver-1')).problems).toEqual([]);
    expect(await countUnreachable()).toBe(atStart);
    expect((await callsAt('proxy-linuxserver')).refused).toEqual([]);
  });

  test('writes the same file with GET alone, through a unix socket and both proxies', async () => {
    await meet.converged('meet-gen-linuxserver-1');
    const published = await meet.tool('cat', '/routing/routing.conf');
    for (const name of ['unix-read-only', 'wollomatic-read-only', 'linuxserver-read-only']) {
      const container = meet.container(`meet-gen-${name}-1`);
      await waitUntil(
        `${name} has the same file`,
        async () => (await meet.docker('exec', container, 'cat', '/routing/routing.conf')) === published,
      );
      expect((await meet.status(`meet-gen-${name}-1`)).problems.map(({ code }) => code)).not.toContain('engine-unreachable');
    }
  });

  test('makes only the documented calls', async () => {
    // The older frontend gets a signal only if it started before the file was right.
    const signals = ['frontend-1', 'older-1'].map((name) => `POST /containers/${meet.container(name)}/kill`);
    const reading = ['GET /_ping', 'GET /containers/json', 'GET /events'];
    const { allowed, refused } = await callsAt('filter');
    expect({ calls: allowed.filter((call) => !signals.includes(call)), refused }).toEqual({ calls: reading, refused: [] });
    expect(allowed).toContain(signals[0]);
    expect(await callsAt('filter-read-only')).toEqual({ allowed: reading, refused: [] });
    for (const name of ['wollomatic-read-only', 'linuxserver-read-only']) expect((await callsAt(`proxy-${name}`)).refused).toEqual([]);
  });
});

describe.sequential("the calls that the proxies allow an attacker in meet-gen's container", () => {
  const [frontend, backend] = [`${project}-frontend-1`, `${project}-backend-1`];
  const reads = ['GET /containers/json', 'GET /events?until=1'];
  const inspect = `GET /containers/${backend}/json`;
  const stopFrontend = [`POST /containers/${frontend}/kill?signal=TERM`, `POST /containers/${frontend}/kill`];
  const stopOthers = [`POST /containers/${backend}/stop`, `POST /containers/${backend}/kill`];
  const rest = [
    `GET /containers/${backend}/archive?path=/`,
    `GET /containers/${backend}/export`,
    `GET /containers/${backend}/logs?stdout=1`,
    `GET /containers/${backend}/top`,
    `GET /containers/${backend}/changes`,
    `POST /containers/${backend}/exec`,
    `DELETE /containers/${backend}`,
    'POST /containers/create',
    'POST /images/create',
    'GET /images/json',
    'GET /secrets',
    'GET /info',
  ];
  const typeInto = `GET /containers/${backend}/attach/ws?stdin=1`;
  const all = [...reads, inspect, typeInto, ...stopFrontend, ...stopOthers, ...rest];

  test.each([
    ['wollomatic-read-only', reads],
    ['linuxserver-read-only', [...reads, inspect, typeInto]],
    ['linuxserver', [...reads, inspect, typeInto, ...stopFrontend, ...stopOthers]],
  ])('%s', async (name, allowed) => {
    expect(await makeCalls(name, all)).toEqual(allowed);
  });

  test('wollomatic', async () => {
    await meet.scale({ 'meet-gen-linuxserver': 0 });
    await meet.scale({ 'meet-gen-wollomatic': 1 });
    expect(await makeCalls('wollomatic', all)).toEqual([...reads, ...stopFrontend]);
  });
});

test('the socket in the volume answers no user through a read-only mount, not even root', async () => {
  await meet.converged('meet-gen-wollomatic-1');
  const ask = `
    require('node:http')
      .get({ socketPath: '/routing/.meet-gen.sock', path: '/healthz', agent: false }, (answer) => console.log(answer.resume().statusCode))
      .on('error', ({ code }) => console.log(code));
  `;
  const asUser = (user: string): Promise<string> => meet.docker('exec', '--user', user, meet.container('tools-1'), 'node', '-e', ask);
  for (const user of ['1001:127', '1000', '0']) expect(await asUser(user)).toMatch(/^(ECONNRESET|EPIPE)\n$/);
});

test("the page's rules for wollomatic's proxy are the example's", async () => {
  const example = parse(readFileSync(new URL('../../../compose.example.yml', import.meta.url), 'utf8'), { merge: true }) as {
    services: { 'docker-proxy': SetUp['proxy'] & { command: readonly string[] } };
  };
  const setUp = readSetUp('wollomatic, signal', { path: '', groupId: '' });
  expect(rules(setUp.proxy['command'])).toEqual(rules(example.services['docker-proxy'].command));
  expect(setUp.proxy.image).toBe(example.services['docker-proxy'].image);
});

/** The flags that allow calls. */
function rules(command: unknown): readonly string[] {
  return (command as readonly string[]).filter((flag) => flag.startsWith('-allow') && flag !== '-allowhealthcheck');
}
