import { describe, expect, it } from 'vitest';
import { labelTable, roles as allRoles } from '../../../src/model/label-table.ts';
import type { LabelName } from '../../../src/model/label-table.ts';
import { readLabels } from '../../../src/model/labels.ts';
import { container } from '../../support/containers.ts';

type Cases = Readonly<
  Record<LabelName, { readonly accepted: readonly (readonly [string, unknown])[]; readonly refused: readonly string[] }>
>;

/** Texts that no grammar accepts. */
const neverAccepted = [
  '',
  ' ',
  'x;',
  '8000;',
  'a b',
  'a\nb',
  '{',
  '}',
  '$host',
  '8000$host',
  '#',
  '"x"',
  "'x'",
  'x\\',
  'x\0',
  '\u001b[31m',
  'é',
  '８０８３',
  '../..',
  'x'.repeat(5000),
];

const portCases = {
  accepted: [
    ['1', 1],
    ['80', 80],
    ['8000', 8000],
    ['65535', 65_535],
  ],
  refused: ['0', '65536', '99999', '100000', '-1', '+1', '080', '8000.0', '8e3', '0x50', '8000/tcp', '8000,8001', 'http'],
} as const;
const durationCases = {
  accepted: ['1', '300', '300s', '500ms', '5m', '1h', '2d', '999999'].map((text) => [text, text] as const),
  refused: ['0', '0s', '00', '01s', '-1s', '1.5s', '5 s', '1h30m', '5S', '5w', '1y', 's', '1000000', '1e3', 'off'],
};

