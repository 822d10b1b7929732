import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeAuthority } from '../../support/certificates.ts';
import { providedEngine } from '../../providers/engine/provided.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { startMeet, type MeetStack } from '../../support/meet-stack.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { ask, type Place } from './ask.ts';
import { openWebSocket, type WebSocketClient } from './websocket.ts';

// The effect of a service's labels on clients: WebSockets, named routes, access rules, load balancing.

const engine = providedEngine();
const inside = { 'x-forwarded-for': '198.51.100.1, 192.0.2.7' };
const outside = { 'x-forwarded-for': '192.0.2.7, 198.51.100.1' };

let meet: MeetStack;
let frontend: Place;
/** In the place of nginx-proxy: appends the client's address to X-Forwarded-For. */
let outer: Place;
const folder = mkdtempSync(join(tmpdir(), 'meet-gen-services-'));

function echoService(labels: Readonly<Record<string, string>>): Record<string, unknown> {
  return {
    image: 'meet-gen-test/backend:latest',
    command: ['node', '/teller.mjs'],
    labels: { 'meet.role': 'service', 'meet.port': '3000', ...labels },
    networks: ['internal'],
    configs: ['teller', 'key', 'cert'].map((source) => ({
      source,
      target: { teller: '/teller.mjs', key: '/tls-key.pem', cert: '/tls-cert.pem' }[source],
    })),
  };
}

const read = (path: string): string => readFileSync(path, 'utf8');

const shared = (service: string, labels: Readonly<Record<string, string>> = {}): Record<string, unknown> =>
  echoService({ 'meet.service': service, 'meet.paths': `/${service}`, ...labels });

beforeAll(async () => {
  const place = await (await makeAuthority(folder)).issue('tls');
  meet = await startMeet(engine, 'services', {
    services: {
      board: echoService({
        'meet.paths': '/board',
        'meet.websocket': 'true',
        'meet.route.app.path': '/app',
        'meet.route.app.strip': 'true',
        'meet.route.app.websocket': 'false',
        'meet.route.live.path': '/app/live',
        'meet.route.live.strip': 'true',
        'meet.route.live.port': '4000',
        'meet.route.tls.path': '/secure',
        'meet.route.tls.port': '8443',
        'meet.route.tls.proto': 'https',
        'meet.allow.staff': '/board/admin from 192.0.2.0/24, 2001:db8::/32',
        'meet.allow.open': '/board/admin/help from 0.0.0.0/0, ::/0',
        'meet.allow.stripped': '/app/admin from 192.0.2.0/24',
        'meet.allow.private': '/board/private from 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16',
        'meet.allow.unreadable': '/board/closed from the office',
      }),
      gone: shared('gone', { 'meet.allow.staff': '/gone from 192.0.2.0/24' }),
      heavy: shared('pair', { 'meet.weight': '3' }),
      light: shared('pair'),
      first: shared('spared'),
      spare: shared('spared', { 'meet.backup': 'true' }),
      sticky: shared('sticky', { 'meet.balance': 'ip-hash' }),
      narrow: shared('narrow', {
        'meet.max-conns': '1',
        'meet.websocket': 'true',
        'meet.route.cut.path': '/cut',
        'meet.route.cut.strip': 'true',
      }),
      outer: {
        image: 'meet-gen-test/outer-proxy:latest',
        networks: ['proxy'],
        ports: [`${engine.publishAddress}::80`],
      },
    },
    scale: { sticky: 3 },
    configs: {
      teller: read(fileURLToPath(new URL('teller.mjs', import.meta.url))),
      key: read(join(place, 'key.pem')),
      cert: read(join(place, 'cert.pem')),
    },
  });
  const published = async (name: string, port: number): Promise<Place> => ({
    host: engine.publishAddress,
    port: (await meet.port(name, port)) ?? NaN,
  });
  [frontend, outer] = await Promise.all([published('frontend-1', 8083), published('outer-1', 80)]);
  await waitUntil('all services answer', async () => {
    const paths = ['/board', '/app', '/app/live', '/secure', '/gone', '/pair', '/spared', '/sticky', '/narrow'];
    const answers = await Promise.all(paths.map((path) => ask(frontend, path, inside)));
    return answers.every(({ received }) => received !== undefined);
  });
  await meet.converged();
});
afterAll(async () => {
  await meet?.down();
  rmSync(folder, { recursive: true, force: true });
});
stopAtFirstFailure();

