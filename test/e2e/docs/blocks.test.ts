import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand as runBuilt } from '../../support/built-command.ts';
import { asComposeFile, exampleFor, overExample, readYaml } from '../../support/docs/check-compose.ts';
import { dockerFlags } from '../../support/docs/docker-flags.ts';
import type { ComposeFile } from '../../support/docs/example-file.ts';
import { allBlocks, repository } from '../../support/docs/pages.ts';
import { createNginxChecker, type NginxChecker } from '../../support/nginx-check.ts';
import { providedEngine } from '../../providers/engine/provided.ts';
import { tryCommand } from '../../providers/run-command.ts';
import { inRealLayout } from '../../support/real-layout.ts';

// What the real compose, the real nginx and the real docker say to the blocks of the documentation.

const engine = providedEngine();
const blocks = allBlocks().map((block) => [`${block.page}:${block.line}`, block] as const);
const composeBlocks = blocks.flatMap(([place, { language, text }]) => {
  const file = language === 'yaml' ? asComposeFile(readYaml(text)) : undefined;
  return file === undefined ? [] : [[place, file] as const];
});
const nginxBlocks = blocks.filter(([, { language }]) => language === 'nginx');

let folder: string;
let checkers: readonly NginxChecker[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'meet-gen-blocks-'));
  copyFileSync(join(repository, '.env.example'), join(folder, '.env'));
  checkers = await Promise.all((['1.30', '1.22'] as const).map((series) => createNginxChecker(engine, series)));
});
afterAll(async () => {
  await Promise.all((checkers ?? []).map((checker) => checker.close()));
  rmSync(folder, { recursive: true });
});

/** What is rendered from a compose file. */
async function render(file: ComposeFile): Promise<string> {
  writeFileSync(join(folder, 'merged.json'), JSON.stringify(file));
  const env = { ...engine.env, COMPOSE_PROJECT_NAME: 'meet', MEET_HOST: 'visio.example.com' };
  const { stdout, stderr } = await runBuilt(['render', '--compose', join(folder, 'merged.json')], { env });
  expect(stderr).toBe('');
  return stdout;
}

describe('compose snippets, over the example', () => {
  test.each(composeBlocks)('%s: compose takes it, and nginx what is rendered', async (_, file) => {
    writeFileSync(join(folder, 'snippet.json'), JSON.stringify(file));
    writeFileSync(join(folder, 'example.json'), JSON.stringify(exampleFor(file)));
    const args = ['compose', '-f', join(folder, 'example.json'), '-f', join(folder, 'snippet.json'), 'config', '--quiet'];
    const { stderr } = await tryCommand(engine.dockerCli, args, { env: engine.env });
    expect(stderr).toBe('');
    const layout = inRealLayout(await render(overExample(file)));
    for (const checker of checkers) expect(await checker.test(layout)).toMatchObject({ ok: true });
  });
});

describe('nginx snippets, where the rendered server includes them', () => {
  test.each(nginxBlocks)('%s', async (_, { text }) => {
    const layout = { ...inRealLayout(await render(overExample({}))), 'meet-routing.d/snippet.conf': `${text}\n` };
    for (const checker of checkers) {
      expect(await checker.test(layout)).toMatchObject({ ok: true });
      expect((await checker.dump(layout)).output).toContain(text.split('\n')[0]);
    }
  });

  test('one that nginx refuses is refused here', async () => {
    const layout = { ...inRealLayout(await render(overExample({}))), 'meet-routing.d/snippet.conf': 'locatoin = /x { return 200; }\n' };
    for (const checker of checkers) expect(await checker.test(layout)).toMatchObject({ ok: false });
  });
});

describe("docker's flags in the documentation are docker's own", () => {
  test.each(Object.entries(dockerFlags))('docker %s', async (command, flags) => {
    const { code, stdout } = await tryCommand(engine.dockerCli, [...command.split(' '), '--help'], { env: engine.env });
    expect(code).toBe(0);
    expect(flags.filter((flag) => !flagsIn(stdout).has(flag))).toEqual([]);
  });
});

/** The flags that a help text has; one that takes a value has the value's type behind it, and gets a `=`. */
function flagsIn(help: string): ReadonlySet<string> {
  const heads = help.split('\n').map((line) => /^ +(-\S.*?)(?: {2,}.*)?$/.exec(line)?.[1] ?? '');
  return new Set(
    heads.flatMap((head) => {
      const [, short, long, type] =
        /^(?:(-\w)(?:, )?)?(--[\w-]+)?(?: (\w+))?$/.exec(head) ?? /^(?:(-\w)(?:, )?)?(--[\w-]+)?/.exec(head) ?? [];
      return [short, long].flatMap((name) => (name === undefined ? [] : [`${name}${type === undefined ? '' : '='}`]));
    }),
  );
}
