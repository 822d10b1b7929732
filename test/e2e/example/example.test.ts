import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand as runBuilt } from '../../support/built-command.ts';
import { docker } from '../../providers/engine/docker-command.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import { runCommand } from '../../providers/run-command.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { ask, type Answer } from '../seed/ask.ts';
import { addressesOf, createExample, addressFormat, publishedFile, repository, type ExampleStack } from './example-stack.ts';

const engine = providedEngine();
const limitMs = 40_000;

let stack: ExampleStack;

beforeAll(async () => {
  stack = await createExample(engine, providedImages());
});
afterAll(() => stack?.remove());

describe('the files', () => {
  test('compose accepts the example with .env.example, without a warning', async () => {
    const { code, stdout, stderr } = await stack.plainCompose('--env-file', '.env.example', 'config', '--format', 'json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const config = JSON.parse(stdout) as { name: string; services: Record<string, { build?: { context: string }; command?: string[] }> };
    expect(config.name).toBe('meet');
    expect(config.services['meet-gen']?.build?.context).toBe(stack.folder);
    // A pattern with an unresolved variable would match every container, or no container.
    expect(config.services['docker-proxy']?.command).toContain('-allowPOST=(/v1\\.[0-9]+)?/containers/meet-frontend-[0-9]+/kill');
  });

  test('meet-gen renders the same from the example and from its piped configuration', async () => {
    const { stdout: config } = await stack.plainCompose('--env-file', '.env.example', 'config', '--format', 'json');
    const [fromFile, fromConfig] = await Promise.all([
      runBuilt(['render', '--compose', join(stack.folder, 'compose.example.yml')], { env: engine.env }),
      runBuilt(['render', '--compose', '-'], { stdin: config }),
    ]);
    expect(fromConfig).toEqual(fromFile);
    expect(fromFile.code).toBe(0);
  });

  test('the command in .env.example makes an .env with a secret in every place', async () => {
    const text = readFileSync(join(repository, '.env.example'), 'utf8');
    const command = /^# {3}(awk .*)$/m.exec(text)?.[1] ?? 'false';
    await runCommand('sh', ['-c', `${command} && chmod 600 .env`], { cwd: stack.folder });
    const made = readFileSync(join(stack.folder, '.env'), 'utf8');
    expect(statSync(join(stack.folder, '.env')).mode & 0o777).toBe(0o600);
    expect(made).not.toMatch(/=change-me$/m);
    const secrets = made.match(/=[0-9a-f]{64}$/gm) ?? [];
    expect(secrets).toHaveLength(text.match(/=change-me$/gm)?.length ?? 0);
    expect(new Set(secrets).size).toBe(secrets.length);
    expect(made.replaceAll(/=[0-9a-f]{64}$/gm, '=change-me')).toBe(text);
  });
});

describe('the running example', () => {
  let port = 0;
  const get = (path: string): Promise<Answer> => ask(port, { method: 'GET', path, headers: {}, kind: 'usual' });
  const tryGet = (path: string): Promise<Answer | undefined> => get(path).catch(() => undefined);

  beforeAll(async () => {
    await stack.compose('up', '--detach');
    port = await stack.outerPort();
  });

  test('requests through the outer proxy reach the SPA and the API', async () => {
    const api = await waitUntil('the API answers', async () => reached(await tryGet('/api/v1.0/config/')), limitMs);
    expect(JSON.parse(api.fields['body'] ?? '')).toMatchObject({ LANGUAGE_CODE: 'en-us' });
    expect(api.fields).toMatchObject({
      status: '200',
      "answer's content-type": 'application/json',
      "upstream's uri": '/api/v1.0/config/',
    });
    // nginx's old workers may answer one more request after the first answer of the new workers.
    await waitUntil(
      'all routes are live',
      () => stack.compose('exec', '--no-TTY', 'meet-gen', 'meet-gen', 'status').catch(() => undefined),
      limitMs,
    );
    for (const path of ['/', '/abc-defg-hij', '/api-abcd-efg', '/recording/1']) {
      const { fields } = await get(path);
      expect(fields).toMatchObject({ status: '200', body: expect.stringContaining(`uri: ${path}\n`) as string });
      expect(fields['body']).toContain('host: visio.example.com\n');
    }
  });

  test('every container with a health check becomes healthy', async () => {
    const checked = [
      'nginx-proxy',
      'frontend',
      'backend',
      'postgresql',
      'redis',
      'meet-gen',
      'docker-proxy',
      'keycloak',
      'keycloak-db',
      'livekit',
    ];
    let states = '';
    await waitUntil(
      'all containers are healthy',
      async () => {
        const services = await stack.services();
        states = services.map((one) => `${one.Service}: ${one.State} ${one.Health}`).join('\n');
        if (!services.every((one) => one.State === 'running')) return false;
        return checked.every((name) => services.some((one) => one.Service === name && one.Health === 'healthy'));
      },
      limitMs,
      () => states,
    );
    const unchecked = (await stack.services()).filter((one) => one.Health === '').map((one) => one.Service);
    expect(unchecked.toSorted()).toEqual(['acme-companion', 'celery']);
  });

  test('the backend is the only upstream, and celery with the same image is not one', async () => {
    const backends = await addressesOf(engine, stack, 'backend');
    expect(upstreamsIn(await publishedFile(stack))).toEqual(backends.map((address) => `${address}:8000`));
    const celery = await addressesOf(engine, stack, 'celery');
    expect(celery).toHaveLength(1);
    expect(await publishedFile(stack)).not.toContain(`${celery[0]}:`);
  });

  test('scales to two frontends and three backends without another change', async () => {
    await stack.compose('up', '--detach', '--no-recreate', '--scale', 'frontend=2');
    const spas = await answeringContainers(2, async () => /^SPA of (\S+)$/m.exec((await tryGet('/'))?.fields['body'] ?? '')?.[1]);
    expect(spas).toEqual(await shortIds('frontend'));
    await stack.compose('up', '--detach', '--no-recreate', '--scale', 'frontend=2', '--scale', 'backend=3');
    const backends = await answeringContainers(3, async () => (await tryGet('/api/v1.0/config/'))?.fields["answer's x-backend-host"]);
    expect(backends).toEqual(await shortIds('backend'));
    await waitUntil('both frontends serve the published file', async () => {
      const published = /return 200 "(\S+) \$nginx_version/.exec(await publishedFile(stack))?.[1];
      const served = await Promise.all([1, 2].map((index) => generationOf(index)));
      return served.every((generation) => generation === published);
    });
  });

  test('meet-gen makes only the documented calls, and the proxy refuses none of them', async () => {
    const decisions = (await stack.proxyDecisions()).filter((one) => one.decision !== 'start');
    expect(decisions.filter((one) => one.decision !== 'allowed')).toEqual([]);
    const calls = new Set(decisions.map((one) => `${one.method} ${one.path?.replace(/^\/v1\.\d+/, '')}`));
    const kill = (index: number): string => `POST /containers/${stack.project}-frontend-${index}/kill`;
    const optional = new Set(['GET /_ping', 'HEAD /_ping', 'GET /version']);
    expect([...calls].filter((call) => !optional.has(call)).toSorted()).toEqual(
      ['GET /containers/json', 'GET /events', kill(1), kill(2)].toSorted(),
    );
    const signals = new Set(decisions.filter((one) => one.method === 'POST').map((one) => one.query));
    expect([...signals]).toEqual(['signal=HUP']);
  });

  test('the migrate command of the example runs', async () => {
    const words = readFileSync(join(repository, 'compose.example.yml'), 'utf8');
    const migrate = /docker compose (run --rm backend .*)$/m.exec(words)?.[1]?.split(' ') ?? [];
    expect(migrate).toContain('migrate');
    await stack.compose(...migrate);
  });

  test('a one-off backend with the same labels is not an upstream', async () => {
    const before = await publishedFile(stack);
    const oneOff = (await stack.compose('run', '--detach', '--no-deps', 'backend')).trim();
    const address = (await docker(engine, ['inspect', '--format', addressFormat(stack), oneOff])).trim();
    expect(address).toMatch(/^[\d.]+$/);
    await resync();
    expect(await publishedFile(stack)).toBe(before);
    expect(before).not.toContain(`${address}:`);
    await docker(engine, ['rm', '--force', oneOff]);
  });

  test('the socket proxy allows a one-off meet-gen only with --use-aliases', async () => {
    const run = ['run', '--rm', '--no-TTY', '--no-deps'];
    const refused = await stack.tryCompose(...run, 'meet-gen', 'render');
    expect({ code: refused.code, stderr: refused.stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining('was refused (403)') as string,
    });
    const allowed = await stack.tryCompose(...run, '--use-aliases', 'meet-gen', 'render');
    expect({ code: allowed.code, stdout: allowed.stdout }).toEqual({ code: 0, stdout: await publishedFile(stack) });
  });
});

/** Requests two resyncs. meet-gen begins the second only after it has handled the list of the first. */
async function resync(): Promise<void> {
  for (const round of [1, 2]) {
    const before = await countLists();
    await stack.compose('kill', '--signal', 'HUP', 'meet-gen');
    await waitUntil(`meet-gen lists the containers, resync ${round}`, async () => (await countLists()) > before, limitMs);
  }
}

async function countLists(): Promise<number> {
  return (await stack.proxyDecisions()).filter((one) => one.path?.endsWith('/containers/json')).length;
}

/** Asks until `count` different containers have answered. @returns their names, sorted */
async function answeringContainers(count: number, look: () => Promise<string | undefined>): Promise<readonly string[]> {
  const seen = new Set<string>();
  await waitUntil(
    `${count} different containers answer`,
    async () => {
      const one = await look();
      if (one !== undefined) seen.add(one);
      return seen.size >= count;
    },
    limitMs,
    () => [...seen].join(', '),
  );
  return [...seen].toSorted();
}

async function shortIds(service: string): Promise<readonly string[]> {
  const all = await stack.services();
  return all
    .filter((one) => one.Service === service)
    .map((one) => one.ID.slice(0, 12))
    .toSorted();
}

async function generationOf(index: number): Promise<string | undefined> {
  const command = ['wget', '-q', '-O', '-', 'http://127.0.0.1:8084/generation'];
  return (await stack.compose('exec', '--no-TTY', '--index', String(index), 'frontend', ...command)).split(' ')[0];
}

function reached(answer: Answer | undefined): Answer | undefined {
  return answer?.by === 'backend' ? answer : undefined;
}

/** The servers of the services' upstreams, without the SPA. */
function upstreamsIn(file: string): readonly string[] {
  const blocks = file.match(/^upstream (?!meet-spa[ ~])[^}]*/gm) ?? [];
  return [...new Set(blocks.flatMap((block) => block.match(/(?<=^ +server )\S+/gm) ?? []))].toSorted();
}
