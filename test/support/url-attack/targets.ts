import { seededRandom } from '../seeded-random.ts';

// Request targets that depend only on the seed. All begin with a slash, without white space.

const words = (text: string): readonly string[] => text.trim().split(/\s+/);
const none = ['', '', '', ''];

const dots = words(String.raw`
  . .. %2e %2E %2e%2e .%2e %2E. %252e %252E%252e .%252e %25%32%65 %25252e ..; ..;x=1 .; %2e%2e;a ...
`);
const slashes = words(String.raw`
  / / / / / // /// \ /\ \/ %2f %2F %5c %5C /%2f %2f/ %252f %252F %255c %25%32%66 %25%32f %252%46 ;/ /;/ /;a/ /%3b/
`);
const names = words(`
  admin admin admin users help pub x a.b app api free media recordings
  %61dmin %2561dmin adm%69n adm%2569n admi%256E %25%36%31dmin Admin admin;x admin%20 é %c3%a9
`);
const ends = [...none, ...words('?x ?/../admin ?u=https://a.example//b #x #/../admin %3f %23 %00 % %zz %09 / /. /..')];
const fronts = words(String.raw`
  /app /app /app /app/admin /app/admin/help /app/x /api /admin /s /s/admin /free /media/recordings
  / //service /x /%61pp /app%2f.. /\service
`);

type Random = () => number;
const pick = (random: Random, from: readonly string[]): string => from[Math.floor(random() * from.length)] ?? '';

/**
 * Targets with constructions that were ever misread, most of them near a guarded path. A tenth have plain slashes and
 * names.
 */
export function hostileTargets(seed: number, count: number): readonly string[] {
  const random = seededRandom(seed);
  const oddPiece = (): string => pick(random, slashes) + pick(random, random() < 0.5 ? dots : names);
  const mildPiece = (): string => `/${pick(random, names)}`;
  return Array.from({ length: count }, () => {
    const pieces = Array.from({ length: 1 + Math.floor(random() * 5) }, random() < 0.1 ? mildPiece : oddPiece);
    return pick(random, fronts) + pieces.join('') + pick(random, ends);
  });
}

const plainNames = words(`
  x users a.b .well-known ... ..a a.. .a file%2etxt %2ehidden %2e%2e%2e Caf%C3%A9 %e4%bd%a0%e5%a5%bd é a%20b %2520 100%25
  5%25-%25 %25C3%25A9 a+b a,b @x a:b ~x it's (1) * ! $ &= a;b=c a; What%3F %23x %5b1%5d v1.0 | adminx administrators
`);
const queries = [
  ...none,
  ...words(String.raw`
    ? ?x=1 ?next=//a.example/../b ?iss=https%3A%2F%2Fid.example%2Frealms ?p=..\x ?%2e%2e/%252f ?a=1?b=// ?u=https://a.example/./b ?a#//
  `),
];

/** Targets as browsers and services send them: plain names below these paths. */
export function ordinaryTargets(seed: number, count: number, below: readonly string[]): readonly string[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const segments = Array.from({ length: 1 + Math.floor(random() * 4) }, () => `/${pick(random, plainNames)}`);
    return pick(random, below) + segments.join('') + (random() < 0.3 ? '/' : '') + pick(random, queries);
  });
}