const cases: Cases = {
  instance: {
    accepted: ['meet', '0', 'a-b_c', 'x'.repeat(63)].map((text) => [text, text] as const),
    refused: ['Meet', '-meet', '_meet', 'meet.prod', 'meet/prod', '..', '.', 'x'.repeat(64), 'meet '],
  },
  service: {
    accepted: ['backend', 'Backend', 'a.b', 'a_b-c', '0', 'x'.repeat(63)].map((text) => [text, text] as const),
    refused: ['-x', '.x', '_x', 'a/b', 'a:b', 'a@b', 'x'.repeat(64)],
  },
  health: {
    accepted: [
      ['docker', { by: 'docker' }],
      ['tcp', { by: 'tcp' }],
      ['none', { by: 'none' }],
      ['http:/', { by: 'http', path: '/' }],
      ['http:/__lbheartbeat__', { by: 'http', path: '/__lbheartbeat__' }],
      ['http:/api/v1.0/config/', { by: 'http', path: '/api/v1.0/config/' }],
    ],
    refused: [
      'TCP',
      'http',
      'http:',
      'http:x',
      'http://host/',
      'http:/a//b',
      'http:/a?b=c',
      'http:/../x',
      'https:/x',
      'tcp:8000',
      'http:/a b',
      'http:/a\r\nX: y',
    ],
  },
  drain: {
    accepted: [
      ['true', true],
      ['false', false],
    ],
    refused: ['yes', '1', 'True', 'TRUE', 'on', ''],
  },
  port: portCases,
  listen: portCases,
  statusPort: portCases,
  hosts: {
    accepted: [
      ['visio.example.com', ['visio.example.com']],
      ['localhost', ['localhost']],
      ['Visio.Example.COM', ['visio.example.com']],
      ['a.example.com, b.example.com', ['a.example.com', 'b.example.com']],
      ['a.example.com,a.example.com', ['a.example.com']],
      [',a.example.com, ,b.example.com,', ['a.example.com', 'b.example.com']],
      ['*.example.com', ['*.example.com']],
      ['xn--mller-kva.example', ['xn--mller-kva.example']],
      ['192.0.2.1', ['192.0.2.1']],
    ],
    refused: [
      ',',
      '-a.example.com',
      'a-.example.com',
      'a..b',
      '.example.com',
      'example.com.',
      'a.*.com',
      '*',
      '*.',
      '~^www',
      '_',
      'a_b.example.com',
      'example.com:443',
      'https://example.com',
      'example.com/x',
      'müller.example',
      `${'a'.repeat(64)}.example`,
      `${'a.'.repeat(130)}example`,
      Array.from({ length: 17 }, (_, index) => `h${index}.example`).join(','),
    ],
  },
  network: {
    accepted: ['meet_default', 'proxy', 'Proxy.1', 'a-b', 'x'.repeat(128)].map((text) => [text, text] as const),
    refused: ['-x', '.x', '_x', 'a/b', 'a:b', 'x'.repeat(129), 'x\nserver{listen 1;}'],
  },
  paths: {
    accepted: [
      [
        '/x',
        {
          replacesPreset: true,
          rules: [
            { kind: 'exact', path: '/x' },
            { kind: 'below', path: '/x/' },
          ],
        },
      ],
      ['/x/', { replacesPreset: true, rules: [{ kind: 'below', path: '/x/' }] }],
      ['=/x', { replacesPreset: true, rules: [{ kind: 'exact', path: '/x' }] }],
      ['=/x/', { replacesPreset: true, rules: [{ kind: 'exact', path: '/x/' }] }],
      ['=/', { replacesPreset: true, rules: [{ kind: 'exact', path: '/' }] }],
      [
        '+/x',
        {
          replacesPreset: false,
          rules: [
            { kind: 'exact', path: '/x' },
            { kind: 'below', path: '/x/' },
          ],
        },
      ],
      ['+=/x', { replacesPreset: false, rules: [{ kind: 'exact', path: '/x' }] }],
      ['+/x/', { replacesPreset: false, rules: [{ kind: 'below', path: '/x/' }] }],
      [
        '+=/x, +=/y',
        {
          replacesPreset: false,
          rules: [
            { kind: 'exact', path: '/x' },
            { kind: 'exact', path: '/y' },
          ],
        },
      ],
      [
        '+=/x,=/y',
        {
          replacesPreset: true,
          rules: [
            { kind: 'exact', path: '/x' },
            { kind: 'exact', path: '/y' },
          ],
        },
      ],
      [
        ',=/x , ,=/y,',
        {
          replacesPreset: true,
          rules: [
            { kind: 'exact', path: '/x' },
            { kind: 'exact', path: '/y' },
          ],
        },
      ],
      ['=/a/b.c/d~e@f:g+h-1', { replacesPreset: true, rules: [{ kind: 'exact', path: '/a/b.c/d~e@f:g+h-1' }] }],
      [`=/${'x'.repeat(255)}`, { replacesPreset: true, rules: [{ kind: 'exact', path: `/${'x'.repeat(255)}` }] }],
    ],
    refused: [
      ' , ',
      '/',
      '+/',
      'x',
      'x/y',
      '//',
      '//x',
      '/x//y',
      '/x//',
      '/.',
      '/..',
      '/x/../y',
      '/x/.',
      '==/x',
      '=+/x',
      '=x',
      '++/x',
      '~/x',
      '^~/x',
      '/x y',
      '/x?y',
      '/x%20y',
      '/x#y',
      '/x*',
      '/x(y)',
      '/x|y',
      '/x&y',
      '/x!',
      '/é',
      `/${'x'.repeat(256)}`,
      Array.from({ length: 65 }, (_, index) => `/p${index}`).join(','),
    ],
  },
  forwardedProto: {
    accepted: [
      ['https', 'https'],
      ['forward', 'forward'],
    ],
    refused: ['http', 'HTTPS', 'https ', 'true'],
  },
  readTimeout: durationCases,
  connectTimeout: durationCases,
  websocket: {
    accepted: [
      ['true', true],
      ['false', false],
    ],
    refused: ['yes', 'TRUE', '1', 'on', 'ws', 'wss'],
  },
  balance: {
    accepted: ['round-robin', 'least-conn', 'ip-hash', 'random-two'].map((text) => [text, text] as const),
    refused: ['least_conn', 'ip_hash', 'random', 'random two', 'Least-conn', 'hash', 'least-conn,ip-hash', '1'],
  },
  keepalive: {
    accepted: [
      ['on', 'on'],
      ['off', 'off'],
    ],
    refused: ['true', 'false', 'Off', 'OFF', '0', 'no', 'close', 'off;'],
  },
  weight: {
    accepted: [
      ['1', 1],
      ['7', 7],
      ['100', 100],
    ],
    refused: ['0', '-1', '101', '1000', '01', '1.5', '1e1', '+1', 'two', '5%'],
  },
  backup: {
    accepted: [
      ['true', true],
      ['false', false],
    ],
    refused: ['yes', 'TRUE', 'True', '1', '0', 'on', 'backup'],
  },
  maxConns: {
    accepted: [
      ['1', 1],
      ['256', 256],
      ['100000', 100_000],
    ],
    refused: ['0', '-1', '100001', '999999', '1000000', '01', '1.5', '1k', 'unlimited'],
  },
  bodySize: {
    accepted: ['0', '1', '100M', '100m', '5k', '5K', '2g', '2G', '999999999'].map((text) => [text, text] as const),
    refused: ['-1', '1.5M', '100MB', '100 M', 'M', '1T', '1000000000', 'unlimited', '0x10'],
  },
  mediaBucket: {
    accepted: ['meet-media-storage', 'abc', 'a.b', '1x1', 'x'.repeat(63)].map((text) => [text, text] as const),
    refused: ['ab', 'x'.repeat(64), 'Meet', '-ab', 'ab-', '.ab', 'ab.', 'a..b', 'a_b', 'a/b', '../x', 'a b', 'a?b', 'a:b', '$host'],
  },
  mediaHost: {
    accepted: [
      ['minio:9000', 'minio:9000'],
      ['MinIO:9000', 'minio:9000'],
      ['s3.example.com', 's3.example.com'],
      ['meet_minio_1:443', 'meet_minio_1:443'],
      ['192.0.2.1:9000', '192.0.2.1:9000'],
    ],
    refused: [
      'http://minio:9000',
      'minio:',
      'minio:0',
      'minio:65536',
      'minio:9000:1',
      ':9000',
      '*.example.com',
      'a..b',
      '-a',
      'a-',
      '[::1]:9000',
      'minio/x',
      'a b',
      '$host',
      `${'a.'.repeat(127)}a`,
    ],
  },
};

