import type { RoutingStructure } from '../routes/structure.ts';
import { locationsOf } from './mixture.ts';

/** The published file's name, by which nginx's words point at a line of it, wherever it is mounted. */
const publishedName = 'routing.conf';
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
