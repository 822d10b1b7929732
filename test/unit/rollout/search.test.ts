import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Edition } from '../../../src/rollout/edition.ts';
import { findBest } from '../../../src/rollout/search.ts';
import { edition, pathsOf } from './sketch.ts';

type Nginx = (edition: Edition) => boolean;

/** Asks until there is nothing more to ask. */
function ask(
  wanted: Edition,
  good: Edition | undefined,
  nginx: Nginx,
  suspects: readonly string[] = [],
  hasTemplates: (key: string) => boolean = () => true,
): { best: Edition | undefined; asked: number } {
  const answers = new Map<string, boolean>();
  for (;;) {
    const { best, next } = findBest(wanted, { good, hasTemplates, accepts: ({ key }) => answers.get(key), suspects });
    if (next === undefined) return { best, asked: answers.size };
    if (answers.has(next.key)) throw new Error('asked twice about the same');
    answers.set(next.key, nginx(next));
  }
}

const refusing =
  (...paths: readonly string[]): Nginx =>
  (one) =>
    !pathsOf(one).some((path) => paths.includes(path));
const refusingTemplatesAndBad: Nginx = (one) => one.templates === 'old' && refusing('/bad', '/bad!')(one);
const onIpv4: Nginx = ({ structure }) => structure.listensOnIpv6 === undefined;
const good = edition('old', ['/api', '/files']);

