import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { logMessages } from '../../../src/util/log-messages.ts';
import { docker } from '../../providers/engine/docker-command.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import { provideMeetGenImage } from '../../support/meet-stack.ts';
import { httpGet } from '../../support/http-get.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { findSocket, type MountedSocket } from './mounted-socket.ts';
import { runImage, startSmallMeet, type SmallMeet } from './small-meet.ts';

interface ImageConfig {
  readonly User: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly StopSignal: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
}

const engine = providedEngine();
const images = providedImages();
const repository = new URL('../../../', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('package.json', repository), 'utf8')) as { version: string };
const ownLayersLimitBytes = 5 * 1024 * 1024;
const containerSocket = '/var/run/docker.sock';

let image = '';
let socket: MountedSocket = { path: '', groupId: '' };

beforeAll(async () => {
  image = await provideMeetGenImage(engine);
  socket = await findSocket(engine, images);
});

describe('the image', () => {
  test('has labels, and runs as a user other than root', async () => {
    const [described] = JSON.parse(await docker(engine, ['image', 'inspect', image])) as { Config: ImageConfig }[];
    const { User: user, Labels: labels, StopSignal: stopSignal, ExposedPorts: ports } = described?.Config ?? ({} as ImageConfig);
    expect(user).toBe('1000:1000');
    expect(stopSignal).toBe('SIGTERM');
    expect(ports ?? {}).toEqual({});
    expect(labels).toMatchObject({
      'org.opencontainers.image.title': 'meet-gen',
      'org.opencontainers.image.description': expect.stringContaining('Meet') as string,
      'org.opencontainers.image.licenses': 'MIT',
      'org.opencontainers.image.version': version,
    });
  });

  test('has one program and its templates, which its user can read but not change', async () => {
    const find = ['find', '/meet-gen', '-type', 'f', '-printf', '%p %u\\n', ',', '-writable', '-printf', 'writable: %p\\n'];
    const { stdout } = await runImage(engine, image, ['--entrypoint', find[0] ?? ''], find.slice(1));
    expect(stdout.trim().split('\n').toSorted()).toEqual([
      '/meet-gen/dist/meet-gen.js root',
      '/meet-gen/dist/package.json root',
      '/meet-gen/dist/pino-pretty.js root',
      '/meet-gen/templates/candidate-check.sh root',
      '/meet-gen/templates/hook-stub.conf root',
      '/meet-gen/templates/hook.sh root',
      '/meet-gen/templates/nginx-tree.sh root',
      '/meet-gen/templates/page/changes.eta root',
      '/meet-gen/templates/page/container.eta root',
      '/meet-gen/templates/page/icon.svg root',
      '/meet-gen/templates/page/meet.eta root',
      '/meet-gen/templates/page/page.css root',
      '/meet-gen/templates/page/page.eta root',
      '/meet-gen/templates/page/page.js root',
      '/meet-gen/templates/page/problem.eta root',
      '/meet-gen/templates/page/service.eta root',
      '/meet-gen/templates/routing.conf.eta root',
    ]);
  });

  test('adds no more than 5 MB to its base', async () => {
    const [own, base] = await Promise.all([layerSizes(image), layerSizes(images.node.name)]);
    const added = own.slice(0, own.length - base.length);
    expect(own.slice(added.length)).toEqual(base);
    expect(added.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(ownLayersLimitBytes);
  });
});

describe('docker run until the command ends', () => {
  test.each([
    { command: ['--help'], code: 0, stdout: 'Usage: meet-gen' },
    { command: ['run', '--help'], code: 0, stdout: '--docker-host' },
    { command: ['--version'], code: 0, stdout: version },
    { command: ['hook'], code: 0, stdout: '#!/bin/sh\n' },
    { command: ['healthcheck'], code: 1, stderr: 'no meet-gen answers on /tmp/meet-gen-' },
    { command: ['rendr'], code: 2, stderr: 'rendr' },
    { command: ['render'], code: 3, stderr: 'there is no engine at unix:///var/run/docker.sock; start Docker, mount its socket' },
  ])('$command ends with $code', async ({ command, code, stdout = '', stderr = '' }) => {
    const ended = await runImage(engine, image, ['--read-only'], command);
    expect(ended).toEqual({ code, stdout: expect.stringContaining(stdout) as string, stderr: expect.stringContaining(stderr) as string });
  });

  test("refuses root's volume, and names the fix", async () => {
    const { code, stderr } = await runImage(engine, image, ['--volume', '/out'], ['--out', '/out']);
    expect({ code, stderr: stderr.trim() }).toEqual({
      code: 2,
      stderr:
        'meet-gen: --out: /out is not writable for user 1000; make that user its owner (chown 1000 on the host), or use a named volume, which takes the owner from the image',
    });
  });
});

describe('docker run as the sidecar', () => {
  const started: SmallMeet[] = [];
  const startMeet = async (part: string): Promise<SmallMeet> => {
    const meet = await startSmallMeet(engine, images, image, part);
    started.push(meet);
    return meet;
  };
  afterAll(() => Promise.all(started.map((meet) => meet.remove())));

  test('needs only the socket and its group, and stops cleanly as PID 1', async () => {
    const meet = await startMeet('image-socket');
    const meetGen = await meet.startMeetGen(['--volume', `${socket.path}:${containerSocket}`, '--group-add', socket.groupId]);
    const answer = await meet.waitUntilRouted();
    expect(answer.fields['status']).toBe('200');
    await meet.waitForHealth(meetGen, 'healthy');
    expect(await docker(engine, ['exec', meetGen, 'cat', '/proc/1/cmdline'])).toContain('meet-gen.js');
    // After two seconds the engine would kill meet-gen, and the exit code would be 137.
    await docker(engine, ['stop', '--time', '2', meetGen]);
    expect(await docker(engine, ['inspect', '--format', '{{.State.ExitCode}} {{.State.OOMKilled}}', meetGen])).toBe('0 false\n');
    expect(lastMessage(await meet.log(meetGen))).toBe(logMessages.stopped.message);
    await meet.waitUntilRouted();
  });

  test('names the socket’s group, and the option that adds it, without the group', async () => {
    const meet = await startMeet('image-no-group');
    const meetGen = await meet.startMeetGen(['--volume', `${socket.path}:${containerSocket}`]);
    const words = `the socket belongs to group ${socket.groupId}: add --group-add ${socket.groupId} to docker run, or group_add: [\\"${socket.groupId}\\"] to the service in compose`;
    await waitUntil('the log names the group', async () => (await meet.log(meetGen)).includes(words), 20_000);
    await meet.waitForHealth(meetGen, 'unhealthy');
  });

  test('is unhealthy while the example’s socket proxy is stopped', async () => {
    const meet = await startMeet('image-proxy');
    const proxy = await meet.start(
      [
        '--network-alias',
        'docker-proxy',
        '--user',
        `65534:${socket.groupId}`,
        '--read-only',
        '--cap-drop',
        'ALL',
        '--security-opt',
        'no-new-privileges',
        '--volume',
        `${socket.path}:${containerSocket}:ro`,
      ],
      images.socketProxy,
      proxyCommand(meet.name),
    );
    const meetGen = await meet.startMeetGen(['--network-alias', 'meet-gen', '--env', 'DOCKER_HOST=tcp://docker-proxy:2375']);
    await meet.waitUntilRouted();
    await meet.waitForHealth(meetGen, 'healthy');
    await docker(engine, ['kill', proxy]);
    await meet.waitForHealth(meetGen, 'unhealthy');
    await meet.waitUntilRouted();
    await docker(engine, ['start', proxy]);
    await meet.waitForHealth(meetGen, 'healthy');
    expect(await meet.log(proxy)).not.toContain('"refused"');
  });

  test('serves the page on a published port, with the state of the engine and of nginx', async () => {
    const meet = await startMeet('image-page');
    const access = ['--volume', `${socket.path}:${containerSocket}`, '--group-add', socket.groupId];
    const listening = ['--env', 'MEET_GEN_LISTEN=0.0.0.0:9180', '--publish', `${engine.publishAddress}::9180`];
    const meetGen = await meet.startMeetGen([...access, ...listening]);
    const port = Number((await docker(engine, ['port', meetGen, '9180/tcp'])).trim().split(':').at(-1));
    const place = { host: engine.publishAddress, port };
    let last = '';
    const showsPage = (...words: readonly (string | RegExp)[]): Promise<true> =>
      waitUntil(
        `the page shows ${words.join(', ')}`,
        async () => {
          last = await httpGet(place, '/').then(({ body }) => readable(body), String);
          return words.every((word) => (typeof word === 'string' ? last.includes(word) : word.test(last)));
        },
        undefined,
        () => last,
      );
    const address = (
      await docker(engine, ['inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', meet.backend])
    ).trim();
    await showsPage('all routes are live', /serves the published file \(live\), nginx 1\.30/, `${address}:8000 on ${meet.network}`);
    for (const [path, type] of [
      ['/page.css', 'text/css'],
      ['/page.js', 'text/javascript'],
      ['/icon.svg', 'image/svg+xml'],
    ] as const) {
      const { status, headers } = await httpGet(place, path);
      expect([path, status, headers['content-type']?.split(';')[0]]).toEqual([path, 200, type]);
    }

    await docker(engine, ['stop', '--time', '1', meet.backend]);
    await showsPage(/no replica is in rotation for .*, so its routes answer 503/, 'exited');
    await docker(engine, ['start', meet.backend]);
    await showsPage('all routes are live');
    await docker(engine, ['stop', '--time', '1', meet.frontend]);
    await showsPage('serves nothing');
  });
});

/** The text of a page without its elements. */
function readable(page: string): string {
  return page.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
}

async function layerSizes(name: string): Promise<number[]> {
  const sizes = await docker(engine, ['history', '--human=false', '--format', '{{.Size}}', name]);
  return sizes.trim().split('\n').map(Number);
}

function lastMessage(log: string): unknown {
  const last = JSON.parse(log.trim().split('\n').at(-1) ?? '{}') as { msg?: unknown };
  return last.msg;
}

/** The socket proxy's command in compose.example.yml, for a project of this name. */
function proxyCommand(project: string): readonly string[] {
  const example = parse(readFileSync(new URL('compose.example.yml', repository), 'utf8'), { merge: true }) as {
    services: { 'docker-proxy': { command: readonly string[] } };
  };
  return example.services['docker-proxy'].command.map((flag) => flag.replaceAll('${COMPOSE_PROJECT_NAME}', project));
}
