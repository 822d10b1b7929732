import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand as runBuilt } from '../../support/built-command.ts';
import { asComposeFile, exampleFor, readYaml } from '../../support/docs/check-compose.ts';
import { dockerFlags } from '../../support/docs/docker-flags.ts';
import type { ComposeFile } from '../../support/docs/example-file.ts';
import { allBlocks, repository } from '../../support/docs/pages.ts';
import { createNginxChecker, type NginxChecker } from '../../support/nginx-check.ts';
import { providedEngine } from '../../providers/engine/provided.ts';
import { tryCommand } from '../../providers/run-command.ts';
import { inRealLayout } from '../../support/real-layout.ts';

// The real compose, nginx and docker check the blocks of the documentation.

const engine = providedEngine();
const blocks = allBlocks().map((block) => [`${block.page}:${block.line}`, block] as const);
const composeBlocks = blocks.flatMap(([place, { language, text }]) => {
  const file = language === 'yaml' ? asComposeFile(readYaml(text)) : undefined;
  return file === undefined ? [] : [[place, file] as const];
});
/** Whole blocks of a hand-written file: resolve.test.ts runs them. */
const notSnippets: ReadonlySet<string | undefined> = new Set(['resolve']);
const nginxBlocks = blocks.filter(([, { language, name }]) => language === 'nginx' && !notSnippets.has(name));

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

/** Renders the example with a snippet over it, which Compose accepts without a warning. */
async function render(snippet: ComposeFile): Promise<string> {
  const files = { 'example.json': exampleFor(snippet), 'snippet.json': snippet };
  for (const [name, file] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(file));
  const args = Object.keys(files).flatMap((name) => ['-f', join(folder, name)]);
  const resolved = await tryCommand(engine.dockerCli, ['compose', ...args, 'config', '--format', 'json'], { env: engine.env });
  expect(resolved.stderr).toBe('');
  const { stdout, stderr } = await runBuilt(['render', '--compose', '-'], { stdin: resolved.stdout });
  expect(stderr).toBe('');
  return stdout;
}

describe('compose snippets over the example', () => {
  test.each(composeBlocks)('%s: compose accepts the snippet, and nginx the rendered file', async (_, file) => {
    const layout = inRealLayout(await render(file));
    for (const checker of checkers) expect(await checker.test(layout)).toMatchObject({ ok: true });
  });
});

describe('nginx snippets included by the rendered server', () => {
  test.each(nginxBlocks)('%s', async (_, { text }) => {
    const layout = { ...inRealLayout(await render({})), 'meet-routing.d/snippet.conf': `${text}\n` };
    for (const checker of checkers) {
      expect(await checker.test(layout)).toMatchObject({ ok: true });
      expect((await checker.dump(layout)).output).toContain(text.split('\n')[0]);
    }
  });

  test('a snippet that nginx refuses fails this check', async () => {
    const layout = { ...inRealLayout(await render({})), 'meet-routing.d/snippet.conf': 'locatoin = /x { return 200; }\n' };
    for (const checker of checkers) expect(await checker.test(layout)).toMatchObject({ ok: false });
  });
});

describe('docker has the flags in the documentation', () => {
  test.each(Object.entries(dockerFlags))('docker %s', async (command, flags) => {
    const { code, stdout } = await tryCommand(engine.dockerCli, [...command.split(' '), '--help'], { env: engine.env });
    expect(code).toBe(0);
    expect(flags.filter((flag) => !flagsIn(stdout).has(flag))).toEqual([]);
  });
});

/** The flags in a help text. A flag with a value, shown by its type behind the flag, gets a `=`. */
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
