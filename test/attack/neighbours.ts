import type { Container } from '../../src/model/container.ts';
import { container } from '../support/containers.ts';
import type { ContainerSketch } from '../support/containers.ts';

// A Meet called `prod`, and containers of other projects that attack it. A forged project name is left out: it is the
// same project to compose too.

/** How meet-gen knows the owner of the instance. */
type Knowledge = 'option' | 'remembered' | 'name' | 'nothing';

export interface Neighbourhood {
  readonly knowledge: Knowledge;
  /** The project of the attacked Meet. */
  readonly victim: string;
  readonly strict: boolean;
  readonly victims: readonly Container[];
  readonly strangers: readonly Container[];
}

type Random = () => number;
const pick = <Item>(random: Random, from: readonly Item[]): Item => from[Math.floor(random() * from.length)] as Item;
const chance = (random: Random, share: number): boolean => random() < share;

const instance = { 'meet.instance': 'prod' };
/** Projects that sort before and after the victim's, none at all, an unusable name, and the instance's own name. */
const projects = ['aaa', 'zzz', 'visi', 'visio-2', 'Stack.A', 'prod', undefined] as const;
const paths = (
  '/api /admin /static /files /files/x /admin/users /other /media /media/recordings /api/v1.0/x =/api =/files /b{ /files/a/b/c ' +
  '=/api/v1.0/files/media-auth/ =/api/v1.0/rooms/webhooks-livekit/ /x,,/y'
).split(' ');
const guards = ['/ from 0.0.0.0/0', '/admin from 0.0.0.0/0, ::/0', '/files from 10.0.0.0/8', '/api from nobody', '/files/x from 192.0.2.1'];
const frontendLabels: readonly Readonly<Record<string, string>>[] = [
  {},
  { 'meet.listen': '9001' },
  { 'meet.status-port': '9002' },
  { 'meet.host': 'evil.example' },
  { 'meet.body-size': '1k' },
  { 'meet.forwarded-proto': 'forward' },
  { 'meet.read-timeout': '1s' },
  { 'meet.port': '9003' },
];

/** The Meet as its operator runs it, with a backend in rotation. */
function victimsOf(random: Random, project: string): readonly Container[] {
  const made: Container[] = [];
  const add = (service: string, labels: Readonly<Record<string, string>>, more: Partial<ContainerSketch> = {}): void => {
    const host = made.length + 2;
    made.push(
      container({
        name: `${project}-${service}-${host}`,
        project,
        service,
        labels: { ...instance, ...labels },
        networks: { [`${project}_internal`]: `172.18.0.${host}/16`, ...(chance(random, 0.7) ? { proxy: `172.20.0.${host}/16` } : {}) },
        ports: [3000],
        created: 1_700_000_000 + Math.floor(random() * 1000),
        ...more,
      }),
    );
  };
  const isRouted = chance(random, 0.2);
  const onBoth = { networks: { [`${project}_internal`]: '172.18.0.200/16', proxy: '172.20.0.200/16' } };
  add('frontend', { 'meet.role': 'frontend', ...(isRouted ? {} : pick(random, frontendLabels)) }, onBoth);
  if (isRouted) add('router', { 'meet.role': 'router', ...pick(random, frontendLabels.slice(0, -1)) });
  else if (chance(random, 0.3)) add('frontend', { 'meet.role': 'frontend' });
  const guard = chance(random, 0.4) ? { 'meet.allow.own': pick(random, guards) } : {};
  add('backend', { 'meet.role': 'backend', ...guard });
  if (chance(random, 0.4))
    add('backend', { 'meet.role': 'backend', ...guard }, { health: pick(random, ['healthy', 'starting', 'unhealthy']) });
  if (chance(random, 0.6))
    add('files', {
      'meet.role': 'service',
      'meet.paths': '/files',
      ...(chance(random, 0.3) ? { 'meet.allow.a': guards[2] as string } : {}),
    });
  if (chance(random, 0.4)) add('minio', { 'meet.role': 'media', 'meet.media.bucket': 'bucket' });
  return made;
}

function strangerOf(random: Random, index: number, victim: string): Container {
  const project = pick(
    random,
    projects.filter((one) => one !== victim),
  );
  const role = pick(random, ['frontend', 'frontend', 'router', 'backend', 'backend', 'service', 'media']);
  const labels: Record<string, string> = { ...instance, 'meet.role': role };
  if (role === 'frontend' || role === 'router') Object.assign(labels, pick(random, frontendLabels));
  if (role === 'backend' || role === 'service') {
    if (role === 'service' || chance(random, 0.5))
      labels['meet.paths'] = `${chance(random, 0.3) && role === 'backend' ? '+' : ''}${pick(random, paths)}`;
    if (chance(random, 0.4)) labels['meet.allow.x'] = pick(random, guards);
    if (chance(random, 0.2)) Object.assign(labels, { 'meet.route.r.path': pick(random, paths.slice(0, 9)), 'meet.route.r.strip': 'true' });
    if (chance(random, 0.2)) labels['meet.websocket'] = 'true';
    if (chance(random, 0.2)) labels['meet.balance'] = 'ip-hash';
  }
  if (role === 'media') labels['meet.media.bucket'] = 'evil';
  if (chance(random, 0.5)) labels['meet.service'] = pick(random, ['backend', 'files', 'minio', 'frontend', 'evil']);
  if (chance(random, 0.1)) labels['meet.drain'] = 'true';
  return container({
    name: `n${index}-${role}`,
    ...(project === undefined ? {} : { project }),
    service: pick(random, ['backend', 'files', 'minio', 'frontend', 'x']),
    labels,
    networks: {
      proxy: `172.20.1.${index + 1}/16`,
      ...(chance(random, 0.3) ? { [`${victim}_internal`]: `172.18.1.${index + 1}/16` } : {}),
      ...(chance(random, 0.3) ? { [`${project ?? 'x'}_default`]: `172.21.1.${index + 1}/16` } : {}),
    },
    ports: [3000],
    state: pick(random, ['running', 'running', 'running', 'exited', 'restarting']),
    health: pick(random, ['none', 'healthy', 'starting', 'unhealthy']),
    created: 1_600_000_000 + Math.floor(random() * 200_000_000),
  });
}

export function neighbourhood(random: Random): Neighbourhood {
  const knowledge = pick(random, ['option', 'remembered', 'name', 'nothing'] as const);
  const victim = knowledge === 'name' ? 'prod' : 'visio';
  const count = 1 + Math.floor(random() * 6);
  return {
    knowledge,
    victim,
    strict: chance(random, 0.5),
    victims: victimsOf(random, victim),
    strangers: Array.from({ length: count }, (_, index) => strangerOf(random, index, victim)),
  };
}
