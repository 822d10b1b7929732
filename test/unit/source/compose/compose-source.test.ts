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
  it('is running and healthy, with the labels of Compose over its own', () => {
    const labels = { ...backend, 'com.docker.compose.project': 'other', 'com.docker.compose.service': 'other' };
    expect(only({ labels })).toMatchObject({
      name: 'meet-backend-1',
      state: 'running',
      health: 'none',
      labels: { ...backend, 'com.docker.compose.project': 'meet', 'com.docker.compose.service': 'backend' },
    });
  });

  it('has the name from container_name', () => {
    expect(only({ container_name: 'mine' }).name).toBe('mine');
  });

  it('is left out without meet.role', () => {
    expect(read({ a: { labels: { 'traefik.enable': 'true' } }, b: {} })).toEqual({ containers: [], legend: [], problems: [] });
  });

  it('gets a problem if it has labels for meet-gen but no meet.role', () => {
    expect(found(read({ a: { labels: { 'meet.port': '1' } } }))).toEqual([['no-role', 'a', 'meet.port']]);
  });
});

describe('placeholder addresses', () => {
  it('are given to services in the order of their names', () => {
    const world = read({ zeta: { labels: backend }, other: {}, alpha: { labels: { 'meet.role': 'frontend' } } });
    expect(addresses(world)).toEqual([
      ['meet-alpha-1', '192.0.2.1'],
      ['meet-zeta-1', '192.0.2.2'],
    ]);
    expect(world.legend).toEqual(['192.0.2.1 stands for the service alpha', '192.0.2.2 stands for the service zeta']);
  });

  it.each([254, 255])('suffice for 254 services: %i', (count) => {
    const many = Object.fromEntries(Array.from({ length: count }, (_, index) => [`s${index}`, { labels: backend }]));
    if (count === 254) expect(read(many).containers).toHaveLength(254);
    else expect(() => read(many)).toThrow(ComposeError);
  });
});

describe('replicas', () => {
  it('share one placeholder, with their number', () => {
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

  it.each([{ scale: 0 }, { deploy: { replicas: 0 } }, { scale: 0, deploy: { replicas: 2 } }])('can be zero: %j', (definition) => {
    const world = read({ a: { labels: backend, ...definition } });
    expect(world).toEqual({ containers: [], legend: ['no address stands for the service a: it has no replicas'], problems: [] });
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
  ])('%s leads to the networks %j', (mode, expected) => {
    expect(namesIn(mode)).toEqual(expected);
  });

  it.each(['host', 'container:abc'])('%s needs an engine for the address', (network_mode) => {
    const world = read({ backend: { labels: backend, network_mode } }, networks);
    expect(found(world)).toEqual([['needs-engine', 'backend', 'network_mode']]);
    expect(world.problems[0]).toMatchObject({
      severity: 'notice',
      message: expect.stringContaining('only an engine knows the address') as string,
    });
    // The address counts as reachable on every network.
    expect(namesIn(network_mode)).toEqual(['shared', 'proxy', 'meet_default', 'bridge']);
  });

  it('service:x has the address of that service, with labels or without, over any number of steps', () => {
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

  it('service:x of a service in host mode needs an engine, too', () => {
    const world = read({ a: { labels: backend, network_mode: 'service:b' }, b: { network_mode: 'host' } });
    expect(found(world)).toEqual([['needs-engine', 'a', 'network_mode']]);
  });

  it.each([
    ['is not there', {}],
    ['has no replicas', { b: { scale: 0 } }],
    ['leans on the first one', { b: { network_mode: 'service:a' } }],
  ])('service:x has no network if that service %s', (_, more) => {
    const [a] = read({ a: { labels: backend, network_mode: 'service:b' }, ...more }).containers;
    expect(a).toMatchObject({ networkMode: 'container:b', networks: [] });
  });
});

describe('the port of a service', () => {
  it.each([
    ['nothing', { labels: service }],
    ['UDP only', { labels: service, expose: ['53/udp'] }],
    ['an invalid meet.port', { labels: { ...service, 'meet.port': 'x' } }],
    ['a route without a port', { labels: { 'meet.role': 'service', 'meet.route.x.path': '/x' } }],
  ])('is a placeholder if the project has %s, since the image may expose one', (_, definition) => {
    const world = read({ files: definition });
    expect(found(world)).toEqual([['needs-engine', 'files', 'meet.port']]);
    expect(world.containers).toMatchObject([{ exposedTcpPorts: [80] }]);
  });

  it.each([
    ['a port', { labels: service, ports: [{ target: 9000 }] }],
    ['meet.port', { labels: { ...service, 'meet.port': '1' } }],
    ['a route with a port', { labels: { 'meet.role': 'service', 'meet.route.x.path': '/x', 'meet.route.x.port': '1' } }],
    ['another role', { labels: backend }],
    ['an unknown role', { labels: { 'meet.role': 'x' } }],
  ])('is known if the project has %s', (_, definition) => {
    expect(read({ files: definition }).problems).toEqual([]);
  });
});
