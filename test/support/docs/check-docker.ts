import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandCheck } from './check-shell.ts';
import { dockerFlags } from './docker-flags.ts';
import { exampleServices } from './example-file.ts';
import { repository } from './pages.ts';

interface Read {
  readonly flags: readonly (readonly [flag: string, value: string | undefined])[];
  readonly rest: readonly string[];
  readonly unknown: readonly string[];
}

/** Reads the flags before the first other word. */
function readFlags(command: string, words: readonly string[]): Read {
  const known = dockerFlags[command] ?? [];
  const flags: [string, string | undefined][] = [];
  const unknown: string[] = [];
  let at = 0;
  for (; words[at]?.startsWith('-') === true; at += 1) {
    const [flag = '', value] = (words[at] ?? '').split(/=(.*)/s);
    if (known.includes(flag)) flags.push([flag, undefined]);
    else if (known.includes(`${flag}=`)) flags.push([flag, value ?? words[(at += 1)]]);
    else unknown.push(`docker ${command} ${flag}: not in docker-flags.ts`);
  }
  return { flags, rest: words.slice(at), unknown };
}

/** `docker …`: checks the command, its flags, its files and services, and the command inside the container. */
export const checkDocker: CommandCheck = (words, check) => {
  const [first = ''] = words;
  if (first === 'compose') return checkCompose(words.slice(1), check);
  const two = words.slice(0, 2).join(' ');
  const command = two in dockerFlags ? two : first;
  if (!(command in dockerFlags)) return [`docker ${command}: not in docker-flags.ts`];
  const { rest, unknown } = readFlags(command, words.slice(command.split(' ').length));
  if (command === 'run')
    return [
      ...unknown,
      ...(rest[0] === 'meet-gen' ? check(['meet-gen', ...rest.slice(1)]) : [`docker run ${rest[0]}: which image is that?`]),
    ];
  if (command === 'exec') return [...unknown, ...check(rest.slice(1))];
  // Commands that take names also take flags after the names.
  return [...unknown, ...rest.filter((word) => /^-./.test(word)).map((word) => `docker ${command} … ${word}: flags come first`)];
};

function checkCompose(words: readonly string[], check: (words: readonly string[]) => readonly string[]): readonly string[] {
  const outer = readFlags('compose', words);
  const [name = ''] = outer.rest;
  const command = `compose ${name}`;
  if (!(command in dockerFlags)) return [`docker ${command}: not in docker-flags.ts`];
  const { flags, rest, unknown } = readFlags(command, outer.rest.slice(1));
  const files = outer.flags.filter(([flag]) => flag === '-f' || flag === '--env-file').map(([, file = '']) => file);
  const scaled = flags.filter(([flag]) => flag === '--scale').map(([, value = '']) => value.split('=')[0] ?? '');
  const runs = name === 'exec' || name === 'run';
  const services = [...scaled, ...(runs ? rest.slice(0, 1) : name === 'cp' || name === 'port' ? [] : rest)];
  return [
    ...outer.unknown,
    ...unknown,
    ...files.filter((file) => !existsSync(join(repository, file))).map((file) => `docker compose -f ${file}: there is no such file`),
    ...services
      .filter((service) => !exampleServices().includes(service))
      .map((service) => `docker ${command}: the example has no service ${service}`),
    ...(runs ? check(inside(name, rest)) : []),
  ];
}

/** The command in the container: for `exec` the given words, for `run` with the image's entrypoint. */
function inside(name: string, [service = '', ...command]: readonly string[]): readonly string[] {
  return name === 'run' && service === 'meet-gen' ? ['meet-gen', ...command] : command;
}
