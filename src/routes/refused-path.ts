/**
 * The paths that a service could read otherwise than nginx, which picks the location and with it who may enter: what makes a
 * path such a path, as nginx's log says it. The first that is met counts.
 * nginx gets the same expressions from the template: they hold for PCRE too, look at nothing behind the `?`, and take one pass.
 */
export const refusedPaths: readonly { readonly what: string; readonly pattern: string; readonly example: string }[] = [
  // To a WHATWG parser a backslash is a slash.
  { what: 'a backslash', pattern: String.raw`^[^?]*(?:\x5c|%5c)`, example: String.raw`/app/x/..\admin` },
  { what: 'an encoded slash', pattern: '^[^?]*%2f', example: '/app/x%2fy' },
  { what: 'two slashes in a row', pattern: '^[^?]*//', example: '/app//x' },
  // Java's servers drop what follows a `;` before they follow the dots.
  { what: 'a segment of dots', pattern: '^[^?]*/(?:[.]|%2e){1,2}(?:[/;?]|%3b|$)', example: '/app/%2e%2e/admin, /app/..;/admin' },
  { what: 'an empty segment', pattern: '^[^?]*/(?:;|%3b)', example: '/app/;x/admin' },
  // nginx leaves it out, Python's WSGI servers take it for a part of the name.
  { what: 'a fragment', pattern: '^[^?]*#', example: '/app/admin/help#x' },
  // A space and what isn't ASCII stand in no guarded path, so they may be encoded twice.
  {
    what: 'a sign that is encoded twice',
    pattern: '^[^?]*%25(?!20)(?:[2-7]|%3[2-7])(?:[0-9a-f]|%3[0-9]|%[46][1-6])',
    example: '/app/%2561dmin',
  },
];

const readers = refusedPaths.map(({ what, pattern }) => ({ what, pattern: new RegExp(pattern, 'i') }));

/** What a target is refused for where a location takes plain paths only; undefined where it is plain. */
export function refusalOf(target: string): string | undefined {
  return readers.find(({ pattern }) => pattern.test(target))?.what;
}
