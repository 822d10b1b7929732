import { describe, expect, it } from 'vitest';
import type { Edition } from '../../../src/rollout/edition.ts';
import { findBest } from '../../../src/rollout/search.ts';
import type { Finding } from '../../../src/rollout/search.ts';
import { edition, pathsOf } from './sketch.ts';

/** Why it refuses an edition; undefined where it accepts it. */
type Nginx = (edition: Edition) => string | undefined;

/** Asks until there is nothing more to ask. */
function ask(wanted: Edition, good: Edition | undefined, nginx: Nginx, earlier?: Edition): Omit<Finding, 'next'> & { asked: number } {
  const answers = new Map<string, string | undefined>();
  for (;;) {
    const { next, ...found } = findBest(wanted, {
      good,
      earlier,
      verdictOf({ key }) {
        const words = answers.get(key);
        return answers.has(key) ? { accepted: words === undefined, words: words ?? '', content: '' } : undefined;
      },
    });
    if (next === undefined) return { ...found, asked: answers.size };
    if (answers.has(next.key)) throw new Error('asked twice about the same');
    answers.set(next.key, nginx(next));
  }
}

/** Refuses these paths, each while a service answers it, and names the first alone, as nginx does. */
const naming =
  (...paths: readonly string[]): Nginx =>
  (one) => {
    const bad = pathsOf(one).find((path) => paths.includes(path));
    return bad === undefined ? undefined : `[emerg] host not found in upstream "meet_meet.${bad.slice(1)}"`;
  };
/** Says nothing but no. */
const silent =
  (refuses: (edition: Edition) => boolean): Nginx =>
  (one) =>
    refuses(one) ? '' : undefined;
const onIpv4 = silent(({ structure }) => structure.listensOnIpv6 === true);
/** New templates are at fault inside of the first location. */
const inFirst: Nginx = ({ templates }) => (templates === 'new' ? '[emerg] no, upstream "meet_meet.api"' : undefined);
const inServerAndBad: Nginx = (one) => (one.templates === 'new' ? '[emerg] unknown directive' : naming('/bad')(one));
const inTimes: Nginx = (one) => (pathsOf(one).includes('/files:0s') ? '[emerg] no, upstream "meet_meet.files"' : undefined);
const onIpv6AndBad: Nginx = (one) => onIpv4(one) ?? naming('/bad')(one);
const good = edition('old', ['/api', '/files']);

