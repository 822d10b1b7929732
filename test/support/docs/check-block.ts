import { parseNginx } from '../nginx-parse.ts';
import { asComposeFile, checkComposeFile, overExample, readYaml } from './check-compose.ts';
import { checkPrometheus } from './check-prometheus.ts';
import { checkShell } from './check-shell.ts';
import type { Block } from './fenced-blocks.ts';
import { readDiff } from './read-diff.ts';

type Checker = (block: Block) => readonly string[] | Promise<readonly string[]>;

/** What a block's language says how to check it. What shows an output has to be held against the real one by a test of its own. */
const checkers: Readonly<Record<string, Checker>> = {
  sh: ({ text }) => checkShell(text),
  yaml: ({ text }) => checkYaml(text),
  json: ({ text }) => (JSON.parse(text), []),
  // Whether nginx takes it is asked of nginx itself, by test/e2e/docs/.
  nginx: ({ text }) => (parseNginx(`${text}\n`).length === 0 ? ['there is no directive in it'] : []),
  diff: async ({ text, name }) => [...(await checkDiff(text)), ...needsTest(name)],
  text: ({ name }) => needsTest(name),
  console: ({ name }) => needsTest(name),
};

/** Everything that is wrong with a block, each with its place; none where it is checked and good. */
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
  return name === undefined ? ['nothing tells whether this is true: give the block a name, and read it in a test'] : [];
}

async function checkYaml(text: string): Promise<readonly string[]> {
  const value = readYaml(text);
  const compose = asComposeFile(value);
  return compose === undefined ? checkPrometheus(value) : checkComposeFile(overExample(compose));
}

/** Each of the two is a whole compose file; the labels come with the second. */
async function checkDiff(text: string): Promise<readonly string[]> {
  const { before, after } = readDiff(text);
  const [old, now] = [before, after].map((one) => asComposeFile(readYaml(one)));
  if (old === undefined || now === undefined) return ['one of its two sides is no compose file'];
  return checkComposeFile(now);
}