/** Counts the answers of each container, by the container's host name. */
async function count(
  path: string,
  times: number,
  headers: (index: number) => Record<string, string> = () => ({}),
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (let index = 0; index < times; index += 1) {
    const host = (await ask(frontend, path, headers(index))).received?.host ?? 'no service';
    counts.set(host, (counts.get(host) ?? 0) + 1);
  }
  return counts;
}
const idOf = async (name: string): Promise<string> => (await meet.inspect(name, '{{.Config.Hostname}}')).trim();
const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': `203.0.113.1, ${address}` });

/** Changes addresses, and waits until meet-gen has proven the reload. */
async function changeAndReload(change: () => Promise<unknown>): Promise<void> {
  const before = (await meet.status()).instances[0]?.publishedGeneration;
  await change();
  await waitUntil('another generation is live', async () => {
    const now = await meet.converged();
    return now.instances[0]?.publishedGeneration !== before;
  });
}

describe.sequential('WebSockets', () => {
  test('open on a route with the label, also with a stripped prefix, at another port, and through an outer proxy', async () => {
    for (const [place, path] of [
      [frontend, '/board/x'],
      [frontend, '/app/live/x'],
      [outer, '/board/x'],
    ] as const) {
      const socket = await openWebSocket(place, path);
      expect(await socket.echo('hello'), path).toBe('hello');
      socket.close();
    }
  });

  test('do not open on a route without the label, and other upgrades are dropped', async () => {
    await expect(openWebSocket(frontend, '/app/x')).rejects.toThrow('no WebSocket, but 200');
    await expect(openWebSocket(frontend, '/secure')).resolves.toBeDefined();
    await expect(openWebSocket(frontend, '/pair')).rejects.toThrow('no WebSocket, but 200');
    const { received } = await ask(frontend, '/board', {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABkAAQAAP__',
    });
    expect(received?.headers['upgrade']).toBeUndefined();
    expect(received?.headers['connection']).toBe('close');
  });

  test('stay open during reloads', async () => {
    const socket = await openWebSocket(frontend, '/board');
    expect(await socket.echo('before')).toBe('before');
    await changeAndReload(() => meet.scale({ sticky: 2 }));
    expect(await socket.echo('after')).toBe('after');
    await changeAndReload(() => meet.scale({ sticky: 3 }));
    expect(await socket.echo('once more')).toBe('once more');
    expect(socket.isOpen()).toBe(true);
    socket.close();
  });

  test('reach the service with the usual headers', async () => {
    const usual = (await ask(frontend, '/pair', inside)).received?.headers;
    const { received } = await ask(frontend, '/board', { ...inside, 'x-original-url': '/media/x' });
    // A route for WebSockets uses no kept connections.
    expect(received?.headers).toEqual({ ...usual, connection: 'close' });
    expect(received?.headers).toMatchObject({ host: 'meet.example.com', 'x-forwarded-proto': 'https' });
  });
});

