import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareText } from '../../../src/model/untrusted-text.ts';
import { docker } from '../../providers/engine/docker-command.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import { composeProjectName } from '../../providers/engine/test-run.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { askAt } from '../../support/media/ask.ts';
import type { MeetStack } from '../../support/meet-stack.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { createExample, type ExampleStack } from '../example/example-stack.ts';
import { openWebSocket, type WebSocketClient } from '../services/websocket.ts';
import { startTwoTenants, type TwoTenants } from '../tenants/two-tenants.ts';
import { siteAdditions, type Site } from './site.ts';
import { goodWalk, walk, walkWithoutBackend } from './walk.ts';

// A walk through all of Meet as a visitor, through the outer proxy: without a change, and while the backend is
// replaced.

const engine = providedEngine();
const limitMs = 40_000;

/** Walks until every step is good. After the time limit the expectation shows the difference. */
async function expectGoodWalk(site: Site): Promise<void> {
  let seen: unknown;
  const expected = goodWalk(site);
  const isGood = async (): Promise<boolean> => {
    seen = await walk(site);
    return JSON.stringify(seen) === JSON.stringify(expected);
  };
  await waitUntil('every step of the walk is good', isGood, limitMs).catch(() => expect(seen).toEqual(expected));
}

/** Waits until exactly the containers of the backend answer. */
async function waitForBackends(site: Site, count: number): Promise<void> {
  const labels = [`project=${site.project}`, 'service=backend'].flatMap((one) => ['--filter', `label=com.docker.compose.${one}`]);
  const ids = (await docker(engine, ['container', 'ls', ...labels, '--format', '{{.ID}}'])).trim().split('\n').toSorted();
  expect(ids).toHaveLength(count);
  const hosts = async (): Promise<readonly string[]> => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => askAt(site.outer, '/api/v1.0/config/', { headers: { host: site.host } })),
    );
    return [...new Set(answers.map(({ headers }) => String(headers['x-backend-host'])))].toSorted(compareText);
  };
  await waitUntil('all backends answer', async () => (await hosts()).join() === ids.join(), limitMs);
}

