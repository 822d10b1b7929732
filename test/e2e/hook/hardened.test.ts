import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { docker } from '../../support/engine/docker-command.ts';
import { providedEngine, providedImages } from '../../support/engine/provided.ts';
import { runLabel } from '../../support/engine/test-run.ts';
import { routesSaying, sha256 } from '../../support/hooked-frontend.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { createExample, repository, type ExampleStack } from '../example/example-stack.ts';

interface Config {
  readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const engine = providedEngine();
const images = providedImages();
const example = parse(readFileSync(join(repository, 'compose.example.yml'), 'utf8'), { merge: true }) as {
  readonly services: { readonly 'docker-proxy': { readonly command: readonly string[] } };
};
const exampleProxyFlags = example.services['docker-proxy'].command;
let stack: ExampleStack;

beforeAll(async () => {
  stack = await createExample(engine, images, { hardened: true });
});
afterAll(() => stack?.remove());

test('compose takes the overlay, and only what it says is different', async () => {
  const { code, stdout, stderr } = await stack.plainCompose('--env-file', '.env.example', 'config', '--format', 'json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { services } = JSON.parse(stdout) as Config;
  expect(services['frontend']).toMatchObject({
    restart: 'unless-stopped',
    read_only: true,
    tmpfs: ['/tmp'],
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

test('its frontend comes up, and its own nginx judges what is published', async () => {
  await stack.compose('up', '--detach', '--no-deps', 'frontend');
  const ask = async (port: number, path: string): Promise<string> => {
    const { stdout, stderr } = await stack.tryCompose(
      'exec',
      '--no-TTY',
      'frontend',
      'wget',
      '-q',
      '-O',
      '-',
      `http://127.0.0.1:${port}${path}`,
    );
    return stdout + stderr;
  };
  const publish = async (text: string): Promise<void> => {
    const command = ['sh', '-c', 'cat > /routing/.new && mv /routing/.new /routing/routing.conf'];
    const place = ['--volume', `${stack.project}_routing:/routing`, '--user', '0', '--entrypoint', ''];
    await docker(engine, ['run', '--rm', '--interactive', '--label', runLabel, '--network', 'none', ...place, images.idle, ...command], {
      stdin: text,
    });
  };
  await waitUntil('nothing is rendered yet', async () => (await ask(8084, '/generation')).startsWith('none '));
  await publish(routesSaying('first'));
  await waitUntil('the routes answer', async () => (await ask(8083, '/')) === 'first answers\n');
  const bad = routesSaying('bad', { more: 'no_such_directive on;' });
  await publish(bad);
  await waitUntil('the refusal is told', async () => (await ask(8084, '/rejected')).startsWith(`${sha256(bad)}\n`));
  expect(await ask(8083, '/')).toBe('first answers\n');
});
