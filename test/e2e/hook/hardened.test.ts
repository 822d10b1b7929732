import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { docker } from '../../providers/engine/docker-command.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import { runLabel } from '../../providers/engine/test-run.ts';
import { routesSaying, sha256 } from '../../support/hooked-frontend.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { addressesOf, createExample, repository, type ExampleStack } from '../example/example-stack.ts';

interface Config {
  readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const engine = providedEngine();
const images = providedImages();
const limitMs = 40_000;
const example = parse(readFileSync(join(repository, 'compose.example.yml'), 'utf8'), { merge: true }) as {
  readonly services: { readonly 'docker-proxy': { readonly command: readonly string[] } };
};
const exampleProxyFlags = example.services['docker-proxy'].command;
/** The user's template folder, beside the compose files. */
const ownTemplates = `
services:
  meet-gen:
    environment: { MEET_GEN_TEMPLATES: /own-templates }
    volumes: ["./templates:/own-templates:ro"]
`;
let stack: ExampleStack;

/** Sends a request inside the frontend, with its own wget. */
async function ask(port: number, path: string): Promise<string> {
  const wget = ['wget', '-q', '-O', '-', `http://127.0.0.1:${port}${path}`];
  const { stdout, stderr } = await stack.tryCompose('exec', '--no-TTY', 'frontend', ...wget);
  return stdout + stderr;
}

beforeAll(async () => {
  stack = await createExample(engine, images, { hardened: true, more: ownTemplates });
});
afterAll(() => stack?.remove());

test('compose accepts the overlay, which changes only its own settings', async () => {
  const { code, stdout, stderr } = await stack.plainCompose('--env-file', '.env.example', 'config', '--format', 'json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { services } = JSON.parse(stdout) as Config;
  expect(services['frontend']).toMatchObject({
    restart: 'unless-stopped',
    read_only: true,
    tmpfs: ['/tmp:size=256m'],
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    configs: [
      { source: 'hook-stub', target: '/etc/nginx/conf.d/routing.conf' },
      { source: 'hook', target: '/docker-entrypoint.d/90-meet-gen.sh' },
    ],
  });
  expect(services['meet-gen']).toMatchObject({ environment: { MEET_GEN_RELOAD: 'hook' }, read_only: true });
  expect(services['docker-proxy']?.['command']).toEqual(exampleProxyFlags.filter((flag) => !flag.startsWith('-allowPOST')));
});

test('the frontend starts, and its own nginx tests the published file', async () => {
  await stack.compose('up', '--detach', '--no-deps', 'frontend');
  const publish = async (text: string): Promise<void> => {
    const command = ['sh', '-c', 'cat > /routing/.new && mv /routing/.new /routing/routing.conf'];
    const place = ['--volume', `${stack.project}_routing:/routing`, '--user', '0', '--entrypoint', ''];
    await docker(engine, ['run', '--rm', '--interactive', '--label', runLabel, '--network', 'none', ...place, images.idle, ...command], {
      stdin: text,
    });
  };
  await waitUntil('no file is rendered yet', async () => (await ask(8084, '/generation')).startsWith('none '));
  await publish(routesSaying('first'));
  await waitUntil('the routes answer', async () => (await ask(8083, '/')).startsWith('first answers\n'));
  const bad = routesSaying('bad', { more: 'no_such_directive on;' });
  await publish(bad);
  await waitUntil('the refusal is reported', async () => (await ask(8084, '/rejected')).startsWith(`${sha256(bad)}\n`));
  expect(await ask(8083, '/')).toMatch(/^first answers\n/);
});

describe('with meet-gen', () => {
  beforeAll(async () => {
    await stack.compose('down', '--volumes', '--timeout', '1');
    await stack.compose('up', '--detach', '--no-deps', 'frontend', 'backend', 'docker-proxy', 'meet-gen');
  });

  test('a route gets new addresses', async () => {
    await waitUntil('the API answers', isApi, limitMs);
    await followsBackends(2);
  });

  test("a refused template is reported in nginx's words, and all routes stay up", async () => {
    const template = join(stack.folder, 'templates', 'routing.conf.eta');
    const shipped = readFileSync(template, 'utf8');
    writeFileSync(template, `${shipped}no_such_directive on;\n`);
    await waitUntil('the problem is logged', () => meetGenSays('unknown directive \\"no_such_directive\\"'), limitMs);
    expect(await meetGenSays('reload-rejected')).toBe(true);
    await followsBackends(1);
    await stack.compose('restart', '--timeout', '2', 'frontend');
    await waitUntil('the API answers after a restart', isApi, limitMs);
    expect(await served()).not.toContain('no_such_directive');
    writeFileSync(template, `${shipped}# fixed\n`);
    await waitUntil('the fix goes live', async () => (await served()).includes('# fixed'), limitMs);
    expect(await isApi()).toBe(true);
  });

  test('only GET requests reach the engine, and the proxy refuses no request', async () => {
    const decisions = (await stack.proxyDecisions()).filter(({ method }) => method !== undefined);
    expect(decisions.length).toBeGreaterThan(0);
    expect([...new Set(decisions.map(({ decision, method }) => `${decision} ${method}`))]).toEqual(['allowed GET']);
  });
});

/** Asks as a load balancer, which sends no host name: the backend's answer is empty, unlike the SPA's HTML. */
async function isApi(): Promise<boolean> {
  return (await ask(8083, '/__lbheartbeat__')) === '';
}

async function meetGenSays(text: string): Promise<boolean> {
  return (await stack.compose('logs', '--no-log-prefix', 'meet-gen')).includes(text);
}

/** The file that nginx includes. */
function served(): Promise<string> {
  return stack.compose('exec', '--no-TTY', 'frontend', 'cat', '/tmp/meet-gen/routing/routing.conf');
}

async function servedBackends(): Promise<string> {
  return [...new Set((await served()).match(/[\d.]+(?=:8000)/g))].toSorted().join();
}

async function followsBackends(count: number): Promise<void> {
  await stack.compose('up', '--detach', '--no-deps', '--no-recreate', '--scale', `backend=${count}`, 'backend');
  const addresses = (await addressesOf(engine, stack, 'backend')).join();
  try {
    await waitUntil(`${count} backends are served`, async () => (await servedBackends()) === addresses, limitMs);
  } catch (cause) {
    const lastLogs = await stack.compose('logs', '--timestamps', '--tail', '30', 'meet-gen', 'frontend');
    throw new Error(`expected ${addresses}\nserved   ${await servedBackends()}\nlast logs:\n${lastLogs}`, { cause });
  }
  expect(await isApi()).toBe(true);
}
