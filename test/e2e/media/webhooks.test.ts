import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentedServices } from '../../support/docs/documented-services.ts';
import { providedEngine } from '../../providers/engine/provided.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { callFromInside, type Call, type CallOptions } from '../../support/media/call-from-inside.ts';
import { startMeet, usualFrontend, type MeetStack } from '../../support/meet-stack.ts';
import { waitUntil } from '../../support/wait-until.ts';

// LiveKit and S3 call the backend from inside, through the frontend's status server.

const livekitPath = '/api/v1.0/rooms/webhooks-livekit/';
const paths = [livekitPath, '/api/v1.0/recordings/storage-hook/'];
const script = readFileSync(new URL('../../support/media/backend.mjs', import.meta.url), 'utf8');

let meet: MeetStack;
const engine = providedEngine();

beforeAll(async () => {
  const image = 'meet-gen-test/idle:latest';
  meet = await startMeet(engine, 'webhooks', {
    configs: { django: script },
    services: {
      frontend: {
        ...usualFrontend(engine),
        ...documentedServices('docs/media.md', 'calls from inside', (text) => text.replace('${MEET_HOST}', 'meet.example.com'))['frontend'],
      },
      backend: { configs: [{ source: 'django', target: '/django.mjs' }], command: ['node', '/django.mjs'] },
      livekit: { image, labels: { 'meet.role': 'livekit' }, networks: ['internal'] },
      outside: { image, networks: ['proxy'] },
    },
  });
  await meet.converged();
  await waitUntil('the backend listens', async () => (await call('livekit-1', livekitPath, { body: '{}' })).status === 200);
});
afterAll(() => meet?.down());
stopAtFirstFailure();

async function call(from: string, path: string, options: CallOptions = {}, network = meet.internalNetwork): Promise<Call> {
  const address = network === meet.internalNetwork ? 'meet-inside' : await meet.address('frontend-1', network);
  return callFromInside(engine, meet.container(from), `http://${address}:8084${path}`, options);
}

describe.sequential('a call from inside', () => {
  test.each(paths)('%s reaches the backend, with its own host and https', async (path) => {
    const { status, body, seen } = await call('livekit-1', path, { body: '{"event":"room_started"}' });
    expect({ status, body, seen }).toEqual({
      status: 200,
      body: JSON.stringify({ webhook: path }),
      seen: { host: 'meet.example.com', proto: 'https' },
    });
  });

  test.each(['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Real-IP', 'Forwarded'])(
    'is refused after a proxy, with the header %s',
    async (name) => {
      for (const value of ['127.0.0.1', '0', 'https']) {
        const { status, seen } = await call('livekit-1', livekitPath, { headers: { [name]: value } });
        expect({ status, seen }).toEqual({ status: 403, seen: null });
      }
    },
  );

  test.each(['GET', 'PUT', 'DELETE'])('must be a POST: %s is refused', async (method) => {
    const { status, seen } = await call('livekit-1', livekitPath, { method });
    expect({ status, seen }).toEqual({ status: 403, seen: null });
  });

  test('is refused from the network of the proxy', async () => {
    for (const path of paths) {
      const { status, seen } = await call('outside-1', path, {}, meet.proxyNetwork);
      expect({ status, seen }).toEqual({ status: 403, seen: null });
    }
  });

  test.each([
    '/api/v1.0/config/',
    '/api/v1.0/rooms/',
    '/api/v1.0/rooms/webhooks-livekit',
    '/api/v1.0/rooms/webhooks-livekit/x',
    '/api/v1.0/recordings/media-auth/',
    '/admin/',
    '/',
  ])('has one of two paths: %s gets 404', async (path) => {
    const { status, seen } = await call('livekit-1', path);
    expect({ status, seen }).toEqual({ status: 404, seen: null });
  });

  test('is refused if it is larger than an event', async () => {
    expect((await call('livekit-1', livekitPath, { headers: { 'content-type': 'text/plain' }, bodyBytes: 1_100_000 })).status).toBe(413);
  });
});

describe.sequential('a call without a backend', () => {
  test('gets 503, in rotation and out of it', async () => {
    await meet.docker('pause', meet.container('meet-gen-1'));
    await meet.docker('kill', meet.container('backend-1'));
    expect(await call('livekit-1', livekitPath)).toMatchObject({ status: 503, retryAfter: '5' });
    await meet.docker('unpause', meet.container('meet-gen-1'));
    await meet.routed({ '/api/': ['503, retry after 5'] });
    expect(await call('livekit-1', livekitPath)).toMatchObject({ status: 503, retryAfter: '5' });
  });
});