describe.sequential('named routes', () => {
  test.each([
    ['/app', '/', 3000, '/app'],
    ['/app/', '/', 3000, '/app'],
    ['/app/a/b', '/a/b', 3000, '/app'],
    ['/app?q=1&r=%2F', '/?q=1&r=%2F', 3000, '/app'],
    ['/app/a%20b%3Fc%25d?q=a%20b', '/a%20b%3Fc%25d?q=a%20b', 3000, '/app'],
    ['/app/a%2520b', '/a%2520b', 3000, '/app'],
    ['/app/caf%C3%A9', '/caf%C3%A9', 3000, '/app'],
    ['/cut/a/../b', '/b', 3000, '/cut'],
    ['/cut//a//b', '/a/b', 3000, '/cut'],
    ['/cut/a%2Fb', '/a/b', 3000, '/cut'],
    ['/app/live', '/', 4000, '/app/live'],
    ['/app/live/x', '/x', 4000, '/app/live'],
    ['/app/liver', '/liver', 3000, '/app'],
    ['/narrow/a%2Fb//c', '/narrow/a%2Fb//c', 3000, undefined],
    ['/secure/a', '/secure/a', 8443, undefined],
  ])('%s reaches the service as %s', async (path, url, port, prefix) => {
    const { status, received } = await ask(frontend, path);
    expect(status).toBe(200);
    expect(received).toMatchObject({ url, port });
    expect(received?.headers['x-forwarded-prefix']).toBe(prefix);
  });

  test.each(['/application', '/app.js', '/app/../abc-defg-hij', '/app%2F..%2Fabc-defg-hij', '/boards'])(
    '%s reaches the SPA',
    async (path) => {
      expect((await ask(frontend, path)).body).toContain('SPA of');
    },
  );

  test('dots lead to no path above a route', async () => {
    expect((await ask(frontend, '/app/../../x')).status).toBe(400);
  });
});

const status = async (path: string, headers: Record<string, string>, place = frontend): Promise<number> =>
  (await ask(place, path, headers)).status;

describe.sequential('access rules', () => {
  test.each(['/board/admin', '/board/admin/', '/board/admin/x', '/app/admin', '/app/admin/x'])(
    '%s is open only to the allowed network',
    async (path) => {
      expect(await status(path, inside)).toBe(200);
      expect(await status(path, outside)).toBe(403);
      expect(await status(path, {})).toBe(403);
      expect((await ask(frontend, path, outside)).body).not.toContain('"url"');
    },
  );

  test.each(['/board/%61dmin', '/board/admin?x', '/board/admin?/../x'])('the spelling %s does not open a guarded path', async (path) => {
    expect(await status(path, outside)).toBe(403);
    expect(await status(path, inside)).toBe(200);
  });

  test.each([
    '/board//admin/x',
    '//board/admin',
    '/board/x/../admin',
    '/board/x/%2e%2e/admin',
    '/board/x/..%2Fadmin',
    '/board/./admin',
    '/board/admin/help/../x',
    '/app/live/../admin',
    '/board/admin//../x',
    '/board/admin/../x',
    String.raw`/board/x/..\admin`,
    '/secure//x',
  ])('an ambiguous path is refused for all clients: %s', async (path) => {
    for (const place of [frontend, outer]) {
      const answer = await ask(place, path, inside);
      expect(answer.status).toBe(400);
      expect(answer.body).toMatch(/^This path is refused: it holds /);
    }
    expect(await status(path, outside)).toBe(400);
  });

  test('an IPv6 address may be allowed too', async () => {
    expect(await status('/board/admin', from('2001:db8:1::1'))).toBe(200);
    expect(await status('/board/admin', from('2001:db9::1'))).toBe(403);
  });

  test('the longest path wins, other paths are open, and an unreadable rule closes its path', async () => {
    for (const headers of [outside, {}]) {
      expect(await status('/board/admin/help', headers)).toBe(200);
      expect(await status('/board/administration', headers)).toBe(200);
      expect(await status('/app/x', headers)).toBe(200);
    }
    expect(await status('/board/closed/x', inside)).toBe(403);
    expect((await meet.status()).problems).toMatchObject([{ code: 'allow-unreadable', key: 'meet.allow.unreadable' }]);
  });

  test("behind a proxy the client's own address counts, and headers from the client don't", async () => {
    expect(await status('/board/private', {}, outer)).toBe(200);
    expect(await status('/board/private', outside, outer)).toBe(200);
    expect(await status('/board/admin', {}, outer)).toBe(403);
    expect(await status('/board/admin', inside, outer)).toBe(403);
    expect(await status('/board/admin', { 'x-forwarded-for': '192.0.2.7' }, outer)).toBe(403);
    expect(await status('/board/admin', { 'x-real-ip': '192.0.2.7', forwarded: 'for=192.0.2.7' }, outer)).toBe(403);
  });

  test('a WebSocket follows the access rules', async () => {
    await expect(openWebSocket(frontend, '/board/admin', outside)).rejects.toThrow('403');
    const socket = await openWebSocket(frontend, '/board/admin', inside);
    expect(await socket.echo('in')).toBe('in');
    socket.close();
  });

  test('without a replica in rotation all clients get the same 503', async () => {
    await meet.compose('stop', '--timeout', '1', 'gone');
    await waitUntil('the service answers 503', async () => (await ask(frontend, '/gone', inside)).status === 503);
    const answers = await Promise.all([inside, outside].map((headers) => ask(frontend, '/gone/x', headers)));
    expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 2 }, () => expect.stringContaining('not available right now')));
  });
});

