import { describe, expect, it } from 'vitest';
import { ComposeError } from '../../../../src/source/compose/compose-error.ts';
import { readCompose, type ComposeWorld } from '../../../../src/source/compose/compose-source.ts';
import { readProject } from '../../../../src/source/compose/resolved-project.ts';
import type { Container } from '../../../../src/model/container.ts';

type Definitions = Readonly<Record<string, object>>;

const read = (services: Definitions, more: object = {}): ComposeWorld =>
  readCompose(readProject(Buffer.from(JSON.stringify({ name: 'meet', services, ...more }))));

function only(definition: object, more?: object): Container {
  const [first, ...others] = read({ backend: { labels: backend, ...definition } }, more).containers;
  if (first === undefined || others.length > 0) throw new Error('exactly one container was expected');
  return first;
}

const backend = { 'meet.role': 'backend' };
const service = { 'meet.role': 'service', 'meet.paths': '/files' };
const addresses = ({ containers }: ComposeWorld): readonly unknown[] => containers.map(({ name, networks }) => [name, networks[0]?.ipv4]);
const found = ({ problems }: ComposeWorld): readonly unknown[] => problems.map(({ code, container, key }) => [code, container, key]);

describe('a container of a project', () => {
  it('runs, is well, and carries the labels that Compose gives it, whatever its own say', () => {
    const labels = { ...backend, 'com.docker.compose.project': 'other', 'com.docker.compose.service': 'other' };
    expect(only({ labels })).toMatchObject({
      name: 'meet-backend-1',
      state: 'running',
      health: 'none',
      labels: { ...backend, 'com.docker.compose.project': 'meet', 'com.docker.compose.service': 'backend' },
    });
  });

  it('has the name that it is given', () => {
    expect(only({ container_name: 'mine' }).name).toBe('mine');
  });

  it('is none without meet.role', () => {
    expect(read({ a: { labels: { 'traefik.enable': 'true' } }, b: {} })).toEqual({ containers: [], legend: [], problems: [] });
  });

  it('that seems to be meant for us is told of', () => {
    expect(found(read({ a: { labels: { 'meet.port': '1' } } }))).toEqual([['no-role', 'a', 'meet.port']]);
  });
});

describe('placeholder addresses', () => {
  it('are one for each service, in the order of names', () => {
    const world = read({ zeta: { labels: backend }, other: {}, alpha: { labels: { 'meet.role': 'frontend' } } });
    expect(addresses(world)).toEqual([
      ['meet-alpha-1', '192.0.2.1'],
      ['meet-zeta-1', '192.0.2.2'],
    ]);
    expect(world.legend).toEqual(['192.0.2.1 stands for the service alpha', '192.0.2.2 stands for the service zeta']);
  });

  it.each([254, 255])('end after 254 services: %i', (count) => {
    const many = Object.fromEntries(Array.from({ length: count }, (_, index) => [`s${index}`, { labels: backend }]));
    if (count === 254) expect(read(many).containers).toHaveLength(254);
    else expect(() => read(many)).toThrow(ComposeError);
  });
});

describe('replicas', () => {
  it('have one placeholder together, which says how many they are', () => {
    const world = read({ a: { labels: backend, scale: 3 }, b: { labels: backend, deploy: { replicas: 1_000_000 } } });
    expect(addresses(world)).toEqual([
      ['meet-a-1', '192.0.2.1'],
      ['meet-b-1', '192.0.2.2'],
    ]);
    expect(world.legend).toEqual([
      '192.0.2.1 stands for the service a, 3 replicas',
      '192.0.2.2 stands for the service b, 1000000 replicas',
    ]);
  });

  it.each([{ scale: 0 }, { deploy: { replicas: 0 } }, { scale: 0, deploy: { replicas: 2 } }])('may be none: %j', (definition) => {
    const world = read({ a: { labels: backend, ...definition } });
    expect(world).toEqual({ containers: [], legend: ['nothing stands for the service a: it has no replicas'], problems: [] });
  });
});

