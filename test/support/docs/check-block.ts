import { parseNginx } from '../nginx-parse.ts';
import { asComposeFile, checkComposeFile, overExample, readYaml } from './check-compose.ts';
import { checkPrometheus } from './check-prometheus.ts';
import { checkShell } from './check-shell.ts';
import type { Block } from './fenced-blocks.ts';
import { readDiff } from './read-diff.ts';

type Checker = (block: Block) => readonly string[] | Promise<readonly string[]>;

/** Checkers by language. A block that shows output also needs a test that compares it with the real output. */
const checkers: Readonly<Record<string, Checker>> = {
  sh: ({ text }) => checkShell(text),
  yaml: ({ text }) => checkYaml(text),
  json: ({ text }) => (JSON.parse(text), []),
  // test/e2e/docs/ has nginx itself check the block.
  nginx: ({ text }) => (parseNginx(`${text}\n`).length === 0 ? ['the block has no directive'] : []),
  diff: async ({ text, name }) => [...(await checkDiff(text)), ...needsTest(name)],
  text: ({ name }) => needsTest(name),
  console: ({ name }) => needsTest(name),
};

/** The errors of a block, each with its place. */
export async function checkBlock(block: Block): Promise<readonly string[]> {
  const check = Object.hasOwn(checkers, block.language) ? checkers[block.language] : undefined;
  const problems = check === undefined ? [`no checker knows the language "${block.language}"`] : await safely(check, block);
  return problems.map((problem) => `${block.page}:${block.line}: ${problem}`);
}

async function safely(check: Checker, block: Block): Promise<readonly string[]> {
  try {
    return await check(block);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function needsTest(name: string | undefined): readonly string[] {
  return name === undefined ? ['no test checks this: give the block a name, and read it in a test'] : [];
}

async function checkYaml(text: string): Promise<readonly string[]> {
  const value = readYaml(text);
  const compose = asComposeFile(value);
  return compose === undefined ? checkPrometheus(value) : checkComposeFile(overExample(compose));
}

/** Both sides are whole compose files. Only the second has the labels. */
async function checkDiff(text: string): Promise<readonly string[]> {
  const { before, after } = readDiff(text);
  const [old, now] = [before, after].map((one) => asComposeFile(readYaml(one)));
  if (old === undefined || now === undefined) return ['one of its two sides is not a compose file'];
  return checkComposeFile(now);
}