describe.sequential('load balancing', () => {
  test('a weight of 3 gets three times the requests', async () => {
    const counts = await count('/pair', 80);
    const ratio = (counts.get(await idOf('heavy-1')) ?? 0) / (counts.get(await idOf('light-1')) ?? 0);
    expect(ratio).toBeGreaterThan(2);
    expect(ratio).toBeLessThan(4.5);
  });

  test('requests above the most connections of each worker get 503', async () => {
    const open: WebSocketClient[] = [];
    const openAll = async (): Promise<void> => {
      // More than one connection for each worker, on any number of workers.
      for (let index = 0; index < 200; index += 1) open.push(await openWebSocket(frontend, '/narrow'));
    };
    await expect(openAll()).rejects.toThrow('503');
    expect(open.length).toBeGreaterThan(0);
    for (const socket of open) socket.close();
    await waitUntil('the service answers 200 again', async () => (await ask(frontend, '/narrow')).status === 200);
  });

  test('a backup gets requests only while no other replica does', async () => {
    const [first, spare] = await Promise.all(['first-1', 'spare-1'].map(idOf));
    expect([...(await count('/spared', 20)).keys()]).toEqual([first]);
    await meet.compose('stop', '--timeout', '1', 'first');
    await waitUntil('the backup answers', async () => (await ask(frontend, '/spared')).received?.host === spare);
    await waitUntil('meet-gen reports that the backup is in use', async () =>
      (await meet.status()).problems.some(({ code }) => code === 'backup-in-use'),
    );
    expect([...(await count('/spared', 20)).keys()]).toEqual([spare]);
    await meet.compose('start', 'first');
    await waitUntil('the first replica answers again', async () => (await ask(frontend, '/spared')).received?.host === first);
    await meet.converged();
    expect([...(await count('/spared', 20)).keys()]).toEqual([first]);
  });

  test('ip-hash keeps a client on one replica, despite its own headers, and spreads many clients', async () => {
    await meet.converged();
    const spread = await count('/sticky', 60, (index) => from(`198.51.100.${index + 1}`));
    expect(spread.size).toBe(3);
    for (const share of spread.values()) expect(share).toBeGreaterThan(3);
    for (const address of ['198.51.100.1', '198.51.100.2', '2001:db8::7']) {
      const own = await count('/sticky', 12, (index) => ({ 'x-forwarded-for': `203.0.113.${index}, ${address}` }));
      expect([...own.values()], address).toEqual([12]);
    }
    const throughOuter = new Set<string | undefined>();
    for (let index = 0; index < 12; index += 1)
      throughOuter.add((await ask(outer, '/sticky', { 'x-forwarded-for': `198.51.100.${index}` })).received?.host);
    expect(throughOuter.size).toBe(1);
  });
});
