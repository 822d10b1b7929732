import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findDebianMirror } from '../../providers/debian/apt-sources.ts';
import { NotProvided } from '../../providers/not-provided.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mg-apt-'));
});
afterEach(() => rmSync(root, { recursive: true }));

type Files = Readonly<Record<string, string>>;

function write(files: Files): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const stanza = (...fields: readonly string[]): string =>
  ['Types: deb', 'URIs: http://mirror.example/debian', 'Suites: bookworm bookworm-updates', 'Components: main', ...fields].join('\n');
const securityStanza = [
  'Types: deb',
  'URIs: http://mirror.example/debian-security',
  'Suites: bookworm-security',
  'Components: main',
  `Signed-By: ${keyring}`,
].join('\n');
const plain = { uri: 'http://mirror.example/debian', options: '' };

const found: readonly [what: string, files: Files, expected: { readonly uri: string; readonly options: string }][] = [
  ['a classic line', { 'sources.list': 'deb http://mirror.example/debian bookworm main contrib\n' }, plain],
  [
    'a classic line with options',
    { 'sources.list': 'deb [ arch=amd64 signed-by=/k.gpg ] https://mirror.example/debian bookworm main # ours\n' },
    { uri: 'https://mirror.example/debian', options: '[ arch=amd64 signed-by=/k.gpg ]' },
  ],
  [
    'a classic line after a disc, sources and a comment',
    {
      'sources.list':
        'deb cdrom:[Debian 12 _Bookworm_]/ bookworm main\ndeb-src http://mirror.example/src bookworm main\n# deb http://old.example/debian bookworm main\n' +
        'deb http://mirror.example/debian bookworm main\n',
    },
    plain,
  ],
  ['deb822', { 'sources.list.d/debian.sources': stanza() }, plain],
  [
    'deb822 with a keyring',
    { 'sources.list.d/debian.sources': `${stanza(`Signed-By: ${keyring}`)}\n\n${securityStanza}\n` },
    { ...plain, options: `[signed-by=${keyring}]` },
  ],
  [
    'deb822 of a mirror that is trusted, and of an old snapshot',
    { 'sources.list.d/debian.sources': stanza('Trusted: yes', 'Check-Valid-Until: no') },
    { ...plain, options: '[trusted=yes check-valid-until=no]' },
  ],
  [
    'deb822 with comments, continued lines and a key of its own',
    {
      'sources.list.d/debian.sources':
        'Types: deb deb-src\n# a comment\nURIs:\n http://mirror.example/debian\n http://second.example/debian\nSUITES:\n bookworm\nComponents: main\n' +
        'Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQIN\n -----END PGP PUBLIC KEY BLOCK-----\n',
    },
    plain,
  ],
  [
    'the stanza that is enabled',
    {
      'sources.list.d/debian.sources': `${stanza('Enabled: no').replace('mirror', 'old')}\n\n${stanza('Enabled: yes')}`,
    },
    plain,
  ],
  [
    'a list of mirrors in a file',
    {
      'mirrors/debian.list': '# nearest first\nhttp://mirror.example/debian priority:1\nhttp://second.example/debian\n',
      'sources.list.d/debian.sources': 'Types: deb\nURIs: mirror+file://ROOT/mirrors/debian.list\nSuites: bookworm\nComponents: main\n',
    },
    plain,
  ],
  [
    'Debian, not another vendor that names suites after it',
    {
      'sources.list.d/adoptium.list': 'deb https://vendor.example/deb bookworm main\n',
      'sources.list.d/debian.sources': stanza(),
    },
    plain,
  ],
  [
    'a mirror of another name',
    { 'sources.list': 'deb http://mirror.example/os bookworm main\n' },
    { uri: 'http://mirror.example/os', options: '' },
  ],
  ['a moving name', { 'sources.list': 'deb http://mirror.example/debian stable main\n' }, plain],
  [
    'the release before a moving name',
    { 'sources.list': 'deb http://testing.example/debian testing main\ndeb http://mirror.example/debian bookworm main\n' },
    plain,
  ],
];

test.each(found)('for the running release: %s', (_, files, expected) => {
  write(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.replace('ROOT', root)])));
  expect(findDebianMirror('bookworm', 'bookworm', root)).toEqual(expected);
});

describe('another suite', () => {
  const release = { 'sources.list.d/debian.sources': `${stanza()}\n\n${securityStanza}\n` };
  const security = { uri: 'http://mirror.example/debian-security', options: `[signed-by=${keyring}]` };

  test.each([
    ['trixie', plain],
    ['bookworm-security', security],
    ['trixie-security', security],
  ])('%s is on the same mirror as that of the running release', (suite, expected) => {
    write(release);
    expect(findDebianMirror(suite, 'bookworm', root)).toEqual(expected);
  });

  test('is on its own mirror where apt has one', () => {
    write({ ...release, 'sources.list': 'deb http://own.example/debian trixie main\n' });
    expect(findDebianMirror('trixie', 'bookworm', root)).toEqual({ uri: 'http://own.example/debian', options: '' });
  });
});

const refused: readonly [what: string, files: Files][] = [
  ['no sources at all', {}],
  ['another component', { 'sources.list': 'deb http://mirror.example/debian bookworm contrib # main\n' }],
  ['sources only', { 'sources.list': 'deb-src http://mirror.example/debian bookworm main\n' }],
  ['a file that apt does not read', { 'sources.list.d/debian.sources.disabled': stanza() }],
  ['a disabled stanza', { 'sources.list.d/debian.sources': stanza('Enabled: false') }],
  ['a disc', { 'sources.list': 'deb cdrom:[Debian 12]/ bookworm main\n' }],
  ['another release', { 'sources.list': 'deb http://mirror.example/debian bullseye main\n' }],
];

test.each(refused)('no mirror: %s', (_, files) => {
  write(files);
  expect(() => findDebianMirror('bookworm', 'bookworm', root)).toThrow(NotProvided);
});
