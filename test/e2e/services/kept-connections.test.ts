import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedImages } from '../../providers/engine/provided.ts';
import type { NginxSeries } from '../../providers/engine/stand-ins.ts';
import { container, observe } from '../../support/containers.ts';
import { renderWorld } from '../../support/render-world.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { startBesideUpstreams, type BesideUpstreams } from './beside-upstreams.ts';
import { addressOf, keepingScript, type KeepingUpstream } from './keeping-upstreams.ts';

// The requests that nginx sends over kept connections, and their answers when the server has closed the connection.

/**
 * Services by name, which is also their path: the servers of each, and its labels. `meet.backup` is for the last
 * server.
 */
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

interface Answer {
  readonly status: number;
  readonly name?: string;
  readonly number?: number;
  readonly path?: string;
  readonly connection?: string;
  readonly cutsSeen?: number;
}

/** Counts the answers over a reused connection. */
const reused = (answers: readonly Answer[]): number => answers.filter(({ number = 0 }) => number > 1).length;
const statuses = (answers: readonly Answer[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

describe.each<NginxSeries>(['1.30', '1.22'])('on nginx %s', (series) => {
  let nginx: BesideUpstreams;
  /** One client connection, so that all requests reach the same worker. Each worker of nginx has its own pool. */
  let client: Agent;

  async function start(change: (rendered: string) => string = (rendered) => rendered): Promise<void> {
    nginx = await startBesideUpstreams(series, change(await render(providedImages().nginx[series].version)), keepingScript);
    client = new Agent({ keepAlive: true, maxSockets: 1 });
    await waitUntil('nginx and the upstreams answer', isAnswered, 20_000);
  }

  const isAnswered = async (): Promise<boolean> => (await ask('GET', '/keeps').catch(() => undefined))?.status === 200;

  async function stop(): Promise<void> {
    client?.destroy();
    await nginx?.remove();
  }

  function ask(method: string, path: string, body = '', agent = client): Promise<Answer> {
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
          const isJson = response.headers['content-type'] === 'application/json' && text !== '';
          resolve({ ...(isJson ? (JSON.parse(text) as object) : {}), status: response.statusCode ?? 0 });
        });
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }

  async function askMany(times: number, method: string, path: string): Promise<readonly Answer[]> {
    const answers: Answer[] = [];
    for (let time = 0; time < times; time += 1) answers.push(await ask(method, path));
    return answers;
  }

  /** Sends 30 requests at once, ten times. Each server has several kept connections before the next burst. */
  async function askInBursts(method: string, path: string): Promise<readonly Answer[]> {
    const crowd = new Agent({ keepAlive: true, maxSockets: 30 });
    const answers: Answer[] = [];
    for (let burst = 0; burst < 10; burst += 1)
      answers.push(...(await Promise.all(Array.from({ length: 30 }, () => ask(method, path, '', crowd)))));
    crowd.destroy();
    return answers;
  }

  /**
   * Sends bursts until the answers suffice, at most ten times. On a busy host, the requests arrive one by one, and find
   * few kept connections.
   */
  async function askUntil(
    isEnough: (answers: readonly Answer[]) => boolean | Promise<boolean>,
    method: string,
    path: string,
  ): Promise<boolean> {
    const answers: Answer[] = [];
    for (let time = 0; time < 10; time += 1) {
      answers.push(...(await askInBursts(method, path)));
      if (await isEnough(answers)) return true;
    }
    return false;
  }

  const countCuts = async (): Promise<number> => (await ask('GET', '/keeps')).cutsSeen ?? 0;

  describe('with the shipped template', () => {
    beforeAll(() => start());
    afterAll(stop);

    test.each(['/keeps', '/guarded', '/'])('sends GET and HEAD %s over a kept connection', async (path) => {
      const answers = [...(await askMany(20, 'GET', path)), ...(await askMany(1, 'HEAD', path)), ...(await askMany(1, 'GET', path))];
      expect(statuses(answers)).toEqual({ 200: 22 });
      expect(reused(answers)).toBeGreaterThan(10);
      // HEAD was another request on the same connection.
      expect((answers.at(-1)?.number ?? 0) - (answers.at(-3)?.number ?? 0)).toBe(2);
      expect(new Set(answers.flatMap(({ connection }) => connection ?? []))).toEqual(new Set(['']));
    });

    test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('opens and closes a connection for each %s', async (method) => {
      const answers = await askMany(10, method, '/keeps');
      expect(answers.map(({ number, connection }) => `${number} ${connection}`)).toEqual(Array.from({ length: 10 }, () => '1 close'));
    });

    test.each(['/off', '/counted', '/least', '/socket'])('opens and closes a connection for each GET %s', async (path) => {
      const answers = await askMany(10, 'GET', path);
      expect(answers.map(({ number, connection }) => `${number} ${connection}`)).toEqual(Array.from({ length: 10 }, () => '1 close'));
    });

    test.each(['/one', '/two', '/three', '/refusing', '/standby'])('answers GET %s though all kept connections are cut', async (path) => {
      const before = await countCuts();
      const haveBeenCut = async (answers: readonly Answer[]): Promise<boolean> => {
        expect(statuses(answers)).toEqual({ 200: answers.length });
        return (await countCuts()) > before + 50;
      };
      for (const method of ['GET', 'HEAD']) expect(await askUntil(haveBeenCut, method, path)).toBe(true);
    });

    test('a body that the service leaves unread doesn’t become another request', async () => {
      await askMany(3, 'GET', '/unread');
      const smuggled = 'GET /unread/of-somebody-else HTTP/1.1\r\nHost: x\r\n\r\n';
      expect(await ask('GET', '/unread/mine', smuggled)).toMatchObject({ number: 1, connection: 'close', path: '/unread/mine' });
      const answers = await askMany(10, 'GET', '/unread/next');
      expect(new Set(answers.map(({ path }) => path))).toEqual(new Set(['/unread/next']));
    });

    test('does not reuse a connection that was idle for half a second', async () => {
      await askMany(3, 'GET', '/keeps');
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect((await ask('GET', '/keeps')).number).toBe(1);
    });
  });

  describe('with a snippet that answers 502 before nginx checks "allow"', () => {
    beforeAll(() =>
      start((rendered) =>
        rendered
          .replace(/^/, 'limit_req_zone $uri zone=one:1m rate=1r/m;\n')
          .replace('charset utf-8;', 'charset utf-8; limit_req zone=one; limit_req_status 502;'),
      ),
    );
    afterAll(stop);

    test('no second try gets past the guard', async () => {
      const answers = await askMany(3, 'GET', '/closed');
      expect(statuses(answers)).toEqual({ 403: 1, 503: 2 });
    });
  });

  // Shows that the tests above can fail: without the template's retry, requests are lost.

  describe('with a template without the retry', () => {
    beforeAll(() => start((rendered) => rendered.replaceAll(/set \$meet_fresh @meet_fresh:\S+;/g, 'set $meet_fresh @meet_unavailable;')));
    afterAll(stop);

    test.each(['/two', '/three', '/refusing', '/standby'])('loses some GET %s', async (path) => {
      expect(await askUntil((answers) => answers.some(({ status }) => status === 503), 'GET', path)).toBe(true);
    });
  });

  describe('with a template that sends every request over kept connections', () => {
    beforeAll(() => start((rendered) => rendered.replace(/(\$meet_kept \{\n) *default "";/, '$1    default 1;')));
    afterAll(stop);

    test('loses a POST when a kept connection is cut', async () => {
      expect(await askUntil((answers) => answers.some(({ status }) => status === 502), 'POST', '/two')).toBe(true);
    });
  });
});