describe('the best edition that nginx accepts', () => {
  it('is the wanted one, after one question, where nothing is wrong with it', () => {
    const wanted = edition('new', ['/api', '/more']);
    expect(ask(wanted, good, () => true)).toEqual({ best: wanted, asked: 1 });
  });

  it('is not asked about where it is the good one', () => {
    expect(findBest(good, { good, hasTemplates: () => true, accepts: () => undefined, suspects: [] })).toEqual({ best: good });
  });

  it('is never sought with templates that are gone, and the good one is the last resort', () => {
    const seen: string[] = [];
    const nginx: Nginx = ({ templates }) => (seen.push(templates), false);
    expect(ask(edition('new', ['/api', '/more']), good, nginx, [], (key) => key === 'new').best).toBe(good);
    expect(new Set(seen)).toEqual(new Set(['new']));
  });

  it('is the wanted one with the last good templates, where the new ones are at fault', () => {
    const { best } = ask(edition('new', ['/api', '/more']), good, ({ templates }) => templates === 'old');
    expect(best).toEqual(edition('old', ['/api', '/more']));
  });

  it('is the wanted one on IPv4 alone, where a container is kept from IPv6, also with nothing good known', () => {
    const settings = { listensOnIpv6: true } as const;
    const paths = ['/api', '/more'];
    for (const known of [good, undefined]) {
      expect(ask(edition('old', paths, settings), known, onIpv4)).toEqual({ best: edition('old', paths), asked: 2 });
    }
  });

  it('is never sought on IPv4 alone where IPv6 was good before', () => {
    const settings = { listensOnIpv6: true } as const;
    const asked: boolean[] = [];
    const nginx: Nginx = (one) => (asked.push(one.structure.listensOnIpv6 === true), refusing('/bad')(one));
    ask(edition('old', ['/api', '/bad'], settings), edition('old', ['/api'], settings), nginx);
    expect(asked.length).toBeGreaterThan(1);
    expect(asked).not.toContain(false);
  });

  it('is all but the location at fault, which answers 503 where that is accepted', () => {
    const { best } = ask(edition('old', ['/api', '/files', '/a', '/bad', '/c']), good, refusing('/bad'));
    expect(pathsOf(best as Edition)).toEqual(['/api', '/files', '/a', '/bad!', '/c']);
  });

  it('is all but the location at fault, which is away where nothing else is accepted', () => {
    const { best } = ask(edition('old', ['/api', '/files', '/a', '/bad', '/c']), good, refusing('/bad', '/bad!'));
    expect(pathsOf(best as Edition)).toEqual(['/api', '/files', '/a', '/c']);
  });

  it('leaves a location as it was before, where only its change is at fault', () => {
    const { best } = ask(edition('old', ['/api', '/files:0s', '/a']), good, refusing('/files:0s'));
    expect(pathsOf(best as Edition)).toEqual(['/api', '/files', '/a']);
  });

  it('has the settings of before, where those are at fault, and the new routes', () => {
    const { best } = ask(edition('old', ['/api', '/a'], { listenPort: 80 }), good, ({ structure }) => structure.listenPort !== 80);
    expect(best?.structure.listenPort).toBe(8083);
    expect(pathsOf(best as Edition)).toEqual(['/api', '/a']);
  });

  it('has the templates of before and lacks the location, where both are at fault', () => {
    const { best } = ask(edition('new', ['/api', '/a', '/bad']), good, refusingTemplatesAndBad);
    expect(best?.templates).toBe('old');
    expect(pathsOf(best as Edition)).toEqual(['/api', '/a']);
  });

  it('is the good one, where nothing of the change is accepted', () => {
    expect(ask(edition('new', ['/x']), good, () => false).best).toEqual(good);
  });

  it('is nothing, where nothing is accepted and nothing was good', () => {
    expect(ask(edition('new', ['/x']), undefined, () => false).best).toBeUndefined();
  });

  it('is found where nothing was good before', () => {
    const { best } = ask(edition('new', ['/a', '/bad', '/c']), undefined, refusing('/bad'));
    expect(pathsOf(best as Edition)).toEqual(['/a', '/bad!', '/c']);
  });

  it('is found at once where nginx names the location', () => {
    const paths = Array.from({ length: 200 }, (_, index) => `/p${index}`);
    const { best, asked } = ask(edition('old', [...paths, '/bad']), good, refusing('/bad'), ['exact /bad']);
    expect(pathsOf(best as Edition)).toEqual([...paths, '/bad!']);
    expect(asked).toBeLessThanOrEqual(3);
  });

  it('is found in spite of a suspicion that is wrong', () => {
    const { best } = ask(edition('old', ['/api', '/a', '/bad']), good, refusing('/bad'), ['exact /a', 'exact /nowhere']);
    expect(pathsOf(best as Edition)).toEqual(['/api', '/a', '/bad!']);
  });

  it('keeps a location as it was whose service is wanted no more elsewhere', () => {
    const before = edition('old', ['/files']);
    const moved = edition('old', ['/files'], {
      services: [{ name: 'meet_meet.other', title: 'meet/other' }],
      groups: [{ title: 'meet/other', locations: [{ kind: 'exact', path: '/files', upstream: 'meet_meet.other' }] }],
    });
    const { best } = ask(moved, before, ({ structure }) => structure.groups[0]?.locations[0]?.upstream !== 'meet_meet.other');
    expect(best?.structure.services.map(({ name }) => name)).toContain('meet_meet.files');
  });

  it('is accepted, holds every harmless location, and costs few questions, whatever is at fault', () => {
    const paths = Array.from({ length: 40 }, (_, index) => `/p${index}`);
    const some = fc.subarray(paths, { maxLength: 4 });
    fc.assert(
      fc.property(fc.subarray(paths), fc.subarray(paths, { minLength: 1 }), some, fc.boolean(), (before, after, faulty, templatesToo) => {
        const hasGood = before.length > 0 && !before.some((path) => faulty.includes(path));
        const last = hasGood ? edition('old', before) : undefined;
        const nginx: Nginx = (one) => refusing(...faulty)(one) && !(templatesToo && hasGood && one.templates === 'new');
        const { best, asked } = ask(edition('new', after), last, nginx);
        if (best === undefined) throw new Error('there is always something');
        expect(nginx(best)).toBe(true);
        expect(pathsOf(best)).toEqual(after.map((path) => (faulty.includes(path) ? `${path}!` : path)));
        expect(asked).toBeLessThanOrEqual(4 + 14 * (1 + faulty.length));
      }),
      { numRuns: 300 },
    );
  });
});
