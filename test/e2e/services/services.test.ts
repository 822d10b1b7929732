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

// What labels make of a service, as clients see it: WebSockets, further routes, who may reach what, how requests are shared.

const engine = providedEngine();
const inside = { 'x-forwarded-for': '198.51.100.1, 192.0.2.7' };
const outside = { 'x-forwarded-for': '192.0.2.7, 198.51.100.1' };

let meet: MeetStack;
let frontend: Place;
/** Stands where nginx-proxy does: it appends the client's address as it sees it. */
let outer: Place;
const folder = mkdtempSync(join(tmpdir(), 'meet-gen-services-'));

function teller(labels: Readonly<Record<string, string>>): Record<string, unknown> {
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
  teller({ 'meet.service': service, 'meet.paths': `/${service}`, ...labels });

beforeAll(async () => {
  const place = await (await makeAuthority(folder)).issue('tls');
  meet = await startMeet(engine, 'services', {
    services: {
      board: teller({
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
    return answers.every(({ told }) => told !== undefined);
  });
  await meet.converged();
});
afterAll(async () => {
  await meet?.down();
  rmSync(folder, { recursive: true, force: true });
});
stopAtFirstFailure();

/** Who answers how often, by the container's name. */
async function count(
  path: string,
  times: number,
  headers: (index: number) => Record<string, string> = () => ({}),
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (let index = 0; index < times; index += 1) {
    const host = (await ask(frontend, path, headers(index))).told?.host ?? 'nobody';
    counts.set(host, (counts.get(host) ?? 0) + 1);
  }
  return counts;
}
const idOf = async (name: string): Promise<string> => (await meet.inspect(name, '{{.Config.Hostname}}')).trim();
const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': `203.0.113.1, ${address}` });

/** A change of addresses, so that nginx is reloaded, proven by meet-gen. */
async function reloaded(change: () => Promise<unknown>): Promise<void> {
  const before = (await meet.status()).instances[0]?.publishedGeneration;
  await change();
  await waitUntil('another generation is live', async () => {
    const now = await meet.converged();
    return now.instances[0]?.publishedGeneration !== before;
  });
}

describe.sequential('WebSockets', () => {
  test('go through where a label says so, also with a prefix taken away, at another port, and through an outer proxy', async () => {
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

  test('do not where none does, nor does anything else that a client would make of its connection', async () => {
    await expect(openWebSocket(frontend, '/app/x')).rejects.toThrow('no WebSocket, but 200');
    await expect(openWebSocket(frontend, '/secure')).resolves.toBeDefined();
    await expect(openWebSocket(frontend, '/pair')).rejects.toThrow('no WebSocket, but 200');
    const { told } = await ask(frontend, '/board', {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABkAAQAAP__',
    });
    expect(told?.headers['upgrade']).toBeUndefined();
    expect(told?.headers['connection']).toBe('close');
  });

  test('stay open over a reload', async () => {
    const socket = await openWebSocket(frontend, '/board');
    expect(await socket.echo('before')).toBe('before');
    await reloaded(() => meet.scale({ sticky: 2 }));
    expect(await socket.echo('after')).toBe('after');
    await reloaded(() => meet.scale({ sticky: 3 }));
    expect(await socket.echo('once more')).toBe('once more');
    expect(socket.isOpen()).toBe(true);
    socket.close();
  });

  test('come with the same headers as any other request', async () => {
    const usual = (await ask(frontend, '/pair', inside)).told?.headers;
    const { told } = await ask(frontend, '/board', { ...inside, 'x-original-url': '/media/x' });
    // Without a kept connection, that is.
    expect(told?.headers).toEqual({ ...usual, connection: 'close' });
    expect(told?.headers).toMatchObject({ host: 'meet.example.com', 'x-forwarded-proto': 'https' });
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
  ])('%s is asked as %s', async (path, url, port, prefix) => {
    const { status, told } = await ask(frontend, path);
    expect(status).toBe(200);
    expect(told).toMatchObject({ url, port });
    expect(told?.headers['x-forwarded-prefix']).toBe(prefix);
  });

  test.each(['/application', '/app.js', '/app/../abc-defg-hij', '/app%2F..%2Fabc-defg-hij', '/boards'])('%s is the SPA', async (path) => {
    expect((await ask(frontend, path)).body).toContain('SPA of');
  });

  test('nobody gets above a route by dots', async () => {
    expect((await ask(frontend, '/app/../../x')).status).toBe(400);
  });
});

const status = async (path: string, headers: Record<string, string>, place = frontend): Promise<number> =>
  (await ask(place, path, headers)).status;

describe.sequential('who may reach what', () => {
  test.each(['/board/admin', '/board/admin/', '/board/admin/x', '/app/admin', '/app/admin/x'])('%s is for those inside', async (path) => {
    expect(await status(path, inside)).toBe(200);
    expect(await status(path, outside)).toBe(403);
    expect(await status(path, {})).toBe(403);
    expect((await ask(frontend, path, outside)).body).not.toContain('"url"');
  });

  test.each(['/board/%61dmin', '/board/admin?x', '/board/admin?/../x'])('nobody gets there by writing it as %s', async (path) => {
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
  ])('what could be read otherwise than nginx does is for nobody: %s', async (path) => {
    for (const place of [frontend, outer]) {
      const answer = await ask(place, path, inside);
      expect(answer.status).toBe(400);
      expect(answer.body).toMatch(/^This path is refused: it holds /);
    }
    expect(await status(path, outside)).toBe(400);
  });

  test('an address of IPv6 counts as well', async () => {
    expect(await status('/board/admin', from('2001:db8:1::1'))).toBe(200);
    expect(await status('/board/admin', from('2001:db9::1'))).toBe(403);
  });

  test('the longest path wins, what is beside is for all, what can not be read is for nobody', async () => {
    for (const headers of [outside, {}]) {
      expect(await status('/board/admin/help', headers)).toBe(200);
      expect(await status('/board/administration', headers)).toBe(200);
      expect(await status('/app/x', headers)).toBe(200);
    }
    expect(await status('/board/closed/x', inside)).toBe(403);
    expect((await meet.status()).problems).toMatchObject([{ code: 'allow-unreadable', key: 'meet.allow.unreadable' }]);
  });

  test('behind a proxy the client counts, not the proxy, and not what the client says of itself', async () => {
    expect(await status('/board/private', {}, outer)).toBe(200);
    expect(await status('/board/private', outside, outer)).toBe(200);
    expect(await status('/board/admin', {}, outer)).toBe(403);
    expect(await status('/board/admin', inside, outer)).toBe(403);
    expect(await status('/board/admin', { 'x-forwarded-for': '192.0.2.7' }, outer)).toBe(403);
    expect(await status('/board/admin', { 'x-real-ip': '192.0.2.7', forwarded: 'for=192.0.2.7' }, outer)).toBe(403);
  });

  test('a WebSocket is no way around', async () => {
    await expect(openWebSocket(frontend, '/board/admin', outside)).rejects.toThrow('403');
    const socket = await openWebSocket(frontend, '/board/admin', inside);
    expect(await socket.echo('in')).toBe('in');
    socket.close();
  });

  test('where nobody is in rotation everybody gets the same 503, and nothing else', async () => {
    await meet.compose('stop', '--timeout', '1', 'gone');
    await waitUntil('it is gone', async () => (await ask(frontend, '/gone', inside)).status === 503);
    const answers = await Promise.all([inside, outside].map((headers) => ask(frontend, '/gone/x', headers)));
    expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 2 }, () => expect.stringContaining('not available right now')));
  });
});

describe.sequential('how requests are shared', () => {
  test('by weight: three for one', async () => {
    const counts = await count('/pair', 80);
    const ratio = (counts.get(await idOf('heavy-1')) ?? 0) / (counts.get(await idOf('light-1')) ?? 0);
    expect(ratio).toBeGreaterThan(2);
    expect(ratio).toBeLessThan(4.5);
  });

  test('no further than to the most connections of each worker process; what is more gets 503', async () => {
    const open: WebSocketClient[] = [];
    const openAll = async (): Promise<void> => {
      // More than there are workers, whoever of them takes a connection.
      for (let index = 0; index < 200; index += 1) open.push(await openWebSocket(frontend, '/narrow'));
    };
    await expect(openAll()).rejects.toThrow('503');
    expect(open.length).toBeGreaterThan(0);
    for (const socket of open) socket.close();
    await waitUntil('there is room again', async () => (await ask(frontend, '/narrow')).status === 200);
  });

  test('a backup gets requests only while nobody else does', async () => {
    const [first, spare] = await Promise.all(['first-1', 'spare-1'].map(idOf));
    expect([...(await count('/spared', 20)).keys()]).toEqual([first]);
    await meet.compose('stop', '--timeout', '1', 'first');
    await waitUntil('the backup answers', async () => (await ask(frontend, '/spared')).told?.host === spare);
    await waitUntil('that it is needed is told', async () => (await meet.status()).problems.some(({ code }) => code === 'backup-in-use'));
    expect([...(await count('/spared', 20)).keys()]).toEqual([spare]);
    await meet.compose('start', 'first');
    await waitUntil('the first answers again', async () => (await ask(frontend, '/spared')).told?.host === first);
    await meet.converged();
    expect([...(await count('/spared', 20)).keys()]).toEqual([first]);
  });

  test('ip-hash keeps a client on one replica, whatever it says of itself, and spreads many', async () => {
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
      throughOuter.add((await ask(outer, '/sticky', { 'x-forwarded-for': `198.51.100.${index}` })).told?.host);
    expect(throughOuter.size).toBe(1);
  });
});
