import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedImages } from '../../providers/engine/provided.ts';
import type { NginxSeries } from '../../providers/engine/stand-ins.ts';
import { container, observe } from '../../support/containers.ts';
import { renderWorld } from '../../support/render-world.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { startBesideUpstreams, type BesideUpstreams } from './beside-upstreams.ts';
import { addressOf, keepingScript, type KeepingUpstream } from './keeping-upstreams.ts';

// Which requests nginx sends over connections that it kept, and what becomes of them where the server has closed such a connection.

/** Services by name, which is their path too: the servers that are asked in turn, and whether the last one only stands by. */
const services: Readonly<
  Record<string, { readonly asks: readonly KeepingUpstream[]; readonly labels?: Readonly<Record<string, string>> }>
> = {
  keeps: { asks: ['keeps'] },
  guarded: { asks: ['keeps'], labels: { 'meet.allow.all': '/ from 0.0.0.0/0, ::/0' } },
  closed: { asks: ['keeps'], labels: { 'meet.allow.other': '/ from 192.0.2.99' } },
  off: { asks: ['keeps'], labels: { 'meet.keepalive': 'off' } },
  counted: { asks: ['keeps'], labels: { 'meet.max-conns': '50' } },
  least: { asks: ['keeps'], labels: { 'meet.balance': 'least-conn' } },
  socket: { asks: ['keeps'], labels: { 'meet.websocket': 'true' } },
  one: { asks: ['cuts'] },
  two: { asks: ['cuts', 'cuts2'] },
  three: { asks: ['cuts', 'cuts2', 'cuts3'] },
  refusing: { asks: ['cuts', 'refuses'] },
  standby: { asks: ['cuts', 'refuses'], labels: { 'meet.backup': 'true' } },
  unread: { asks: ['unread'] },
};

async function render(nginx: string): Promise<string> {
  const replicas = Object.entries(services).flatMap(([service, { asks, labels = {} }]) => {
    const { 'meet.backup': backup, ...others } = labels;
    return asks.map((upstream, index) =>
      container({
        name: `meet-${service}-${index + 1}`,
        project: 'meet',
        service,
        labels: {
          'meet.role': 'service',
          'meet.port': '8000',
          'meet.paths': `/${service}`,
          ...others,
          ...(backup !== undefined && index > 0 ? { 'meet.backup': backup } : {}),
        },
        networks: { meet_default: `${addressOf(upstream)}/16` },
      }),
    );
  });
  const frontend = container({
    name: 'meet-frontend-1',
    project: 'meet',
    service: 'frontend',
    labels: { 'meet.role': 'frontend', 'meet.host': 'meet.example.com' },
    networks: { meet_default: '127.1.0.1/16' },
  });
  const { files } = await renderWorld(observe([frontend, ...replicas]), nginx);
  return files.get('meet') ?? '';
}

interface Told {
  readonly status: number;
  readonly name?: string;
  readonly number?: number;
  readonly path?: string;
  readonly connection?: string;
  readonly cutsSeen?: number;
}

