import { locationsOf } from './mixture.ts';
import type { RoutingStructure } from '../routes/structure.ts';

/** The published file's name, by which nginx's words point at a line of it, wherever it is mounted. */
const publishedName = 'routing.conf';
/**
 * A line of nginx's error log, or of its standard error. `*7` names a connection: such a line is about a request, which a visitor
 * makes, and never about a configuration (nginx, `ngx_log_error_core`).
 */
const refusalPattern = /^(?:nginx: |\d{4}(?:\/\d\d){2} \d\d(?::\d\d){2} )?\[(?:emerg|crit)\] (?!\d+#\d+: \*)/;
const maxLines = 8;

/** The lines in which nginx says why it refuses a configuration, without time and process; empty when it says nothing of the kind. */
export function refusalsIn(output: string): readonly string[] {
  const refusals = output
    .split('\n')
    .filter((line) => refusalPattern.test(line))
    .map(withoutPrefix);
  return [...new Set(refusals)].slice(0, maxLines);
}

/** The same in one line, for people; undefined when nginx says nothing of the kind. */
export function refusalIn(output: string): string | undefined {
  const refusals = refusalsIn(output);
  return refusals.length === 0 ? undefined : refusals.join('; ');
}

/**
 * The locations of a structure that nginx's words point at: by a line of the file, by a path that is there twice, or by an upstream.
 * @param content the file that was refused
 */
export function suspectsIn(words: string, content: string, structure: RoutingStructure): readonly string[] {
  const known = [...locationsOf(structure)];
  const ofPaths = [...words.matchAll(/(?:duplicate|conflicting) location "([^"]+)"/g)].flatMap(([, path]) =>
    known.filter(([, location]) => location.path === path).map(([key]) => key),
  );
  const lines = [...words.matchAll(/ in (\S+):(\d+)/g)].flatMap(([, file = '', line]) =>
    file.endsWith(`/${publishedName}`) ? [Number(line)] : [],
  );
  const blocks = lines.map((line) => blockAround(content, line));
  const ofLines = blocks.flatMap((block) => locationsOfBlock(block, known));
  const ofUpstreams = [...words.matchAll(/upstream "([^"]+)"/g)].flatMap(([, name]) =>
    known.filter(([, { upstream }]) => upstream === name).map(([key]) => key),
  );
  return [...new Set([...ofPaths, ...ofLines, ...ofUpstreams])];
}

type Known = ReturnType<typeof locationsOf> extends ReadonlyMap<infer Key, infer Location> ? readonly (readonly [Key, Location])[] : never;

function locationsOfBlock(block: string | undefined, known: Known): readonly string[] {
  const location = /^location\s+(?:(=|\^~)\s*)?(\S+)/.exec(block ?? '');
  const upstream = /^upstream\s+(\S+)/.exec(block ?? '')?.[1];
  return known.flatMap(([key, one]) => {
    const isLocation = location !== null && one.path === location[2] && (one.kind === 'exact') === (location[1] === '=');
    return isLocation || (upstream !== undefined && one.upstream === upstream) ? [key] : [];
  });
}

/** The head of the innermost `location` or `upstream` block that holds a line (counted from 1). */
function blockAround(content: string, line: number): string | undefined {
  const open: string[] = [];
  const lines = content.split('\n').slice(0, line);
  for (const [index, text] of lines.entries()) {
    const code = text.replace(/#.*$/, '').trim();
    const isLast = index === lines.length - 1;
    if (code.endsWith('{')) open.push(code.slice(0, -1).trim());
    // The closing line itself still belongs to its block.
    else if (code.startsWith('}') && !isLast) open.pop();
  }
  return open.findLast((head) => /^(location|upstream)\s/.test(head));
}

function withoutPrefix(line: string): string {
  return line
    .replace(/^.*?(?=\[(?:emerg|crit)\])/, '')
    .replace(/^(\[\w+\]) \d+#\d+: /, '$1 ')
    .trim();
}