/** Spaces around a single value. In a list they are layout, since compose files fold long lists. */
const whitespace = ['8000\n', '\t1', ' https', 'meet '];
const lists: ReadonlySet<LabelName> = new Set(['hosts', 'paths']);

const names = Object.keys(labelTable) as LabelName[];

describe('reading a label', () => {
  for (const name of names) {
    const { key, roles } = labelTable[name];
    const role = roles[0];
    const read = (value: string): ReturnType<typeof readLabels> =>
      readLabels(container({ name: 'c', labels: { 'meet.role': role ?? '', [key]: value } }));

    it.each(cases[name].accepted.map(([text, expected]) => ({ text, expected })))(`${key} takes $text`, ({ text, expected }) => {
      const { labels, problems } = read(text);
      expect(problems).toEqual([]);
      expect(labels).toEqual({ [name]: expected });
    });

    it.each(
      [...cases[name].refused, ...neverAccepted, ...(lists.has(name) ? [] : whitespace)].map((text) => ({
        text,
        shown: JSON.stringify(text).slice(0, 60),
      })),
    )(`${key} refuses $shown, and only that label is lost`, ({ text }) => {
      const { role: kept, labels, problems } = read(text);
      expect(kept).toBe(role);
      expect(labels).toEqual({});
      expect(problems).toMatchObject([{ code: 'bad-label-value', container: 'c', key }]);
      expect(problems[0]?.cure).toContain(labelTable[name].allowed);
      expect(problems[0]?.message).toContain(labelTable[name].fallback);
    });

    it(`${key} has an effect only on its own roles, else a problem`, () => {
      for (const other of allRoles.filter((candidate) => !roles.includes(candidate))) {
        const value = cases[name].accepted[0]?.[0] ?? '';
        const { labels, problems } = readLabels(container({ name: 'c', labels: { 'meet.role': other, [key]: value } }));
        expect(labels).toEqual({});
        expect(problems).toMatchObject([{ code: 'label-without-effect', key, value }]);
      }
    });
  }
});

