import { describe, expect, it } from 'vitest';
import type { Edition } from '../../../src/rollout/edition.ts';
import { findBest } from '../../../src/rollout/search.ts';
import type { Finding } from '../../../src/rollout/search.ts';
import { edition, pathsOf } from './sketch.ts';

/** nginx's reason to refuse an edition; undefined if it accepts the edition. */
type Nginx = (edition: Edition) => string | undefined;

/** Asks until the search ends. */
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

/** Refuses these paths while a service answers them, and names only the first, as nginx does. */
const naming =
  (...paths: readonly string[]): Nginx =>
  (one) => {
    const bad = pathsOf(one).find((path) => paths.includes(path));
    return bad === undefined ? undefined : `[emerg] host not found in upstream "meet_meet.${bad.slice(1)}"`;
  };
/** Refuses without a reason. */
const silent =
  (refuses: (edition: Edition) => boolean): Nginx =>
  (one) =>
    refuses(one) ? '' : undefined;
const onIpv4 = silent(({ structure }) => structure.listensOnIpv6 === true);
/** New templates have a fault inside the first location. */
const inFirst: Nginx = ({ templates }) => (templates === 'new' ? '[emerg] no, upstream "meet_meet.api"' : undefined);
const inServerAndBad: Nginx = (one) => (one.templates === 'new' ? '[emerg] unknown directive' : naming('/bad')(one));
const inTimes: Nginx = (one) => (pathsOf(one).includes('/files:0s') ? '[emerg] no, upstream "meet_meet.files"' : undefined);
const onIpv6AndBad: Nginx = (one) => onIpv4(one) ?? naming('/bad')(one);
const good = edition('old', ['/api', '/files']);

describe('the best edition that nginx accepts', () => {
  it('is the wanted edition, after one question, if nginx accepts it', () => {
    const wanted = edition('new', ['/api', '/more']);
    expect(ask(wanted, good, () => undefined)).toEqual({ best: wanted, asked: 1 });
  });

  it('needs no question if it is the good edition', () => {
    expect(ask(good, good, () => 'no')).toEqual({ best: good, asked: 0 });
  });

  it('has 503 at the location that nginx names', () => {
    const { best, asked, words } = ask(edition('old', ['/api', '/files', '/bad', '/c']), good, naming('/bad'));
    expect([pathsOf(best as Edition), asked]).toEqual([['/api', '/files', '/bad!', '/c'], 2]);
    expect(words).toEqual(Array.from({ length: 2 }, () => '[emerg] host not found in upstream "meet_meet.bad"'));
  });

  it('has 503 at several locations that nginx names one by one', () => {
    const { best, asked, words } = ask(edition('old', ['/api', '/a', '/b', '/c']), good, naming('/a', '/c'));
    expect([pathsOf(best as Edition), asked]).toEqual([['/api', '/a!', '/b', '/c!'], 3]);
    expect(words?.join(' ')).toContain('meet_meet.c');
  });

  it('is the good edition if nginx names too many locations', () => {
    const paths = Array.from({ length: 20 }, (_, index) => `/p${index}`);
    expect(ask(edition('old', paths), good, naming(...paths))).toEqual({ best: good, asked: 9 });
  });

  it('is the good edition if nginx names no location', () => {
    const nginx = silent((one) => pathsOf(one).includes('/bad'));
    expect(ask(edition('old', ['/api', '/files', '/a', '/bad', '/c']), good, nginx)).toEqual({ best: good, asked: 1 });
  });

  it('has 503, not the earlier location, at a changed location that nginx names', () => {
    expect(pathsOf(ask(edition('old', ['/api', '/files:0s']), good, inTimes).best as Edition)).toEqual(['/api', '/files!']);
  });

  it('has the last good templates if the new templates are refused', () => {
    const { best, asked } = ask(
      edition('new', ['/api', '/more']),
      good,
      silent(({ templates }) => templates === 'new'),
    );
    expect([best, asked]).toEqual([edition('old', ['/api', '/more']), 2]);
  });

  it('keeps every location if new templates have a fault inside one', () => {
    expect(ask(edition('new', ['/api', '/more']), good, inFirst).best).toEqual(edition('old', ['/api', '/more']));
  });

  it('has the last good templates and a 503 if template and location are refused', () => {
    const { best, words } = ask(edition('new', ['/api', '/bad']), good, inServerAndBad);
    expect([best?.templates, pathsOf(best as Edition)]).toEqual(['old', ['/api', '/bad!']]);
    expect(words).toContain('[emerg] unknown directive');
  });

  it('has IPv4 only if a container lacks IPv6, even without a good edition', () => {
    const settings = { listensOnIpv6: true } as const;
    const paths = ['/api', '/more'];
    for (const known of [good, undefined])
      expect(ask(edition('old', paths, settings), known, onIpv4)).toMatchObject({ best: edition('old', paths), asked: 2 });
  });

  it('has IPv4 only and a 503 if both are refused', () => {
    expect(ask(edition('old', ['/a', '/bad'], { listensOnIpv6: true }), undefined, onIpv6AndBad).best).toEqual(
      ask(edition('old', ['/a', '/bad']), undefined, naming('/bad')).best,
    );
  });

  it('keeps IPv6 if it was accepted before', () => {
    const settings = { listensOnIpv6: true } as const;
    const asked: boolean[] = [];
    const nginx: Nginx = (one) => (asked.push(one.structure.listensOnIpv6 === true), naming('/bad')(one));
    ask(edition('old', ['/api', '/bad'], settings), edition('old', ['/api'], settings), nginx);
    expect(asked).toEqual([true, true]);
  });

  it('is the good edition, without words about parts, if every part is refused', () => {
    expect(ask(edition('new', ['/x']), good, () => 'no')).toEqual({ best: good, asked: 2 });
  });

  it('is missing if nginx accepts nothing and no edition was good', () => {
    expect(ask(edition('new', ['/x']), undefined, () => 'no').best).toBeUndefined();
  });

  it('is the earlier edition if no edition was good and nginx accepts that', () => {
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

  it('is found without a question after it has become the good edition', () => {
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