/** How many of these came over a connection that had been used before. */
const reused = (told: readonly Told[]): number => told.filter(({ number = 0 }) => number > 1).length;
const statuses = (told: readonly Told[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { status } of told) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

describe.each<NginxSeries>(['1.30', '1.22'])('on nginx %s', (series) => {
  let nginx: BesideUpstreams;
  /** One connection of a client: all that is asked on it comes to the same worker of nginx, which has a pool of its own. */
  let client: Agent;

  async function start(change: (rendered: string) => string = (rendered) => rendered): Promise<void> {
    nginx = await startBesideUpstreams(series, change(await render(providedImages().nginx[series].version)), keepingScript);
    client = new Agent({ keepAlive: true, maxSockets: 1 });
    await waitUntil('nginx and what is behind it answer', isAnswered, 20_000);
  }

  const isAnswered = async (): Promise<boolean> => (await ask('GET', '/keeps').catch(() => undefined))?.status === 200;

  async function stop(): Promise<void> {
    client?.destroy();
    await nginx?.remove();
  }

  function ask(method: string, path: string, body = '', agent = client): Promise<Told> {
    return new Promise((resolve, reject) => {
      const headers = {
        host: 'meet.example.com',
        'x-forwarded-for': '192.0.2.1',
        ...(body === '' ? {} : { 'content-length': body.length }),
      };
      const asked = request({ ...nginx.place, method, path, agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () => {
          const isTold = response.headers['content-type'] === 'application/json' && text !== '';
          resolve({ ...(isTold ? (JSON.parse(text) as object) : {}), status: response.statusCode ?? 0 });
        });
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }

  async function askMany(times: number, method: string, path: string): Promise<readonly Told[]> {
    const told: Told[] = [];
    for (let time = 0; time < times; time += 1) told.push(await ask(method, path));
    return told;
  }

  /** Thirty at once, ten times: each server has several kept connections when the next thirty come. */
  async function askInBursts(method: string, path: string): Promise<readonly Told[]> {
    const crowd = new Agent({ keepAlive: true, maxSockets: 30 });
    const told: Told[] = [];
    for (let burst = 0; burst < 10; burst += 1)
      told.push(...(await Promise.all(Array.from({ length: 30 }, () => ask(method, path, '', crowd)))));
    crowd.destroy();
    return told;
  }

  describe('with the shipped template', () => {
    beforeAll(() => start());
    afterAll(stop);

    test.each(['/keeps', '/guarded', '/'])('GET %s goes over a kept connection, and HEAD too', async (path) => {
      const told = [...(await askMany(20, 'GET', path)), ...(await askMany(1, 'HEAD', path)), ...(await askMany(1, 'GET', path))];
      expect(statuses(told)).toEqual({ 200: 22 });
      expect(reused(told)).toBeGreaterThan(10);
      // HEAD was another request of the same connection.
      expect((told.at(-1)?.number ?? 0) - (told.at(-3)?.number ?? 0)).toBe(2);
      expect(new Set(told.flatMap(({ connection }) => connection ?? []))).toEqual(new Set(['']));
    });

    test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s has a new connection each time, which is closed', async (method) => {
      const told = await askMany(10, method, '/keeps');
      expect(told.map(({ number, connection }) => `${number} ${connection}`)).toEqual(Array.from({ length: 10 }, () => '1 close'));
    });

    test.each(['/off', '/counted', '/least', '/socket'])('GET %s has a new connection each time, which is closed', async (path) => {
      const told = await askMany(10, 'GET', path);
      expect(told.map(({ number, connection }) => `${number} ${connection}`)).toEqual(Array.from({ length: 10 }, () => '1 close'));
    });

    test.each(['/one', '/two', '/three', '/refusing', '/standby'])(
      'GET %s is answered though all kept connections are cut',
      async (path) => {
        const before = (await ask('GET', '/keeps')).cutsSeen ?? 0;
        expect(statuses(await askInBursts('GET', path))).toEqual({ 200: 300 });
        expect(statuses(await askInBursts('HEAD', path))).toEqual({ 200: 300 });
        expect((await ask('GET', '/keeps')).cutsSeen).toBeGreaterThan(before + 50);
      },
    );

    test('a body that the service leaves unread is nobody else’s request', async () => {
      await askMany(3, 'GET', '/unread');
      const smuggled = 'GET /unread/of-somebody-else HTTP/1.1\r\nHost: x\r\n\r\n';
      expect(await ask('GET', '/unread/mine', smuggled)).toMatchObject({ number: 1, connection: 'close', path: '/unread/mine' });
      const told = await askMany(10, 'GET', '/unread/next');
      expect(new Set(told.map(({ path }) => path))).toEqual(new Set(['/unread/next']));
    });

    test('a connection that was idle for a moment is not used again', async () => {
      await askMany(3, 'GET', '/keeps');
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect((await ask('GET', '/keeps')).number).toBe(1);
    });
  });

  describe('with a snippet that answers 502 before nginx has looked at "allow"', () => {
    beforeAll(() =>
      start((rendered) =>
        rendered
          .replace(/^/, 'limit_req_zone $uri zone=one:1m rate=1r/m;\n')
          .replace('charset utf-8;', 'charset utf-8; limit_req zone=one; limit_req_status 502;'),
      ),
    );
    afterAll(stop);

    test('no second try gets past the guard', async () => {
      const told = await askMany(3, 'GET', '/closed');
      expect(statuses(told)).toEqual({ 403: 1, 503: 2 });
    });
  });

  // The tests above can fail: without what they are about, requests are lost.

  describe('with a template that sends nothing again', () => {
    beforeAll(() => start((rendered) => rendered.replaceAll(/set \$meet_fresh @meet_fresh:\S+;/g, 'set $meet_fresh @meet_unavailable;')));
    afterAll(stop);

    test.each(['/two', '/three', '/refusing', '/standby'])('GET %s is lost now and then', async (path) => {
      const found = statuses(await askInBursts('GET', path));
      expect(found['503']).toBeGreaterThan(0);
    });
  });

  describe('with a template that sends everything over kept connections', () => {
    beforeAll(() => start((rendered) => rendered.replace(/(\$meet_kept \{\n) *default "";/, '$1    default 1;')));
    afterAll(stop);

    test('POST is lost where a kept connection is cut', async () => {
      const found = statuses(await askInBursts('POST', '/two'));
      expect(found['502']).toBeGreaterThan(0);
    });
  });
});