describe('reading the role', () => {
  it.each(['frontend', 'router', 'backend', 'service', 'media', 'livekit', 'keycloak'])('%s is a role', (role) => {
    expect(readLabels(container({ name: 'c', labels: { 'meet.role': role } }))).toEqual({
      role,
      labels: {},
      flawed: new Set(),
      problems: [],
    });
  });

  it.each([
    ['backed', 'backend'],
    ['front-end', 'frontend'],
    ['Backend', 'backend'],
    ['servcie', 'service'],
  ])('%s is refused, with %s as the hint', (value, meant) => {
    const { role, problems } = readLabels(container({ name: 'c', labels: { 'meet.role': value } }));
    expect(role).toBeUndefined();
    expect(problems).toMatchObject([{ code: 'bad-role', value }]);
    expect(problems[0]?.cure).toContain(`did you mean ${meant}?`);
  });

  it.each(['', ' backend', 'backend;', 'x'.repeat(200), 'celery', 'toString', '__proto__'])(
    '%j is refused, with the known roles',
    (value) => {
      const { role, problems } = readLabels(container({ name: 'c', labels: { 'meet.role': value } }));
      expect(role).toBeUndefined();
      expect(problems).toMatchObject([{ code: 'bad-role' }]);
      expect(problems[0]?.cure).toContain('frontend, router, backend, service');
    },
  );
});

const problemsOf = (key: string): ReturnType<typeof readLabels>['problems'] =>
  readLabels(container({ name: 'c', labels: { 'meet.role': 'backend', [key]: 'x' } })).problems;

describe('reading keys', () => {
  it.each([
    ['meet.prot', 'meet.port'],
    ['meet.path', 'meet.paths'],
    ['meet.Port', 'meet.port'],
    ['meet.read_timeout', 'meet.read-timeout'],
    ['meet.netwrok', 'meet.network'],
    ['meet.hots', 'meet.host'],
    ['meet.hosts', 'meet.host'],
    ['meet.readTimeout', 'meet.read-timeout'],
    ['meet.read.timeout', 'meet.read-timeout'],
    ['meet.bodysize', 'meet.body-size'],
    ['meet.status_port', 'meet.status-port'],
    ['meet.forwarded-portO', 'meet.forwarded-proto'],
    ['meet.insatnce', 'meet.instance'],
    ['meet.helath', 'meet.health'],
    ['meet.ROLE', 'meet.role'],
    // Without the prefix, but meant for meet-gen.
    ['Meet.Port', 'meet.port'],
    ['MEET.READ_TIMEOUT', 'meet.read-timeout'],
    ['meet_port', 'meet.port'],
    ['meet-port', 'meet.port'],
    ['meet:port', 'meet.port'],
    ['met.port', 'meet.port'],
    ['Meet.Role', 'meet.role'],
  ])('%s is unknown, with %s as the hint', (key, meant) => {
    expect(problemsOf(key)).toMatchObject([{ code: 'unknown-label', key, cure: `did you mean ${meant}?` }]);
  });

  it.each(['meet.', 'meet.something-quite-different', 'meet.__proto__', 'meet.constructor', `meet.${'x'.repeat(300)}`])(
    '%s is unknown, without a guess',
    (key) => {
      const [item, ...more] = problemsOf(key);
      expect(more).toEqual([]);
      expect(item?.code).toBe('unknown-label');
      expect(item?.cure).not.toContain('did you mean');
    },
  );

  it.each(['meeting.port', 'meet', 'meet-version', 'com.example.meet.port', 'traefik.enable', 'traefik.port', '__proto__', ''])(
    '%j is not meant for meet-gen, and ignored',
    (key) => {
      expect(problemsOf(key)).toEqual([]);
    },
  );

  it('reports twenty labels one by one, and the others together', () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`meet.x${index}`, 'x']));
    const { labels, problems } = readLabels(container({ name: 'c', labels: { 'meet.role': 'backend', ...many, 'meet.port': '1' } }));
    expect(labels).toEqual({ port: 1 });
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)?.message).toContain('4980 more labels');
  });

  it('reports every bad label of a container, and keeps the good labels', () => {
    const { labels, problems } = readLabels(
      container({ name: 'c', labels: { 'meet.role': 'backend', 'meet.port': 'x', 'meet.bad': 'y', 'meet.paths': '=/z' } }),
    );
    expect(labels).toEqual({ paths: { replacesPreset: true, rules: [{ kind: 'exact', path: '/z' }] } });
    expect(problems.map((item) => item.key)).toEqual(['meet.bad', 'meet.port']);
  });
});