/** Looks repeatedly until the action has ended. A failed look doesn't cancel the action. */
async function lookDuring(action: Promise<unknown>, look: () => Promise<void>): Promise<void> {
  const over = new AbortController();
  const lookAgain = async (): Promise<void> => {
    do await look();
    while (!over.signal.aborted);
  };
  const ended = action.finally(() => over.abort());
  const results = await Promise.allSettled([ended, lookAgain()]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** The stop and the start of a Meet's backend. */
interface Replacement {
  stop(): Promise<unknown>;
  /** Makes new containers. */
  start(): Promise<unknown>;
}

/** Replaces the backend. Meanwhile steps without the backend stay good, and the others get 503 with Retry-After. */
async function replaceBackend(site: Site, { stop, start }: Replacement, alsoLook: () => Promise<void> = async () => {}): Promise<void> {
  const [good, without] = [goodWalk(site), walkWithoutBackend(site)];
  const look = async (): Promise<void> => {
    const seen = await walk(site);
    const expected = Object.entries(good).map(([step, usual]) => [step, seen[step] === without[step] ? seen[step] : usual]);
    expect(seen).toEqual(Object.fromEntries(expected));
    await alsoLook();
  };
  await lookDuring(stop(), look);
  expect(await walk(site)).toEqual(without);
  await lookDuring(start(), look);
}

describe.sequential('the example with all parts of Meet', () => {
  const project = composeProjectName('walk');
  let stack: ExampleStack;
  let site: Site;
  let socket: WebSocketClient;

  beforeAll(async () => {
    const host = 'visio.example.com';
    const { services, configs } = siteAdditions(host, project);
    const contents = Object.entries(configs).map(([name, content]) => [name, { content }]);
    const more = JSON.stringify({ services, configs: Object.fromEntries(contents) as unknown }).replaceAll('$', '$$$$');
    stack = await createExample(engine, providedImages(), { part: 'walk', more });
    await stack.compose('up', '--detach');
    const outer = { host: '127.0.0.1', port: await stack.outerPort() };
    site = { project, host, outer, outsider: `${project}-acme-companion-1` };
  });
  afterAll(async () => {
    socket?.close();
    await stack?.remove();
  });
  stopAtFirstFailure();

  test('a walk is good', async () => {
    await expectGoodWalk(site);
  });

  test('a WebSocket stays open while a second backend starts', async () => {
    socket = await openWebSocket(site.outer, '/board/live', { host: site.host });
    const before = await socket.echo('before');
    expect(before).toMatch(/: before$/);
    await stack.compose('up', '--detach', '--no-deps', '--no-recreate', '--scale', 'backend=2', 'backend');
    await waitForBackends(site, 2);
    expect(await socket.echo('after')).toBe(before.replace('before', 'after'));
    await expectGoodWalk(site);
  });

  test('only steps with the backend get 503 while both backends are replaced, and the WebSocket stays open', async () => {
    const up = ['up', '--detach', '--no-deps'];
    await replaceBackend(site, {
      stop: () => stack.compose('stop', 'backend'),
      async start() {
        // A recreated container often gets its old address again, and would answer without a change of routes.
        await stack.compose(...up, '--scale', 'squatter=2', 'squatter');
        await stack.compose(...up, '--force-recreate', '--scale', 'backend=2', 'backend');
      },
    });
    await waitForBackends(site, 2);
    await expectGoodWalk(site);
    expect(await socket.echo('at last')).toMatch(/: at last$/);
  });
});

/** A tenant behind its own outer proxy. */
async function siteOf(tenant: MeetStack, host: string, neighbour: MeetStack): Promise<Site> {
  const outer = { host: engine.publishAddress, port: (await tenant.port('outer-1', 80)) ?? NaN };
  return { project: tenant.project, host, outer, outsider: neighbour.container('livekit-1') };
}

describe.sequential('two Meets with services of the same names on one network', () => {
  let tenants: TwoTenants;
  let first: Site;
  let second: Site;

  beforeAll(async () => {
    tenants = await startTwoTenants(engine, 'walk', 'one meet-gen for both', (host, project) => {
      const { services, configs } = siteAdditions(host, project);
      const networks = ['internal', 'proxy'];
      const outer = {
        image: 'meet-gen-test/outer-proxy:latest',
        networks: ['proxy'],
        ports: [`${engine.publishAddress}::80`],
        environment: { FRONTEND_HOST: `${project}-frontend-1` },
      };
      const shared = {
        backend: { ...services['backend'], networks, environment: { DJANGO_ALLOWED_HOSTS: host } },
        minio: { ...services['minio'], networks },
        board: { ...services['board'], networks },
        livekit: { image: 'meet-gen-test/idle:latest', labels: { 'meet.role': 'livekit' }, networks },
      };
      return { configs, services: { ...services, ...shared, outer }, scale: { files: 0, squatter: 0, tools: 0 } };
    });
    first = await siteOf(tenants.first, 'first.example.com', tenants.second);
    second = await siteOf(tenants.second, 'second.example.com', tenants.first);
  });
  afterAll(() => tenants?.down());
  stopAtFirstFailure();

  test('a walk is good in each Meet, answered only by its own containers', async () => {
    await Promise.all([expectGoodWalk(first), expectGoodWalk(second)]);
  });

  test('replacing the backend of one Meet with two does not affect the other', async () => {
    const replacement = {
      stop: () => tenants.first.compose('stop', 'backend'),
      start: () => tenants.first.recreate('backend', 2),
    };
    await replaceBackend(first, replacement, () => expect(walk(second)).resolves.toEqual(goodWalk(second)));
    await waitForBackends(first, 2);
    await Promise.all([expectGoodWalk(first), expectGoodWalk(second)]);
  });
});
