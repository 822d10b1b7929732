import { isMediaRule } from '../routes/media.ts';
import { ruleKey } from '../routes/ownership.ts';
import type { RoutingStructure } from '../routes/structure.ts';
import type { LocationView } from '../routes/view.ts';
import { editionOf } from './edition.ts';
import type { Edition } from './edition.ts';
import { locationsOf } from './left-out.ts';

/** The published file's name in nginx's words; its folder depends on the mount. */
const publishedName = 'routing.conf';
/** The folder of the user's own snippets, included by the rendered server. */
const snippetPattern = /\/meet-routing\.d\/[^/]+$/;

/**
 * A refused edition in which the locations that nginx names answer 503. If the user's snippet has the same location,
 * nginx would refuse the 503 too, so the snippet keeps the location. A location with access limits still gets the 503.
 * @param refusal nginx's words, and the refused file
 * @returns undefined if the words name no location, or only locations that answer 503 already
 */
export function withoutNamed(edition: Edition, refusal: { readonly words: string; readonly content: string }): Edition | undefined {
  const { templates, structure } = edition;
  const named = new Set(namedLocations(refusal.words, refusal.content, structure));
  const kept = keptBySnippets(refusal.words, structure);
  const groups = structure.groups.map((group) => ({
    ...group,
    locations: group.locations.flatMap((location) => {
      const key = ruleKey(location);
      if (!named.has(key)) return [location];
      return kept.has(key) ? [] : [{ kind: location.kind, path: location.path }];
    }),
  }));
  const less = editionOf(templates, { ...structure, groups: groups.filter(({ locations }) => locations.length > 0) });
  return less.key === edition.key ? undefined : less;
}

/** The locations in nginx's words: given by a line of the file, a duplicate path, or an upstream. */
function namedLocations(words: string, content: string, structure: RoutingStructure): readonly string[] {
  const known = [...locationsOf(structure)];
  const ofPaths = duplicatesIn(words).flatMap(({ path }) => keysOf(known, (location) => location.path === path));
  const lines = [...words.matchAll(/ in (\S+):(\d+)/g)].flatMap(([, file = '', line]) =>
    file.endsWith(`/${publishedName}`) ? [Number(line)] : [],
  );
  const ofLines = lines.flatMap((line) => locationsOfBlock(blockAround(content, line), known));
  const ofUpstreams = [...words.matchAll(/upstream "([^"]+)"/g)].flatMap(([, name]) => keysOf(known, ({ upstream }) => upstream === name));
  return [...ofPaths, ...ofLines, ...ofUpstreams];
}

/** Locations that a snippet may keep. nginx doesn't say whether it means a path's exact or prefix location. */
function keptBySnippets(words: string, structure: RoutingStructure): ReadonlySet<string> {
  const known = [...locationsOf(structure)];
  const taken = duplicatesIn(words).flatMap(({ path, file }) => {
    const found = known.filter(([, location]) => location.path === path);
    return snippetPattern.test(file) && found.length === 1 ? found : [];
  });
  return new Set(keysOf(taken, (location) => location.allow === undefined && !isMediaRule(location)));
}

function duplicatesIn(words: string): readonly { readonly path: string; readonly file: string }[] {
  return [...words.matchAll(/duplicate location "([^"]+)" in (\S+):\d+/g)].map(([, path = '', file = '']) => ({ path, file }));
}

type Known = readonly (readonly [key: string, location: LocationView])[];

function keysOf(known: Known, matches: (location: LocationView) => boolean): readonly string[] {
  return known.flatMap(([key, location]) => (matches(location) ? [key] : []));
}

function locationsOfBlock(block: string | undefined, known: Known): readonly string[] {
  const location = /^location\s+(?:(=|\^~)\s*)?(\S+)/.exec(block ?? '');
  const upstream = /^upstream\s+(\S+)/.exec(block ?? '')?.[1];
  return keysOf(known, (one) => {
    const isLocation = location !== null && one.path === location[2] && (one.kind === 'exact') === (location[1] === '=');
    return isLocation || (upstream !== undefined && one.upstream === upstream);
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
    // The closing line still belongs to its block.
    else if (code.startsWith('}') && !isLast) open.pop();
  }
  return open.findLast((head) => /^(location|upstream)\s/.test(head));
}