describe('a network mode', () => {
  const networks = { networks: { default: { name: 'shared' }, proxy: { external: true } } };
  const namesIn = (network_mode: string): readonly string[] => only({ network_mode }, networks).networks.map(({ name }) => name);

  it.each([
    ['none', []],
    ['bridge', ['bridge']],
    ['default', ['bridge']],
    ['somebodys', ['somebodys']],
  ])('%s is these networks: %j', (mode, expected) => {
    expect(namesIn(mode)).toEqual(expected);
  });

  it.each(['host', 'container:abc'])("%s has an address that can't be told without an engine", (network_mode) => {
    const world = read({ backend: { labels: backend, network_mode } }, networks);
    expect(found(world)).toEqual([['needs-engine', 'backend', 'network_mode']]);
    expect(world.problems[0]).toMatchObject({
      severity: 'notice',
      message: expect.stringContaining("can't be told without an engine") as string,
    });
    // Reachable for all that it may be reachable for.
    expect(namesIn(network_mode)).toEqual(['shared', 'proxy', 'meet_default', 'bridge']);
  });

  it('service:x has the address of that service, labelled or not, however far away', () => {
    const world = read(
      {
        a: { labels: backend, network_mode: 'service:b' },
        b: { labels: backend, networks: { proxy: null } },
        c: { labels: backend, network_mode: 'service:d' },
        d: { network_mode: 'service:vpn' },
        vpn: {},
      },
      networks,
    );
    expect(world.containers.map(({ name, networks: own }) => [name, own.map((one) => [one.name, one.ipv4])])).toEqual([
      ['meet-a-1', [['proxy', '192.0.2.1']]],
      ['meet-b-1', [['proxy', '192.0.2.1']]],
      ['meet-c-1', [['shared', '192.0.2.2']]],
    ]);
    expect(world.legend).toEqual([
      '192.0.2.1 stands for the service a',
      '192.0.2.1 stands for the service b',
      '192.0.2.2 stands for the service c',
    ]);
    expect(world.problems).toEqual([]);
  });

  it('service:x of a service in host mode is as that', () => {
    const world = read({ a: { labels: backend, network_mode: 'service:b' }, b: { network_mode: 'host' } });
    expect(found(world)).toEqual([['needs-engine', 'a', 'network_mode']]);
  });

  it.each([
    ['is not there', {}],
    ['has no replicas', { b: { scale: 0 } }],
    ['leans on the first one', { b: { network_mode: 'service:a' } }],
  ])('service:x has no network where that service %s', (_, more) => {
    const [a] = read({ a: { labels: backend, network_mode: 'service:b' }, ...more }).containers;
    expect(a).toMatchObject({ networkMode: 'container:b', networks: [] });
  });
});

describe('the port of a service', () => {
  it.each([
    ['nothing', { labels: service }],
    ['UDP alone', { labels: service, expose: ['53/udp'] }],
    ['a meet.port that is none', { labels: { ...service, 'meet.port': 'x' } }],
    ['a route without a port', { labels: { 'meet.role': 'service', 'meet.route.x.path': '/x' } }],
  ])('is a placeholder where the project says %s: its image may expose one', (_, definition) => {
    const world = read({ files: definition });
    expect(found(world)).toEqual([['needs-engine', 'files', 'meet.port']]);
    expect(world.containers).toMatchObject([{ exposedTcpPorts: [80] }]);
  });

  it.each([
    ['a port', { labels: service, ports: [{ target: 9000 }] }],
    ['meet.port', { labels: { ...service, 'meet.port': '1' } }],
    ['a route with a port', { labels: { 'meet.role': 'service', 'meet.route.x.path': '/x', 'meet.route.x.port': '1' } }],
    ['another role', { labels: backend }],
    ['a role that is none', { labels: { 'meet.role': 'x' } }],
  ])('is known where the project says %s', (_, definition) => {
    expect(read({ files: definition }).problems).toEqual([]);
  });
});