const read = (role: string, key: string, value: string): ReturnType<typeof readLabels> =>
  readLabels(container({ name: 'c', labels: { 'meet.role': role, [key]: value } }));
const below = (path: string): unknown => ({ kind: 'below', path });

describe('a comma list with bad entries', () => {
  it.each([
    ['/a/,b', false, [below('/a/')], 'b', 'b is not allowed in meet.paths; the other entries apply'],
    ['s, /a/, /t;, /b/', false, [below('/a/'), below('/b/')], 's, /t;', 's, /t; are not allowed in meet.paths; the other entries apply'],
    ['+/a/, +b', true, [below('/a/')], '+b', '+b is not allowed in meet.paths; the other entries apply'],
    // A bad entry has no effect, so the preset stays.
    ['+/a/, b', true, [below('/a/')], 'b', 'b is not allowed in meet.paths; the other entries apply'],
    ['/a/, =x', false, [below('/a/')], '=x', '=x is not allowed in meet.paths; the other entries apply'],
    ['/a/, ++/b', false, [below('/a/')], '++/b', '++/b is not allowed in meet.paths; the other entries apply'],
  ])('of paths: %s loses those alone, and they are named', (value, keepsPreset, rules, refused, message) => {
    const { labels, flawed, problems } = read('backend', 'meet.paths', value);
    expect(labels).toEqual({ paths: { replacesPreset: !keepsPreset, rules } });
    expect([...flawed]).toEqual(['meet.paths']);
    expect(problems).toMatchObject([{ code: 'bad-label-value', key: 'meet.paths', value: refused, message }]);
  });

  it('of hosts: loses those alone, and they are named', () => {
    const { labels, problems } = read('frontend', 'meet.host', 'a.example, b_c.example, D.example');
    expect(labels).toEqual({ hosts: ['a.example', 'd.example'] });
    expect(problems).toMatchObject([{ code: 'bad-label-value', key: 'meet.host', value: 'b_c.example' }]);
  });

  it.each([
    ['no entry is good', 's, t'],
    ['too many are good', Array.from({ length: 65 }, (_, index) => `/p${index}`).join(',') + ',x'],
  ])('is refused as a whole where %s', (_, value) => {
    const { labels, flawed, problems } = read('backend', 'meet.paths', value);
    expect(labels).toEqual({});
    expect([...flawed]).toEqual(['meet.paths']);
    expect(problems).toMatchObject([{ code: 'bad-label-value', key: 'meet.paths' }]);
    expect(problems[0]?.message).toContain('the default is');
  });

  it('is not flawed by empty entries', () => {
    expect(read('backend', 'meet.paths', '/a , ,/b,').flawed).toEqual(new Set());
  });

  it.each(['/admin from 10.0.0.0/8, x', '/admin from 10.0.0.0/8, ,192.0.2.7'])('of networks closes the path: %s', (value) => {
    const { labels } = read('backend', 'meet.allow.a', value);
    expect(labels.allow).toMatchObject({ rules: [{ networks: [] }], closesAll: false });
  });
});
