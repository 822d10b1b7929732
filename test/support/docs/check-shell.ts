import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readArguments as readBenchArguments } from '../../bench/arguments.ts';
import { readArguments as readDemoArguments } from '../../demo/arguments.ts';
import { checkDocker } from './check-docker.ts';
import { checkMeetGen, checkVariables } from './meet-gen-words.ts';
import { readPage, repository } from './pages.ts';
import { readShell } from './read-shell.ts';

/** Finds the errors in a program's words. `check` takes a whole command among the words. */
export type CommandCheck = (words: readonly string[], check: (words: readonly string[]) => readonly string[]) => readonly string[];

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = (): Manifest => JSON.parse(readPage('package.json')) as Manifest;
/** Variables of the engine, and variables that repeat a random test. */
const variables =
  /^DOCKER_(HOST|TLS_VERIFY|CERT_PATH)$|^(ATTACK|CHAOS|CRASH|EXPLAIN|HOOK|SOAK)_(SEED|STEPS|SETS|KILLS)$|^(UPDATE_GOLDEN|TEST_COMMAND)$/;
const vitestProjects = (): readonly string[] => [...readPage('vitest.config.ts').matchAll(/name: '(\w+)'/g)].map(([, name = '']) => name);
const isThere = (path: string): boolean => existsSync(join(repository, path));
/** Paths with a pattern of the shell are not checked. */
const missing = (paths: readonly string[]): readonly string[] =>
  paths.filter((path) => !path.includes('*') && !isThere(path)).map((path) => `there is no ${path}`);

const programs: Readonly<Record<string, CommandCheck>> = {
  'meet-gen': checkMeetGen,
  docker: checkDocker,
  npm: checkNpm,
  npx: checkNpx,
  eval: () => [],
  awk: () => [],
  sed: () => [],
  stat: () => [],
  openssl: () => [],
  mkdir: () => [],
  chmod: () => [],
  cp: (words) => missing(words.filter((word) => !word.startsWith('-')).slice(0, -1)),
  cat: () => [],
  sh: ([script = '']) => missing([script]),
  nginx: (words) => (['-t', '-s reload'].includes(words.join(' ')) ? [] : [`nginx ${words.join(' ')}: which command is that?`]),
  python: (words) => (words.join(' ') === 'manage.py migrate' ? [] : [`python ${words.join(' ')}: which command is that?`]),
  diff: () => [],
  head: () => [],
  set: () => [],
  '.': (words) => (words.join(' ') === './.env' ? [] : [`. ${words.join(' ')}: which file is that?`]),
};

/** Finds the errors in the commands of a shell text, without running a command. */
export function checkShell(text: string): readonly string[] {
  try {
    const commands = readShell(text);
    if (commands.length === 0) return ['the block has no command'];
    return commands.flatMap(({ words, assignments }) => [
      ...checkAssignments(assignments),
      ...(words.length === 0 ? [] : checkCommand(words)),
    ]);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function checkAssignments(assignments: Readonly<Record<string, string>>): readonly string[] {
  const [ours, others] = [true, false].map((own) => Object.entries(assignments).filter(([name]) => name.startsWith('MEET_GEN_') === own));
  const unknown = (others ?? []).filter(([name]) => !variables.test(name)).map(([name]) => `${name}: no checker knows this variable`);
  return [...checkVariables(Object.fromEntries(ours ?? [])), ...unknown];
}

function checkCommand([program = '', ...words]: readonly string[]): readonly string[] {
  const check = Object.hasOwn(programs, program) ? programs[program] : undefined;
  return check === undefined ? [`${program}: no checker knows this program`] : check(words, checkCommand);
}

function checkNpm(words: readonly string[]): readonly string[] {
  const [command = '', ...rest] = words;
  if (command === 'ci') return [];
  const script = command === 'run' ? (rest.shift() ?? '') : command;
  if (!Object.hasOwn(manifest().scripts, script)) return [`npm run ${script}: package.json has no such script`];
  const args = rest[0] === '--' ? rest.slice(1) : rest;
  if (script === 'demo' || script === 'bench') {
    const read = (script === 'demo' ? readDemoArguments : readBenchArguments)(args);
    return typeof read === 'object' && 'refused' in read ? [`npm run ${script}: ${read.refused}`] : [];
  }
  return script.startsWith('test') ? checkVitest(args) : args.map((arg) => `npm run ${script} takes no ${arg}`);
}

function checkNpx([program = '', ...words]: readonly string[]): readonly string[] {
  if (program === 'vitest')
    return words[0] === 'run' ? checkVitest(words.slice(1)) : ['npx vitest: run is missing, so it would go on watching'];
  if (program === 'tsx') return missing(words.slice(0, 1));
  const packages: Readonly<Record<string, string>> = { tsc: 'typescript' };
  return (packages[program] ?? program) in manifest().devDependencies ? [] : [`npx ${program}: not among the devDependencies`];
}

function checkVitest(words: readonly string[]): readonly string[] {
  const problems: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--project') {
      const project = words[(at += 1)] ?? '';
      if (!vitestProjects().includes(project)) problems.push(`vitest has no project ${project}`);
    } else if (word === '--exclude') at += 1;
    else if (word.startsWith('-')) problems.push(`vitest ${word}: no checker knows this flag`);
    else problems.push(...missing([word]));
  }
  return problems;
}
