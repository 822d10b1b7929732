import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand as runBuilt, startCommand } from '../../support/built-command.ts';
import { projectCases, refusedCases } from '../../support/compose-projects/projects.ts';
import { repository } from '../../support/docs/pages.ts';
import { recordingOf } from '../../support/compose-projects/recordings.ts';
import { composeVersions, provideCompose, type ComposeCommand } from '../../providers/engine/compose-versions.ts';
import { runCommand } from '../../providers/run-command.ts';
import { waitUntil } from '../../support/wait-until.ts';

// `render --compose` with the real Compose: its messages, and the projects that it resolves.

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'meet-gen-compose-'));
});
afterAll(() => rmSync(root, { recursive: true }));

/** Writes a project's folder. A project without a name gets the name of its folder. */
function writeProject(files: Readonly<Record<string, string>>): string {
  const folder = join(mkdtempSync(join(root, 'p-')), 'folder');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

describe.each(composeVersions)('Compose %s', (version) => {
  let compose: ComposeCommand;
  beforeAll(async () => {
    compose = await provideCompose(version);
  });

  test.each(Object.entries(projectCases))(
    '%s: resolves as recorded, and renders the same from a pipe',
    async (name, { files, file, env }) => {
      const cwd = writeProject(files);
      const all = { ...compose.env, ...env };
      const args = ['compose', ...(file === undefined ? [] : ['-f', file]), 'config', '--format', 'json'];
      const project = await runCommand(compose.dockerCli, args, { cwd, env: all });
      if (process.env['UPDATE_RECORDINGS'] === '1') {
        mkdirSync(dirname(recordingOf(version, name)), { recursive: true });
        writeFileSync(recordingOf(version, name), project);
      }
      expect(JSON.parse(project)).toEqual(JSON.parse(readFileSync(recordingOf(version, name), 'utf8')));
      const asked = await runBuilt(['render', ...(file === undefined ? ['--compose'] : ['--compose', file])], { cwd, env: all });
      const piped = await runBuilt(['render', '--compose', '-'], { stdin: project });
      expect({ code: asked.code, stdout: asked.stdout }).toEqual({ code: piped.code, stdout: piped.stdout });
      expect([0, 7]).toContain(asked.code);
      expect(asked.stderr.replaceAll(/^meet-gen: docker compose: .*\n/gm, '')).toBe(piped.stderr);
    },
  );

  test.each(Object.entries(refusedCases))("%s: refuses with Compose's message", async (_, { file, words }) => {
    const cwd = writeProject({ 'compose.yml': file });
    const { code, stdout, stderr } = await runBuilt(['render', '--compose'], { cwd, env: compose.env });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^meet-gen: docker compose config: [^\n]+\n$/);
    expect(stderr).toContain(words);
  });

  test('refuses a missing file, and a folder without one', async () => {
    const cwd = mkdtempSync(join(root, 'empty-'));
    for (const args of [[], ['none.yml'], ['-']]) {
      const { code, stderr } = await runBuilt(['render', '--compose', ...args], { cwd, env: compose.env });
      expect(code).toBe(2);
      expect(stderr).toMatch(/^meet-gen: [^\n]+\n$/);
    }
  });

  test('renders the example, alone, hardened and on Podman', async () => {
    const cwd = writeProject({ '.env': readFileSync(join(repository, '.env.example'), 'utf8') });
    const overlays = ['compose.hardened.yml', 'compose.podman.yml'];
    for (const name of ['compose.example.yml', ...overlays]) copyFileSync(join(repository, name), join(cwd, name));
    const resolved = await Promise.all(
      overlays.map((overlay) => {
        const config = ['compose', '-f', 'compose.example.yml', '-f', overlay, 'config', '--format', 'json'];
        return runCommand(compose.dockerCli, config, { cwd, env: compose.env });
      }),
    );
    for (const project of resolved) {
      const { services } = JSON.parse(project) as { readonly services: Readonly<Record<string, unknown>> };
      expect(services).toMatchObject({
        frontend: { configs: [{ target: '/etc/nginx/conf.d/routing.conf' }, { target: '/docker-entrypoint.d/90-meet-gen.sh' }] },
        'meet-gen': { environment: { MEET_GEN_RELOAD: 'hook' } },
      });
      expect(JSON.stringify(services['docker-proxy'])).not.toContain('-allowPOST');
    }
    const results = await Promise.all([
      runBuilt(['render', '--compose', 'compose.example.yml'], { cwd, env: compose.env }),
      ...resolved.map((stdin) => runBuilt(['render', '--compose', '-'], { stdin })),
    ]);
    for (const { code, stdout, stderr } of results) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/^# 192\.0\.2\.\d+ stands for the service backend$/m);
    }
  });

  test("passes on Compose's warnings, and renders", async () => {
    const cwd = writeProject({
      'compose.yml':
        'services:\n  frontend: { image: "x${NONE}", labels: { meet.role: frontend } }\n  backend: { image: x, labels: { meet.role: backend } }\n',
    });
    const { code, stderr } = await runBuilt(['render', '--compose'], { cwd, env: compose.env });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^meet-gen: docker compose: .*NONE.* variable is not set[^\n]*\n$/);
  });

  test('renders a file with an anchor that is used 200 times', async () => {
    const uses = Array.from({ length: 200 }, () => '*labels').join(', ');
    const cwd = writeProject({
      'compose.yml': `x-labels: &labels { meet.role: frontend }\nx-uses: [${uses}]\nservices:\n  frontend: { image: x, labels: *labels }\n  backend: { image: x, labels: { meet.role: backend } }\n`,
    });
    expect(await runBuilt(['render', '--compose'], { cwd, env: compose.env })).toMatchObject({ code: 0, stderr: '' });
  });

  test.each(['--no-interpolate', '--no-normalize'])('%s: refuses or renders the same', async (flag) => {
    const cwd = writeProject({
      'compose.yml':
        'name: meet\nservices:\n  frontend: { image: x, labels: { meet.role: frontend, meet.host: "${H:-h.example.org}" } }\n  backend: { image: x, labels: { meet.role: backend } }\n',
    });
    const [usual, other] = await Promise.all(
      [[], [flag]].map((flags) =>
        runCommand(compose.dockerCli, ['compose', 'config', '--format', 'json', ...flags], { cwd, env: compose.env }),
      ),
    );
    const [read, readOther] = await Promise.all([usual, other].map((stdin = '') => runBuilt(['render', '--compose', '-'], { stdin })));
    if (flag === '--no-normalize') expect(readOther).toEqual(read);
    else expect(readOther).toMatchObject({ code: 2, stderr: expect.stringContaining('--no-interpolate') as string });
  });

  test('a stop ends a Compose that waits for a file', async () => {
    const pipe = join(mkdtempSync(join(root, 'pipe-')), 'pipe.yml');
    await runCommand('mkfifo', [pipe]);
    const started = async (): Promise<readonly string[]> =>
      (await runCommand('ps', ['-eo', 'args'])).split('\n').filter((line) => line.includes('docker-compose') && line.includes(pipe));
    const command = startCommand(['render', '--compose', pipe], { env: compose.env });
    await waitUntil('Compose reads the file', async () => (await started()).length > 0 || undefined);
    command.signal('SIGTERM');
    expect((await command.ended).signal).toBe('SIGTERM');
    await waitUntil('Compose ends', async () => (await started()).length === 0 || undefined);
  });
});
