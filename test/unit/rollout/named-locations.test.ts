import { describe, expect, it } from 'vitest';
import type { LocationView } from '../../../src/routes/view.ts';
import { editionOf } from '../../../src/rollout/edition.ts';
import type { Edition } from '../../../src/rollout/edition.ts';
import { withoutNamed } from '../../../src/rollout/named-locations.ts';
import { structure } from './sketch.ts';

const content = `upstream meet_meet.files {
    server 10.0.0.1:80;
}
server {
    listen 8083;
    location = /api {
        proxy_pass http://meet_meet.api; # {
    }
    location ^~ /files/ {
        types { }
        bad on;
    }
    location = /files {
        return 503;
    }
}
`;
const shape = structure(['/api', '/files'], {
  services: [],
  groups: [
    { title: 'meet/api', locations: [{ kind: 'exact', path: '/api', upstream: 'meet_meet.api' }] },
    {
      title: 'meet/files',
      locations: [
        { kind: 'exact', path: '/files', upstream: 'meet_meet.files' },
        { kind: 'below', path: '/files/', upstream: 'meet_meet.files' },
      ],
    },
  ],
});

/** The result for each location: its service, `503`, or `-` if it is missing. */
function fateOf(wanted: Edition, less: Edition | undefined): Readonly<Record<string, string>> {
  const found = (less ?? wanted).structure.groups.flatMap(({ locations }) => locations);
  const asked = wanted.structure.groups.flatMap(({ locations }) => locations);
  return Object.fromEntries(
    asked.map(({ kind, path, upstream }) => {
      const one = found.find((other) => other.kind === kind && other.path === path);
      const answer = one === undefined ? '-' : (one.upstream ?? '503');
      return [`${kind} ${path}`, answer === upstream ? 'as wanted' : answer];
    }),
  );
}

const wanted = editionOf('t', shape);

describe('the locations that nginx points at', () => {
  it.each([
    ['by a line inside', 'unknown directive "bad" in /etc/nginx/meet-routing/routing.conf:11', ['below /files/']],
    ['by its last line', 'oh in /etc/nginx/meet-routing/routing.conf:12', ['below /files/']],
    ['by its first line', 'oh in /etc/nginx/meet-routing/meet/routing.conf:6', ['exact /api']],
    ['by a line of its upstream', 'oh in /etc/nginx/meet-routing/routing.conf:2', ['exact /files', 'below /files/']],
    ['by the name of its upstream', 'no servers in upstream "meet_meet.api"', ['exact /api']],
    ['by a duplicate path in the file', 'duplicate location "/files" in /etc/nginx/meet-routing/routing.conf:5', ['exact /files']],
    ['by a duplicate path in another file', 'duplicate location "/files" in /etc/nginx/conf.d/own.conf:5', ['exact /files']],
    ['none, by a line of the server', 'oh in /etc/nginx/meet-routing/routing.conf:5', []],
    ['none, by a line of another file', 'oh in /etc/nginx/conf.d/default.conf:11', []],
    ['none, by a line beyond the end', 'oh in /etc/nginx/meet-routing/routing.conf:9999', []],
    ['none, without words', '', []],
  ])('answer 503: %s', (_, words, expected) => {
    const less = withoutNamed(wanted, { words, content });
    const answered = Object.entries(fateOf(wanted, less)).filter(([, fate]) => fate !== 'as wanted');
    expect(answered).toEqual(expected.map((key) => [key, '503']));
    expect(less === undefined).toBe(expected.length === 0);
  });

  it('are unchanged if they already answer 503', () => {
    const words = 'duplicate location "/files" in /etc/nginx/conf.d/own.conf:5';
    const less = withoutNamed(wanted, { words, content });
    expect(less).toBeDefined();
    expect(less === undefined ? less : withoutNamed(less, { words, content })).toBeUndefined();
  });
});

const inSnippet = (path: string): string => `[emerg] duplicate location "${path}" in /tmp/x/meet-routing.d/own.conf:1`;
const having = (...locations: readonly LocationView[]): Edition =>
  editionOf('t', structure([], { services: [], groups: [{ title: 'meet', locations }] }));

describe("a location that the user's snippet has too", () => {
  const upstream = 'meet_meet.files';

  it('stays with the snippet: nginx would refuse the 503 too', () => {
    const less = withoutNamed(wanted, { words: inSnippet('/files'), content });
    expect(fateOf(wanted, less)).toEqual({ 'exact /api': 'as wanted', 'exact /files': '-', 'below /files/': 'as wanted' });
  });

  it.each<[string, LocationView]>([
    ['limited to networks', { kind: 'below', path: '/files/', upstream, allow: ['10.0.0.0/8'] }],
    ['closed', { kind: 'below', path: '/files/', upstream, allow: [] }],
    [
      'a media location',
      {
        kind: 'below',
        path: '/media/files/',
        upstream,
        media: { auth: 'meet_meet.backend', authPath: '/api/', storagePath: '/b/files/', host: 's3' },
      },
    ],
  ])('never stays with the snippet if it is %s', (_, location) => {
    const edition = having(location);
    expect(Object.values(fateOf(edition, withoutNamed(edition, { words: inSnippet(location.path), content })))).toEqual(['503']);
  });

  it('never stays with the snippet if an exact and a prefix location have its path', () => {
    const edition = having({ kind: 'exact', path: '/x/', upstream }, { kind: 'below', path: '/x/', upstream });
    expect(Object.values(fateOf(edition, withoutNamed(edition, { words: inSnippet('/x/'), content })))).toEqual(['503', '503']);
  });
});