describe('the best edition that nginx accepts', () => {
  it('is the wanted one, after one question, where nothing is wrong with it', () => {
    const wanted = edition('new', ['/api', '/more']);
    expect(ask(wanted, good, () => undefined)).toEqual({ best: wanted, asked: 1 });
  });

  it('is not asked about where it is the good one', () => {
    expect(ask(good, good, () => 'no')).toEqual({ best: good, asked: 0 });
  });

  it('is all but the location that nginx names, which answers 503', () => {
    const { best, asked, words } = ask(edition('old', ['/api', '/files', '/bad', '/c']), good, naming('/bad'));
    expect([pathsOf(best as Edition), asked]).toEqual([['/api', '/files', '/bad!', '/c'], 2]);
    expect(words).toEqual(Array.from({ length: 2 }, () => '[emerg] host not found in upstream "meet_meet.bad"'));
  });

  it('is all but several locations, of which nginx names one after the other', () => {
    const { best, asked, words } = ask(edition('old', ['/api', '/a', '/b', '/c']), good, naming('/a', '/c'));
    expect([pathsOf(best as Edition), asked]).toEqual([['/api', '/a!', '/b', '/c!'], 3]);
    expect(words?.join(' ')).toContain('meet_meet.c');
  });

  it('is the good one as a whole where nginx names more and more', () => {
    const paths = Array.from({ length: 20 }, (_, index) => `/p${index}`);
    expect(ask(edition('old', paths), good, naming(...paths))).toEqual({ best: good, asked: 9 });
  });

  it('is the good one as a whole where nothing is named: no halves of a change are tried', () => {
    const nginx = silent((one) => pathsOf(one).includes('/bad'));
    expect(ask(edition('old', ['/api', '/files', '/a', '/bad', '/c']), good, nginx)).toEqual({ best: good, asked: 1 });
  });

  it('has no location as it was before: the change of a location that nginx names is 503', () => {
    expect(pathsOf(ask(edition('old', ['/api', '/files:0s']), good, inTimes).best as Edition)).toEqual(['/api', '/files!']);
  });

  it('is the wanted one with the last good templates, where the new ones are at fault', () => {
    const { best, asked } = ask(
      edition('new', ['/api', '/more']),
      good,
      silent(({ templates }) => templates === 'new'),
    );
    expect([best, asked]).toEqual([edition('old', ['/api', '/more']), 2]);
  });

  it('has every location where new templates are at fault inside of one', () => {
    expect(ask(edition('new', ['/api', '/more']), good, inFirst).best).toEqual(edition('old', ['/api', '/more']));
  });

  it('has the templates of before and lacks the location, where both are at fault', () => {
    const { best, words } = ask(edition('new', ['/api', '/bad']), good, inServerAndBad);
    expect([best?.templates, pathsOf(best as Edition)]).toEqual(['old', ['/api', '/bad!']]);
    expect(words).toContain('[emerg] unknown directive');
  });

  it('is the wanted one on IPv4 alone, where a container is kept from IPv6, also with nothing good known', () => {
    const settings = { listensOnIpv6: true } as const;
    const paths = ['/api', '/more'];
    for (const known of [good, undefined])
      expect(ask(edition('old', paths, settings), known, onIpv4)).toMatchObject({ best: edition('old', paths), asked: 2 });
  });

  it('is on IPv4 alone and lacks what nginx names, where both are at fault', () => {
    expect(ask(edition('old', ['/a', '/bad'], { listensOnIpv6: true }), undefined, onIpv6AndBad).best).toEqual(
      ask(edition('old', ['/a', '/bad']), undefined, naming('/bad')).best,
    );
  });

  it('is never sought on IPv4 alone where IPv6 was good before', () => {
    const settings = { listensOnIpv6: true } as const;
    const asked: boolean[] = [];
    const nginx: Nginx = (one) => (asked.push(one.structure.listensOnIpv6 === true), naming('/bad')(one));
    ask(edition('old', ['/api', '/bad'], settings), edition('old', ['/api'], settings), nginx);
    expect(asked).toEqual([true, true]);
  });

  it('is the good one, where nothing of the change is accepted, and then nothing is said of parts', () => {
    expect(ask(edition('new', ['/x']), good, () => 'no')).toEqual({ best: good, asked: 2 });
  });

  it('is nothing, where nothing is accepted and nothing was good', () => {
    expect(ask(edition('new', ['/x']), undefined, () => 'no').best).toBeUndefined();
  });

  it('is what was published earlier, with nothing good, if that is accepted', () => {
    const earlier = edition('old', ['/api']);
    const nginx = silent(({ templates }) => templates === 'new');
    expect(ask(edition('new', ['/x']), undefined, nginx, earlier).best).toEqual(edition('old', ['/x']));
    expect(
      ask(
        edition('new', ['/x']),
        undefined,
        silent((one) => one.key !== earlier.key),
        earlier,
      ).best,
    ).toBe(earlier);
  });

  it('is found again without a question when it has become the good one', () => {
    const wanted = edition('new', ['/api', '/bad'], { listensOnIpv6: true });
    const nginxes: readonly Nginx[] = [naming('/bad'), onIpv4, silent(({ templates }) => templates === 'new'), inServerAndBad];
    for (const nginx of nginxes) {
      const { best } = ask(wanted, edition('old', ['/api']), nginx);
      expect(best).not.toEqual(edition('old', ['/api']));
      const seen: Edition[] = [];
      expect(ask(wanted, best, (one) => (seen.push(one), nginx(one))).best).toEqual(best);
      expect(seen).not.toContainEqual(best);
    }
  });
});
