import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../providers/run-command.ts';

// What services make of a request target: the real parsers of Node and Python, and RFC 3986 as it is written. None knows nginx or
// meet-gen.

/** The paths that one kind of service could take each of the targets for. */
export type Readings = Readonly<Record<string, readonly (readonly string[])[]>>;

const wsgiReader = fileURLToPath(new URL('read-wsgi.py', import.meta.url));

/** What each kind of service takes these targets for, in their order; every path is decoded. */
export async function readAll(targets: readonly string[]): Promise<Readings> {
  return {
    whatwg: targets.map(readByWhatwg),
    wsgi: await readByPython(targets),
    rfc3986: targets.map(readByRfc3986),
    parameters: targets.map(readWithParameters),
    twice: targets.map((target) => [decode(decode(pathOf(target))), posix.normalize(decode(decode(pathOf(target))))]),
  };
}

/** Both ways in which Node services make a URL of `request.url`. */
function readByWhatwg(target: string): readonly string[] {
  const joined = URL.canParse(target, 'http://service') ? [new URL(target, 'http://service')] : [];
  const whole = URL.canParse(`http://service${target}`) ? [new URL(`http://service${target}`)] : [];
  return [...joined, ...whole].map(({ pathname }) => decode(pathname));
}

async function readByPython(targets: readonly string[]): Promise<readonly (readonly string[])[]> {
  if (targets.length === 0) return [];
  const said = await runCommand('python3', [wsgiReader], { stdin: Buffer.from(`${targets.join('\n')}\n`) });
  return said
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as string[]);
}

/** Dot segments removed as sent, and after the normalization of section 6.2.2; with doubled slashes, and without. */
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
 * Java's servers take parameters away from a segment before they follow dots (`..;x/`). Only where the segment is dots or empty:
 * a service that takes `/admin;x` for `/admin` has to guard that itself, as docs/labels.md says.
 */
function readWithParameters(target: string): readonly string[] {
  const bare = pathOf(target).replace(/(?<=\/(?:\.|%2e){0,2})(?:;|%3b)[^/]*/gi, '');
  return [posix.normalize(decode(bare)), removeDotSegments(decode(bare).replace(/\/+/g, '/'))];
}

function pathOf(target: string): string {
  return /^[^?#]*/.exec(target)?.[0] ?? '';
}

/** Every percent-code once, one character for each byte; what is none stays. */
function decode(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
