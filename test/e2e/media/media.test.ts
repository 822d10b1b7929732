import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentedServices } from '../../support/docs/documented-services.ts';
import { providedEngine } from '../../providers/engine/provided.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { ask } from '../../support/media/ask.ts';
import type { Answer, Question } from '../../support/media/ask.ts';
import { startMeet, type MeetStack } from '../../support/meet-stack.ts';
import { waitUntil } from '../../support/wait-until.ts';

// Files in S3, only for users that the backend allows. The stand-ins sign and check as Meet and S3 do.

const file = '/media/recordings/6d0d7e3c-1111-4222-8333-123456789abc.mp4';
const other = '/media/recordings/6d0d7e3c-1111-4222-8333-cba987654321.mp4';
const content = Buffer.alloc(3_000_000, 'meet');
const owner = { cookie: 'sessionid=owner' };

let meet: MeetStack;
const script = (name: string): string => readFileSync(new URL(`../../support/media/${name}.mjs`, import.meta.url), 'utf8');

beforeAll(async () => {
  const image = 'meet-gen-test/backend:latest';
  meet = await startMeet(providedEngine(), 'media', {
    configs: { s3: script('s3'), django: script('backend') },
    services: {
      backend: { configs: [{ source: 'django', target: '/django.mjs' }], command: ['node', '/django.mjs'] },
      minio: {
        ...documentedServices('docs/media.md', 'files')['minio'],
        image,
        configs: [{ source: 's3', target: '/s3.mjs' }],
        command: ['node', '/s3.mjs'],
      },
    },
  });
  await meet.converged();
  await waitUntil('the backend and S3 listen', async () => (await get(file)).status === 200);
});
afterAll(() => meet?.down());
stopAtFirstFailure();

const get = (path: string, question: Question = {}): Promise<Answer> =>
  ask(meet, path, { ...question, headers: { ...owner, ...question.headers } });
const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const seenByS3 = async (): Promise<{ url: string; method: string; stray: readonly string[]; headers: Record<string, string> }> =>
  JSON.parse(await meet.tool('node', '-e', "fetch('http://minio:9000/seen').then(async (r) => console.log(await r.text()))")) as never;
/** Expects an answer without a trace of S3. */
function expectNoFile({ body, headers }: Answer): void {
  expect(body.toString()).not.toMatch(/meetmeet|AKID|<Error>|<Key>/);
  expect(JSON.stringify(headers)).not.toMatch(/x-amz|storage=1/);
}

