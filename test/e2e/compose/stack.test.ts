import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unpackEnginePackages } from '../../providers/engine/engine-packages.ts';
import { providedEngine } from '../../providers/engine/provided.ts';
import { tryCommand } from '../../providers/run-command.ts';
import { runCommand as runBuilt } from '../../support/built-command.ts';
import { repository } from '../../support/docs/pages.ts';
import { ignoredByStack, refusedByStack } from '../../support/docs/stack-keys.ts';

// The docker CLI reads stack files before it asks an engine, so these tests need no swarm.

let root: string;
let clis: readonly string[];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'meet-gen-stack-'));
  mkdirSync(join(root, 'templates'));
  copyFileSync(join(repository, '.env.example'), join(root, '.env'));
  for (const name of ['stack.example.yml', 'templates/hook-stub.conf']) copyFileSync(join(repository, name), join(root, name));
  writeFileSync(join(root, 'meet-gen-hook.sh'), (await runBuilt(['hook'])).stdout);
  // The engine's CLI may be a newer one.
  const { dockerCli } = await unpackEnginePackages(() => undefined);
  clis = [...new Set([dockerCli, providedEngine().dockerCli])];
});
afterAll(() => rmSync(root, { recursive: true }));

/** Runs `docker stack` without an engine. */
async function stack(
  cli: string,
  words: string,
  settings = '',
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const env = { DOCKER_HOST: `unix://${root}/no-engine.sock` };
  return tryCommand('sh', ['-c', `${settings}exec "$0" stack ${words}`, cli], { cwd: root, env });
}

function writeFile(file: object): string {
  writeFileSync(join(root, 'file.json'), JSON.stringify(file));
  return 'file.json';
}

const readEnv = 'set -a; . ./.env; set +a; ';

test('stack.example.yml: the CLI reads it, ignores nothing, and takes the settings from the shell', async () => {
  for (const cli of clis) {
    const { code, stdout, stderr } = await stack(cli, 'config -c stack.example.yml', readEnv);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { services } = parse(stdout) as { services: Record<string, { environment?: Record<string, string | null>; user?: string }> };
    expect(services['backend']?.environment).toMatchObject({
      OIDC_RP_SCOPES: 'openid email',
      DJANGO_ALLOWED_HOSTS: 'visio.example.com',
      DJANGO_EMAIL_HOST: null,
    });
    expect(services['reader']?.user).toBe('1000:999');
    const deployed = await stack(cli, 'deploy -d -c stack.example.yml meet', readEnv);
    expect(deployed.stderr).toMatch(/no-engine\.sock/);
    expect(deployed.stderr.trim().split('\n')).toHaveLength(1);
  }
});

test('stack.example.yml without the settings: the CLI refuses it, with the cure', async () => {
  for (const cli of clis) expect((await stack(cli, 'config -c stack.example.yml')).stderr).toContain('read .env first');
});

describe('the keys that a stack has no use for', () => {
  test.each(refusedByStack.map((row) => [row.key, row] as const))('%s: refused', async (key, { file }) => {
    const name = writeFile(file);
    for (const cli of clis) {
      const { code, stderr } = await stack(cli, `config -c ${name}`);
      expect(code).not.toBe(0);
      // Of some keys the CLI doesn't say the name.
      expect(stderr).toMatch(new RegExp(`\\b${key}\\b|^Configuration contains forbidden properties$`, 'm'));
    }
  });

  test.each(ignoredByStack.map((row) => [row.key, row] as const))('%s: ignored, with a line', async (key, { file }) => {
    const name = writeFile(file);
    for (const cli of clis) {
      expect(await stack(cli, `config -c ${name}`)).toMatchObject({ code: 0 });
      expect((await stack(cli, `deploy -c ${name} meet`)).stderr).toMatch(
        new RegExp(`^Ignoring (unsupported|deprecated) options:[\\s\\S]*\\b${key}\\b`),
      );
    }
  });
});
