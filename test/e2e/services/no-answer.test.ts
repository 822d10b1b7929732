import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providedEngine } from '../../providers/engine/provided.ts';
import type { NginxSeries } from '../../providers/engine/stand-ins.ts';
import { container, observe } from '../../support/containers.ts';
import { askAt, type Answer } from '../../support/media/ask.ts';
import { callFromInside } from '../../support/media/call-from-inside.ts';
import { renderWorld } from '../../support/render-world.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { startBesideUpstreams, type BesideUpstreams } from './beside-upstreams.ts';
import { addressOf, upstreamsScript, type Upstream } from './silent-upstreams.ts';

// The answer to a client when no upstream answers: 503 with Retry-After for a request that may be repeated, else 502 or
// 504.

const engine = providedEngine();
const repeatable = '503, retry after 5';

/** Services by name, which is also their path: the first upstream, and its backups. */
const services: Readonly<Record<string, { readonly asks: readonly Upstream[]; readonly labels?: Readonly<Record<string, string>> }>> = {
  closes: { asks: ['closes'] },
  resets: { asks: ['resets'] },
  begins: { asks: ['begins'] },
  waits: { asks: ['waits'] },
  refuses: { asks: ['refuses'] },
  unreachable: { asks: ['unreachable'] },
  socket: { asks: ['closes'], labels: { 'meet.websocket': 'true' } },
  'closes-resets': { asks: ['closes', 'resets'] },
  'refuses-resets': { asks: ['refuses', 'resets'] },
  'begins-closes': { asks: ['begins', 'closes'] },
  'closes-begins': { asks: ['closes', 'begins'] },
  'closes-waits': { asks: ['closes', 'waits'] },
  'waits-closes': { asks: ['waits', 'closes'] },
  'closes-unreachable': { asks: ['closes', 'unreachable'] },
  'closes-answers': { asks: ['closes', 'answers'] },
};

const network = (address: string): Record<string, string> => ({ meet_default: `${address}/16` });

/** All services, a backend that answers only the request about recordings, and an S3 that closes every connection. */
async function render(): Promise<string> {
  const replicas = Object.entries(services).flatMap(([service, { asks, labels }]) =>
    asks.map((upstream, index) =>
      container({
        name: `meet-${service}-${index + 1}`,
        project: 'meet',
        service,
        labels: {
          'meet.role': 'service',
          'meet.port': '8000',
          'meet.paths': `/${service}`,
          // The other services never reach these timeouts.
          ...(asks.includes('waits') ? { 'meet.read-timeout': '1s' } : {}),
          ...(asks.includes('unreachable') ? { 'meet.connect-timeout': '200ms' } : {}),
          ...(index === 0 ? {} : { 'meet.backup': 'true' }),
          ...labels,
        },
        networks: network(addressOf(upstream)),
      }),
    ),
  );
  const frontend = { 'meet.role': 'frontend', 'meet.host': 'meet.example.com' };
  const media = { 'meet.role': 'media', 'meet.port': '8000', 'meet.media.bucket': 'meet-media-storage' };
  const others = [
    container({ name: 'meet-frontend-1', project: 'meet', service: 'frontend', labels: frontend, networks: network('127.1.0.1') }),
    container({
      name: 'meet-backend-1',
      project: 'meet',
      service: 'backend',
      labels: { 'meet.role': 'backend' },
      networks: network(addressOf('authorizes')),
    }),
    container({ name: 'meet-minio-1', project: 'meet', service: 'minio', labels: media, networks: network(addressOf('closes')) }),
  ];
  const { files, problems } = await renderWorld(observe([...others, ...replicas]), 'unknown');
  expect(problems.filter(({ code }) => code !== 'backup-in-use')).toEqual([]);
  return files.get('meet') ?? '';
}

