import type { Container } from '../../src/model/container.ts';
import { backend, container, filesService, frontend, observe } from '../support/containers.ts';
import { renderWorld } from '../support/render-world.ts';

type LabelValues = Readonly<Record<string, readonly string[]>>;

const host = (letter: string, length: number): string => `${letter.repeat(length - 4)}.org`;
const sixteen = (make: (letter: string) => string): string => Array.from('abcdefghijklmnop', make).join(',');

/** The limits of each grammar, and values that conflict with each other. */
const ofFrontends: LabelValues = {
  'meet.port': ['1', '8080', '8083', '8084', '65535'],
  'meet.listen': ['1', '8080', '8083', '8084', '65535'],
  'meet.status-port': ['1', '8080', '8083', '8084', '65535'],
  'meet.host': [
    'localhost',
    'meet-gen.invalid',
    '*.org,a.org,*.a.org',
    '192.0.2.1',
    sixteen((letter) => host(letter, 46)),
    sixteen((letter) => `*.${host(letter, 44)}`),
    sixteen((letter) => host(letter, 60)),
  ],
  'meet.forwarded-proto': ['https', 'forward'],
  'meet.body-size': ['0', '999999999G', '1'],
};
const ofServices: LabelValues = {
  'meet.port': ['1', '8083', '65535'],
  'meet.paths': [
    '=/,/a,/a/,=/a,=/a/,/a/b,/A',
    '+/api,/api/v1.0',
    '/static/,=/static',
    Array.from({ length: 64 }, (_, index) => `/${String(index).padStart(2, '0')}${'x'.repeat(60)}`).join(','),
    '/@meet_unavailable,/meet-gen-never-a-file,/generation,/rejected,/stub_status',
    `/${'x'.repeat(255)}`,
  ],
  'meet.read-timeout': ['1ms', '999999d'],
  'meet.connect-timeout': ['1ms', '999999d'],
  'meet.body-size': ['0', '999999999G'],
  'meet.health': ['none', 'tcp', 'http:/'],
  'meet.drain': ['true', 'false'],
  'meet.websocket': ['true', 'false'],
  'meet.balance': ['round-robin', 'least-conn', 'ip-hash', 'random-two'],
  'meet.weight': ['1', '100'],
  'meet.backup': ['true', 'false'],
  'meet.max-conns': ['1', '100000'],
  'meet.route.a.path': ['=/', '/a/', '/api/v1.0', `/${'x'.repeat(255)}`],
  'meet.route.a.port': ['1', '65535'],
  'meet.route.a.strip': ['true', 'false'],
  'meet.route.a.websocket': ['true'],
  'meet.route.a.read-timeout': ['999999d'],
  'meet.route.a.body-size': ['0', '999999999G'],
  'meet.route.a.proto': ['http', 'https'],
  'meet.allow.a': ['/ from 0.0.0.0/0,::/0,192.0.2.7,fd00::7', '/a/b from ::1', '=/api from 10.0.0.1/8', '/api from x', 'x'],
  'meet.allow.b': ['/api from 2001:db8::1/32', '/x from 192.0.2.0/24'],
};

const ofMedia: LabelValues = {
  'meet.port': ['1', '80', '8083', '65535'],
  'meet.media.bucket': ['abc', 'x.-y', 'x'.repeat(63)],
  'meet.media.host': ['minio:9000', 'a_b.c', '192.0.2.1:65535', `${'x'.repeat(63)}.${'y'.repeat(63)}:80`],
};

/** Every value of a label with every value of another label. */
function pairs(values: LabelValues): readonly Readonly<Record<string, string>>[] {
  const all = Object.entries(values).flatMap(([key, some]) => some.map((value) => [key, value] as const));
  return all.flatMap(([key, value], index) =>
    all.slice(index + 1).flatMap(([other, otherValue]) => (other === key ? [] : [{ [key]: value, [other]: otherValue }])),
  );
}

/** Two frontends with the same labels. */
export const twoFrontends = (labels: Readonly<Record<string, string>>): readonly Container[] => [
  frontend({ labels }),
  frontend({ name: 'meet-frontend-2', labels, networks: { meet_default: '172.18.0.3/16' } }),
];
const storage = (labels: Readonly<Record<string, string>>): Container =>
  container({
    name: 'meet-minio-1',
    project: 'meet',
    service: 'minio',
    labels: { 'meet.role': 'media', ...labels },
    networks: { meet_default: '172.18.0.10/16' },
  });
const services = (labels: Readonly<Record<string, string>>): readonly Container[] => [
  backend({ labels }),
  backend({ name: 'meet-backend-2', health: 'starting', labels, networks: { meet_default: '172.18.0.6/16' } }),
  filesService({ labels: { ...labels, 'meet.paths': labels['meet.paths'] ?? '/files' } }),
];

/** The distinct files of worlds with any two labels on a frontend, and any two on a service. */
export async function filesOfPairs(): Promise<readonly string[]> {
  const frontendPairs = pairs(ofFrontends);
  const servicePairs = pairs(ofServices);
  const worlds = frontendPairs.map((labels, index) => [
    ...twoFrontends(labels),
    ...services(servicePairs[index % servicePairs.length] ?? {}),
  ]);
  const media = pairs(ofMedia).map((labels) => [...twoFrontends({}), backend(), storage(labels)]);
  const rest = servicePairs.slice(frontendPairs.length).map((labels) => [...twoFrontends({}), ...services(labels)]);
  const rendered = await Promise.all([...worlds, ...media, ...rest].map((containers) => renderWorld(observe(containers))));
  return [...new Set(rendered.flatMap(({ files }) => [...files.values()]))];
}
