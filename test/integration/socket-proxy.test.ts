import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, type TestContext } from 'vitest';
import { runCommand } from '../support/built-command.ts';
import { freePort } from '../support/free-port.ts';
import { waitUntil } from '../support/wait-until.ts';
import { problemCodes, test, waitForStatus, type Scene } from './scene.ts';

const standIns = fileURLToPath(new URL('../providers/engine/images/socket-proxies/', import.meta.url));

type Finish = TestContext['onTestFinished'];

/** The configuration of each proxy for these calls. */
const known = {
  wollomatic: (allowed: Allowed, socketPath: string, port: number) => ({
    args: [
      `-socketpath=${socketPath}`,
      `-proxyport=${port}`,
      ...(['ping', 'events', 'list'] as const)
        .filter((call) => allowed[call])
        .map((call) => `-allowGET=(/v1\\.[0-9]+)?/${{ ping: '_ping', events: 'events', list: 'containers/json' }[call]}`),
      ...(allowed.killOf === undefined ? [] : [`-allowPOST=(/v1\\.[0-9]+)?/containers/${allowed.killOf}/kill`]),
    ],
    env: {},
  }),
  linuxserver: (allowed: Allowed, socketPath: string, port: number) => ({
    args: [],
    env: {
      SOCKET_PATH: socketPath,
      STAND_IN_PORT: String(port),
      PING: yes(allowed.ping),
      EVENTS: yes(allowed.events),
      CONTAINERS: yes(allowed.list),
      ALLOW_RESTARTS: yes(allowed.killOf !== undefined),
    },
  }),
};

interface Allowed {
  readonly ping: boolean;
  readonly events: boolean;
  readonly list: boolean;
  /** A pattern for the names of containers. */
  readonly killOf?: string;
}

const yes = (allowed: boolean): string => (allowed ? '1' : '0');
const kinds = Object.keys(known) as (keyof typeof known)[];
const all: Allowed = { ping: true, events: true, list: true, killOf: 'frontend' };

/** Starts a proxy in front of the scene's engine. @returns the value for `--docker-host` */
async function startProxy(
  kind: keyof typeof known,
  allowed: Allowed,
  scene: Scene,
  onTestFinished: Finish,
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const port = await freePort();
  const { args, env } = known[kind](allowed, scene.engine.socketPath, port);
  const proxy = spawn(process.execPath, [`${standIns}${kind}.mjs`, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env, ...more },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void proxy.kill('SIGKILL'));
  let output = '';
  proxy.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await waitUntil('the proxy listens', () => output.includes('"start"'));
  return `tcp://127.0.0.1:${port}`;
}

/** The message and cure of the running sidecar's problem with this code. */
async function problemOf(scene: Scene, code: string): Promise<string> {
  const { problems } = await waitForStatus(scene, code, (status) => status.problems.some((problem) => problem.code === code));
  const { message, cure } = problems.find((problem) => problem.code === code) ?? { message: '', cure: '' };
  return `${message}; ${cure}`;
}

describe.concurrent.each(kinds)("%s's proxy", (kind) => {
  test('works without a problem if it allows every needed call', async ({ scene, onTestFinished }) => {
    const host = await startProxy(kind, all, scene, onTestFinished);
    await scene.frontend('frontend');
    scene.backend('backend', 20);
    scene.run(['--docker-host', host]);
    await scene.serves(`${scene.address(20)}:8000`);
    expect((await scene.status()).problems).toEqual([]);
  });

  test('works without a problem if it refuses the ping', async ({ scene, onTestFinished }) => {
    const host = await startProxy(kind, { ...all, ping: false }, scene, onTestFinished);
    await scene.frontend('frontend');
    scene.backend('backend', 20);
    scene.run(['--docker-host', host]);
    await scene.serves(`${scene.address(20)}:8000`);
    expect((await scene.status()).problems).toEqual([]);
  });

  test('is reported if it refuses the list: with the call, and the page with the settings', async ({ scene, onTestFinished }) => {
    const host = await startProxy(kind, { ...all, list: false }, scene, onTestFinished);
    const words = `listing containers was refused (403): the server at ${host}, probably a socket proxy, doesn't let GET /containers/json through; allow that call in the proxy; docs/engine-access.md has the settings of known proxies`;
    expect(await runCommand(['render', '--docker-host', host])).toMatchObject({ code: 3, stdout: '', stderr: `meet-gen: ${words}\n` });
    scene.run(['--docker-host', host]);
    expect(await problemOf(scene, 'engine-unreachable')).toContain(words);
  });

  test('is reported if it refuses events, while routes from the list are still published', async ({ scene, onTestFinished }) => {
    const host = await startProxy(kind, { ...all, events: false }, scene, onTestFinished);
    await scene.frontend('frontend');
    scene.backend('backend', 20);
    scene.run(['--docker-host', host, '--resync', '1s']);
    await waitUntil('the backend is published', async () => (await scene.content().catch(() => '')).includes(`${scene.address(20)}:8000`));
    expect(await problemOf(scene, 'engine-unreachable')).toContain("doesn't let GET /events through; allow that call in the proxy");
  });

  test('is reported if it refuses the signal: with the frontend', async ({ scene, onTestFinished }) => {
    const { killOf: _, ...without } = all;
    const host = await startProxy(kind, without, scene, onTestFinished);
    await scene.frontend('frontend');
    scene.backend('backend', 20);
    scene.run(['--docker-host', host]);
    expect(await problemOf(scene, 'signal-failed')).toMatch(
      /signalling frontend was refused \(40[35]\).* doesn't let POST \/containers\/frontend\/kill through/,
    );
  });
});

test.concurrent('reports the call that the pattern of a proxy does not match', async ({ scene, onTestFinished }) => {
  const host = await startProxy('wollomatic', { ...all, killOf: 'meet-frontend-[0-9]+' }, scene, onTestFinished);
  await scene.frontend('other-frontend-1');
  scene.backend('backend', 20);
  scene.run(['--docker-host', host]);
  expect(await problemOf(scene, 'signal-failed')).toContain('(403): the server at');
  expect(await problemOf(scene, 'signal-failed')).toContain("doesn't let POST /containers/other-frontend-1/kill through");
});

test.concurrent('reopens a silent stream that a proxy cuts, without a report', async ({ scene, onTestFinished }) => {
  const host = await startProxy('linuxserver', all, scene, onTestFinished, { STAND_IN_SILENCE_MS: '2500' });
  await scene.frontend('frontend');
  scene.backend('backend-1', 20);
  const run = scene.run(['--docker-host', host]);
  await scene.serves(`${scene.address(20)}:8000`);
  const subscriptions = (): number => scene.engine.calls.filter(({ path }) => path === '/events').length;
  const before = subscriptions();
  await waitUntil('the stream is cut, and opened again', () => subscriptions() > before);
  scene.backend('backend-2', 21);
  await scene.serves(`${scene.address(21)}:8000`);
  expect(problemCodes(run)).toEqual([]);
});
