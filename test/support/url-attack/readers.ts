import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../providers/run-command.ts';

// How services read a request target: the real parsers of Node and Python, and RFC 3986. None of them is derived from
// nginx or meet-gen.

/** By kind of service: for each target, the paths that the service could read. */
export type Readings = Readonly<Record<string, readonly (readonly string[])[]>>;

const wsgiReader = fileURLToPath(new URL('read-wsgi.py', import.meta.url));

/** The paths that each kind of service reads in these targets, in order. Every path is decoded. */
export async function readAll(targets: readonly string[]): Promise<Readings> {
  return {
    whatwg: targets.map(readByWhatwg),
    wsgi: await readByPython(targets),
    rfc3986: targets.map(readByRfc3986),
    parameters: targets.map(readWithParameters),
    twice: targets.map((target) => [decode(decode(pathOf(target))), posix.normalize(decode(decode(pathOf(target))))]),
  };
}

/** The two ways in which Node services turn `request.url` into a URL. */
function readByWhatwg(target: string): readonly string[] {
  const joined = URL.canParse(target, 'http://service') ? [new URL(target, 'http://service')] : [];
  const whole = URL.canParse(`http://service${target}`) ? [new URL(`http://service${target}`)] : [];
  return [...joined, ...whole].map(({ pathname }) => decode(pathname));
}

async function readByPython(targets: readonly string[]): Promise<readonly (readonly string[])[]> {
  if (targets.length === 0) return [];
  const output = await runCommand('python3', [wsgiReader], { stdin: Buffer.from(`${targets.join('\n')}\n`) });
  return output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as string[]);
}

/** Removes dot segments before and after the normalization of section 6.2.2, with and without doubled slashes. */
function readByRfc3986(target: string): readonly string[] {
  const path = pathOf(target);
  const normal = path.replace(/%(?:2d|2e|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/gi, decode);
  return [path, normal].flatMap((one) => [one, one.replace(/\/+/g, '/')]).map((one) => decode(removeDotSegments(one)));
}

/** RFC 3986, section 5.2.4. */
function removeDotSegments(path: string): string {
  let [input, output] = [path, ''];
  while (input !== '') {
    if (/^\.\.?\//.test(input)) input = input.replace(/^\.\.?\//, '');
    else if (/^\/\.(?:\/|$)/.test(input)) input = input.replace(/^\/\.(?:\/|$)/, '/');
    else if (/^\/\.\.(?:\/|$)/.test(input)) {
      input = input.replace(/^\/\.\.(?:\/|$)/, '/');
      output = output.replace(/\/?[^/]*$/, '');
    } else if (/^\.\.?$/.test(input)) input = '';
    else {
      const [segment = ''] = /^\/?[^/]*/.exec(input) ?? [];
      output += segment;
      input = input.slice(segment.length);
    }
  }
  return output;
}

/**
 * Java's servers remove parameters from a segment before they resolve dots (`..;x/`). Only dots and empty segments
 * count here: a service that reads `/admin;x` as `/admin` must guard that itself, as docs/labels.md explains.
 */
function readWithParameters(target: string): readonly string[] {
  const bare = pathOf(target).replace(/(?<=\/(?:\.|%2e){0,2})(?:;|%3b)[^/]*/gi, '');
  return [posix.normalize(decode(bare)), removeDotSegments(decode(bare).replace(/\/+/g, '/'))];
}

function pathOf(target: string): string {
  return /^[^?#]*/.exec(target)?.[0] ?? '';
}

/** Decodes every percent-code once, into one character per byte. Other text stays. */
function decode(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