describe.each<NginxSeries>(['1.30', '1.22'])('on nginx %s', (series) => {
  let nginx: BesideUpstreams;

  beforeAll(async () => {
    nginx = await startBesideUpstreams(series, await render(), upstreamsScript);
    const answers = async (): Promise<boolean> => (await askAt(nginx.place, '/closes-answers').catch(() => undefined))?.status === 200;
    await waitUntil('nginx and the upstreams answer', answers, 20_000);
  });
  afterAll(() => nginx?.remove());

  /** Sends all requests at once. @returns their outcomes */
  async function outcomes(requests: readonly string[], headers: Readonly<Record<string, string>> = {}): Promise<Record<string, string>> {
    const seen = requests.map(async (request) => {
      const [method = '', path = ''] = request.split(' ');
      return [request, describeAnswer(await askAt(nginx.place, path, { method, headers }))] as const;
    });
    return Object.fromEntries(await Promise.all(seen));
  }

  /** Expects the outcome of each method at each path. */
  async function expectOutcomes(rows: readonly (readonly [methods: string, path: string, outcome: string])[]): Promise<void> {
    const expected = rows.flatMap(([methods, path, outcome]) =>
      methods.split(',').map((method) => [`${method} ${path}`, outcome] as const),
    );
    expect(await outcomes(expected.map(([request]) => request))).toEqual(Object.fromEntries(expected));
  }

  test('only GET and HEAD may be repeated after they were sent, if no answer began', () =>
    expectOutcomes([
      ['GET,HEAD', '/closes', repeatable],
      ['GET,HEAD', '/resets', repeatable],
      ['GET,HEAD', '/closes-resets', repeatable],
      ['GET,HEAD', '/refuses-resets', repeatable],
      ['POST,PATCH,PUT,DELETE,OPTIONS', '/closes', '502'],
      ['POST,PATCH,PUT,DELETE,OPTIONS', '/resets', '502'],
      ['POST,PATCH,PUT,DELETE', '/closes-resets', '502'],
      ['POST,PATCH,PUT,DELETE', '/refuses-resets', '502'],
    ]));

  test('nginx tries the next upstream, for PUT and DELETE too', () =>
    expectOutcomes([
      ['GET,HEAD,PUT,DELETE', '/closes-answers', '200'],
      ['POST,PATCH', '/closes-answers', '502'],
    ]));

  test('no request may be repeated after an answer began', () =>
    expectOutcomes([
      ['GET,HEAD,POST,PUT', '/begins', '502'],
      ['GET,HEAD', '/begins-closes', '502'],
      ['GET,HEAD', '/closes-begins', '502'],
    ]));

  test('504 means that an upstream got the request and sent no answer in time', () =>
    expectOutcomes([
      ['GET,HEAD,POST,PUT', '/waits', '504'],
      ['GET,HEAD,PUT', '/closes-waits', '504'],
      ['GET,HEAD', '/waits-closes', repeatable],
      ['POST', '/waits-closes', '504'],
      ['PUT', '/waits-closes', '502'],
      ['GET,HEAD', '/closes-unreachable', repeatable],
      ['PUT', '/closes-unreachable', '504'],
    ]));

  test('a request that was never sent may always be repeated', () =>
    expectOutcomes([
      ['GET,HEAD,POST,PATCH,PUT,DELETE,OPTIONS', '/refuses', repeatable],
      ['GET,HEAD,POST,PATCH,PUT,DELETE,OPTIONS', '/unreachable', repeatable],
    ]));

  test('a WebSocket that is not opened and the SPA follow the same rules', async () => {
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'eA==' };
    expect(await outcomes(['GET /socket'], upgrade)).toEqual({ 'GET /socket': repeatable });
    await expectOutcomes([
      ['GET,HEAD', '/', repeatable],
      ['POST', '/', '502'],
    ]);
  });

  test('a request for a file may be repeated if S3 or the backend sent no answer', () =>
    expectOutcomes([
      ['GET,HEAD', '/media/recordings/6d0d7e3c-1111-4222-8333-123456789abc.mp4', repeatable],
      ['GET,HEAD', '/media/files/6d0d7e3c-1111-4222-8333-123456789abc.mp4', repeatable],
    ]));

  test('a call from inside may be repeated, and LiveKit repeats each call', async () => {
    const url = 'http://127.0.0.1:8084/api/v1.0/rooms/webhooks-livekit/';
    expect(await callFromInside(engine, nginx.upstreams, url, { body: '{}' })).toMatchObject({ status: 503, retryAfter: '5' });
  });
});

function describeAnswer({ status, headers }: Answer): string {
  const retryAfter = headers['retry-after'];
  return retryAfter === undefined ? String(status) : `${status}, retry after ${retryAfter}`;
}
