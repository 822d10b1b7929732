import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { docker } from '../../providers/engine/docker-command.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import type { NginxSeries } from '../../providers/engine/stand-ins.ts';
import { container, frontend, observe } from '../../support/containers.ts';
import { renderWorld } from '../../support/render-world.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { startBesideUpstreams, type BesideUpstreams } from './beside-upstreams.ts';

// Large bodies wait at the sender while the other side is slow, not in nginx's /tmp.

const engine = providedEngine();
const mb = 1_000_000;
const address = '127.3.1.1';

/**
 * A service that answers the length of a body, reads none with `X-Waits`, and answers a GET with 60 MB. The SPA
 * does the same.
 */
const script = `
  const { createServer } = require('node:http');
  const answer = async (request, response) => {
    if (request.method === 'GET') {
      const part = Buffer.alloc(${mb});
      for (let sent = 0; sent < 60 && !response.destroyed; sent += 1)
        if (!response.write(part)) await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
      return response.end();
    }
    if (request.headers['x-waits'] === 'yes') return;
    let bytes = 0;
    for await (const chunk of request) bytes += chunk.length;
    response.end(JSON.stringify({ bytes, path: request.url, proto: request.headers['x-forwarded-proto'] }));
  };
  createServer(answer).listen(8000, '${address}');
  createServer(answer).listen(8080, '127.0.0.1');
`;

const service = (name: string, labels: Readonly<Record<string, string>>): ReturnType<typeof container> =>
  container({
    name: `meet-${name}-1`,
    project: 'meet',
    service: name,
    labels: { 'meet.role': 'service', 'meet.port': '8000', 'meet.paths': `/${name}`, ...labels },
    networks: { meet_default: `${address}/16` },
  });

async function render(nginx: string): Promise<string> {
  const all = [
    service('files', {}),
    service('least', { 'meet.balance': 'least-conn' }),
    service('small', { 'meet.body-size': '2M' }),
    service('closed', { 'meet.allow.nobody': '/ from 192.0.2.1' }),
  ];
  const { files } = await renderWorld(observe([frontend({ networks: { meet_default: '127.1.0.1/16' } }), ...all]), nginx);
  return files.get('meet') ?? '';
}

async function answerTo(asked: ClientRequest): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk as string;
  return { status: response.statusCode, body };
}

describe.each<NginxSeries>(['1.30', '1.22'])('on nginx %s', (series) => {
  let nginx: BesideUpstreams;
  const open: ClientRequest[] = [];

  async function start(change: (rendered: string) => string = (rendered) => rendered): Promise<void> {
    nginx = await startBesideUpstreams(series, change(await render(providedImages().nginx[series].version)), script);
    await waitUntil('nginx and the upstreams answer', async () => (await upload('/files', 1).catch(() => undefined))?.status === 200);
  }
  const stop = (): Promise<void> | undefined => nginx?.remove();
  afterEach(() => {
    for (const asked of open.splice(0)) asked.destroy();
  });

  function ask(method: string, path: string, headers: Readonly<Record<string, string | number>> = {}): ClientRequest {
    const asked = request({ ...nginx.place, method, path, agent: false, headers: { host: 'meet.example.com', ...headers } });
    asked.on('error', () => undefined);
    open.push(asked);
    return asked;
  }

  function upload(path: string, bytes: number): ReturnType<typeof answerTo> {
    const asked = ask('POST', path, { 'content-length': bytes });
    asked.end(Buffer.alloc(bytes));
    return answerTo(asked);
  }

  /** The bytes in nginx's /tmp, from the file system: nginx unlinks its open files there, so no listing shows them. */
  async function inTmp(): Promise<number> {
    const [, used = ''] = (await docker(engine, ['exec', nginx.nginx, 'df', '--output=used', '--block-size=1', '/tmp'])).trim().split('\n');
    return Number(used);
  }

  /** Sends a large body that the service doesn't read. @returns the bytes in /tmp once the client must wait */
  async function keptOfUpload(path: string): Promise<number> {
    const asked = ask('POST', path, { 'content-length': 60 * mb, 'x-waits': 'yes' });
    asked.end(Buffer.alloc(60 * mb));
    return atRest(() => asked.socket?.bytesWritten ?? 0);
  }

  async function keptOfDownload(path: string): Promise<number> {
    const asked = ask('GET', path);
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.once('readable', () => undefined);
    return atRest(() => asked.socket?.bytesRead ?? 0);
  }

  /** The bytes in /tmp once these bytes and the client's connection have stayed the same for a second. */
  async function atRest(moved: () => number): Promise<number> {
    let last = '';
    let since = Date.now();
    return waitUntil(
      'the bytes stay the same for a second',
      async () => {
        const used = await inTmp();
        const now = `${used} ${moved()}`;
        if (now !== last) [last, since] = [now, Date.now()];
        return moved() > 0 && Date.now() - since > 1000 ? used + 1 : undefined;
      },
      60_000,
    );
  }

  describe('with the shipped template', () => {
    beforeAll(() => start());
    afterAll(stop);

    test.each(['/files', '/least', '/'])('an upload to %s waits at the client', async (path) => {
      expect(await keptOfUpload(path)).toBeLessThan(2 * mb);
    });

    test.each(['/files/large', '/least/large', '/large'])('a download of %s waits in the service', async (path) => {
      expect(await keptOfDownload(path)).toBeLessThan(2 * mb);
    });

    test.each([0, 999_999, 1_000_000, 50_000_000])('%i bytes arrive unchanged, at the same path', async (bytes) => {
      const { status, body } = await upload('/files/a%2Fb?x=1', bytes);
      expect(status).toBe(200);
      expect(JSON.parse(body)).toEqual({ bytes, path: '/files/a%2Fb?x=1', proto: 'https' });
    });

    test('refuses a body larger than meet.body-size, and a body at a guarded path', async () => {
      expect(await upload('/small', 3 * mb)).toMatchObject({ status: 413 });
      expect(await upload('/closed', 3 * mb)).toMatchObject({ status: 403 });
      expect(await upload('/closed', 3)).toMatchObject({ status: 403 });
    });
  });

  // Shows that the tests above can fail: without the template's limits, all bytes wait in /tmp, which is memory.
  describe('with a template that buffers whole bodies', () => {
    beforeAll(() => start((rendered) => rendered.replaceAll(/^ *proxy_max_temp_file_size .*$/gm, '').replace(/"~\^\[0-9\]\{7\}" 1;/, '')));
    afterAll(stop);

    test('an upload and a download wait in /tmp', async () => {
      expect(await keptOfUpload('/files')).toBeGreaterThan(30 * mb);
      expect(await keptOfDownload('/files/large')).toBeGreaterThan(30 * mb);
    });
  });
});