describe.sequential('a file', () => {
  test.each([file, file.replace('recordings', 'files')])('%s reaches an allowed user as an attachment, byte by byte', async (path) => {
    const { status, headers, body } = await get(`${path}?download=1`);
    expect(status).toBe(200);
    expect(hash(body)).toBe(hash(content));
    expect(headers).toMatchObject({
      'content-disposition': 'attachment',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cache-control': 'private, no-cache',
    });
    expect(JSON.stringify(headers)).not.toMatch(/x-amz|storage=1|inline|public/);
    for (const name of ['strict-transport-security', 'alt-svc', 'clear-site-data']) expect(headers).not.toHaveProperty(name);
    // S3 gets only the signed request, without a header of the client.
    const seen = await seenByS3();
    expect(seen).toMatchObject({ method: 'GET', url: path.replace('/media/', '/meet-media-storage/'), stray: [] });
    expect(seen.headers).toMatchObject({ host: 'minio:9000', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' });
  });

  test('answers ranges, conditional requests and HEAD', async () => {
    const part = await get(file, { headers: { range: 'bytes=2-9' } });
    expect({ status: part.status, body: part.body.toString() }).toEqual({ status: 206, body: 'etmeetme' });
    expect(part.headers['content-range']).toBe('bytes 2-9/3000000');
    expect((await get(file, { headers: { 'if-none-match': '"1"' } })).status).toBe(304);
    const head = await get(file, { method: 'HEAD' });
    expect({ status: head.status, length: head.headers['content-length'], bytes: head.body.length }).toEqual({
      status: 200,
      length: '3000000',
      bytes: 0,
    });
    const beyond = await get(file, { headers: { range: 'bytes=9000000-9000001' } });
    expect(beyond.status).toBe(416);
    expectNoFile(beyond);
  });

  test.each([
    ['another user', { cookie: 'sessionid=other' }, 403],
    ['a client without a session', { cookie: '' }, 401],
    ['a client without a session that sends X-Original-URL', { cookie: '', 'x-original-url': file, 'x-original-method': 'GET' }, 401],
    ['another user with a signature', { cookie: 'sessionid=other', authorization: 'AWS4-HMAC-SHA256 x', 'x-amz-date': 'x' }, 403],
  ])('refuses %s with the backend’s status', async (_, headers, status) => {
    const answer = await ask(meet, file, { headers });
    expect(answer.status).toBe(status);
    expect(answer.body.toString()).toBe('This file is not there, or not for you.\n');
    expectNoFile(answer);
  });

  const notThere = 'This file is not there, or not for you.\n';
  const undecided = 'The backend did not say whether this file may be given out.\n';
  test.each([
    [400, 400, notThere],
    [404, 404, notThere],
    [410, 404, notThere],
    [429, 429, 'Too many requests.\n'],
    [301, 500, undecided],
    [500, 500, undecided],
  ])('if the backend answers %i, answers %i without Retry-After', async (asked, status, body) => {
    const answer = await get(file.replace('6d0d7e3c', `00000${asked}`));
    expect({ status: answer.status, body: answer.body.toString() }).toEqual({ status, body });
    expect(answer.headers).not.toHaveProperty('retry-after');
    expectNoFile(answer);
  });

  test('answers 503 with Retry-After when the backend is overloaded', async () => {
    const answer = await get(file.replace('6d0d7e3c', '00000503'));
    expect({ status: answer.status, retry: answer.headers['retry-after'] }).toEqual({ status: 503, retry: '5' });
  });

  test.each([
    ['a file that S3 lacks', '/media/recordings/00000000-1111-4222-8333-123456789abc.mp4', 404],
    ['a file that is signed for another host', file.replace('.mp4', '.webm'), 403],
  ])('refuses %s with the status of S3 and its own text', async (_, path, status) => {
    const answer = await get(path);
    expect({ status: answer.status, body: answer.body.toString() }).toEqual({
      status,
      body: 'The storage does not give this file out.\n',
    });
    expectNoFile(answer);
  });

  test.each([
    [`${file}/../${other.slice('/media/recordings/'.length)}`, 400],
    [`/media/files/../recordings/${other.slice('/media/recordings/'.length)}`, 400],
    [`/media//recordings/${file.slice('/media/recordings/'.length)}`, 400],
    [file.replace('.mp4', '%2emp4'), 404],
    [`${file}%3Fx`, 404],
    ['/media/recordings/', 404],
    ['/media/recordings/media-auth', 404],
    ['/media/recordings/media-auth.x/..', 400],
    ['/media/files/media-auth', 404],
  ])('accepts only the plain path: %s gets %i and never reaches S3', async (path, status) => {
    const before = await seenByS3();
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expectNoFile(answer);
    expect(await seenByS3()).toEqual(before);
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('refuses changes: %s gets 405', async (method) => {
    expect((await get(file, { method })).status).toBe(405);
  });

  test('is not served by the backend’s own view, even with X-Original-URL from a client', async () => {
    for (const name of ['recordings', 'files']) {
      const answer = await get(`/api/v1.0/${name}/media-auth/`, { headers: { 'x-original-url': file } });
      expect(answer.status).toBe(403);
      expect(answer.headers).not.toHaveProperty('authorization');
    }
  });
});

describe.sequential('missing parts', () => {
  test('names the missing label for calls from inside, with 503', async () => {
    const address = await meet.address('frontend-1', meet.internalNetwork);
    const url = `http://${address}:8084/api/v1.0/recordings/storage-hook/`;
    const answer = await meet.tool(
      'node',
      '-e',
      `fetch('${url}', { method: 'POST' }).then(async (r) => console.log(r.status, await r.text()))`,
    );
    expect(answer).toMatch(/^503 .*label meet\.host is missing/);
  });

  test('answers 503 with Retry-After while the backend is down', async () => {
    await meet.docker('pause', meet.container('meet-gen-1'));
    await meet.docker('kill', meet.container('backend-1'));
    const answer = await get(file);
    expect({ status: answer.status, retry: answer.headers['retry-after'] }).toEqual({ status: 503, retry: '5' });
    expectNoFile(answer);
    await meet.docker('unpause', meet.container('meet-gen-1'));
    await meet.routed({ [file]: ['503, retry after 5'] });
    await meet.docker('start', meet.container('backend-1'));
    await meet.routed({ [file]: ['401 text/plain; charset=utf-8'] });
  });

  test('answers 503 while S3 is down, in rotation and out of it', async () => {
    await meet.docker('pause', meet.container('meet-gen-1'));
    await meet.docker('kill', meet.container('minio-1'));
    expect((await get(file)).status).toBe(503);
    await meet.docker('unpause', meet.container('meet-gen-1'));
    await meet.routed({ [file]: ['503, retry after 5'] });
    await meet.docker('start', meet.container('minio-1'));
    await waitUntil('S3 answers again', async () => (await get(file)).status === 200);
    await meet.converged();
  });
});
