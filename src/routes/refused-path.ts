/**
 * The paths that a service could read differently from nginx, which picks the location and decides access. `what` names
 * the reason, also in nginx's log; the first match counts. The template gives nginx the same expressions: they are
 * valid in PCRE, ignore everything after the `?`, and take one pass.
 */
export const refusedPaths: readonly { readonly what: string; readonly pattern: string; readonly example: string }[] = [
  // A WHATWG parser reads a backslash as a slash.
  { what: 'a backslash', pattern: String.raw`^[^?]*(?:\x5c|%5c)`, example: String.raw`/app/x/..\admin` },
  { what: 'an encoded slash', pattern: '^[^?]*%2f', example: '/app/x%2fy' },
  { what: 'two slashes in a row', pattern: '^[^?]*//', example: '/app//x' },
  // Java's servers drop everything after a `;` before they resolve dots.
  { what: 'a segment of dots', pattern: '^[^?]*/(?:[.]|%2e){1,2}(?:[/;?]|%3b|$)', example: '/app/%2e%2e/admin, /app/..;/admin' },
  { what: 'an empty segment', pattern: '^[^?]*/(?:;|%3b)', example: '/app/;x/admin' },
  // nginx drops a fragment; Python's WSGI servers keep it as part of the name.
  { what: 'a fragment', pattern: '^[^?]*#', example: '/app/admin/help#x' },
  // No guarded path has a space or non-ASCII letters, so these may be encoded twice.
  {
    what: 'a sign that is encoded twice',
    pattern: '^[^?]*%25(?!20)(?:[2-7]|%3[2-7])(?:[0-9a-f]|%3[0-9]|%[46][1-6])',
    example: '/app/%2561dmin',
  },
];

const readers = refusedPaths.map(({ what, pattern }) => ({ what, pattern: new RegExp(pattern, 'i') }));

/** The reason why a location for plain paths refuses a target; undefined for a plain path. */
export function refusalOf(target: string): string | undefined {
  return readers.find(({ pattern }) => pattern.test(target))?.what;
}
