import { describe, expect, it } from 'vitest';
import type { EngineContainer } from '../../../../src/source/docker/container-from-engine.ts';
import { profileFor } from '../../../../src/source/docker/engine-profile.ts';
import { containersFromEngine } from '../../../../src/source/docker/container-from-engine.ts';
import type { Container } from '../../../../src/model/container.ts';

const id = '0123456789abcdef'.repeat(4);

/** A real engine's answer, shortened. */
const answer: EngineContainer = {
  Id: id,
  Names: ['/meet-backend-1'],
  ImageID: 'sha256:abc',
  Created: 1_700_000_000,
  State: 'running',
  Status: 'Up 2 minutes (healthy)',
  Labels: { 'meet.role': 'backend' },
  Ports: [
    { PrivatePort: 9000, Type: 'tcp' },
    { PrivatePort: 8000, Type: 'tcp' },
    { IP: '0.0.0.0', PrivatePort: 8000, PublicPort: 80, Type: 'tcp' },
    { PrivatePort: 53, Type: 'udp' },
  ],
  HostConfig: { NetworkMode: 'meet_default' },
  NetworkSettings: {
    Networks: {
      meet_default: {
        EndpointID: 'e1',
        Gateway: '172.18.0.1',
        IPAddress: '172.18.0.5',
        IPPrefixLen: 16,
        IPv6Gateway: 'fd00::1',
        GlobalIPv6Address: 'fd00::5',
        GlobalIPv6PrefixLen: 64,
      },
    },
  },
};

function map(change: EngineContainer): Container {
  const [one] = containersFromEngine([{ ...answer, ...change }]);
  if (one === undefined) throw new Error('one entry gives one container');
  return one;
}

describe("an entry of the engine's list", () => {
  it('becomes a container', () => {
    expect(map({})).toEqual({
      id,
      name: 'meet-backend-1',
      imageId: 'sha256:abc',
      createdAtSeconds: 1_700_000_000,
      state: 'running',
      health: 'healthy',
      labels: { 'meet.role': 'backend' },
      networkMode: 'meet_default',
      networks: [
        {
          name: 'meet_default',
          ipv4: '172.18.0.5',
          ipv4PrefixLength: 16,
          ipv4Gateway: '172.18.0.1',
          ipv6: 'fd00::5',
          ipv6PrefixLength: 64,
          ipv6Gateway: 'fd00::1',
        },
      ],
      endpointIds: ['e1'],
      exposedTcpPorts: [8000, 9000],
    });
  });

  it('has keys and values cut at a length that every grammar refuses', () => {
    const labels = {
      'meet.paths': `/${'x'.repeat(8191)}`,
      'meet.allow.a': `/x from ${'::1,'.repeat(1_000_000)}::1`,
      ['meet.'.padEnd(257, 'x')]: 'y',
    };
    const cut = map({ Labels: labels }).labels;
    expect(cut['meet.paths']).toBe(labels['meet.paths']);
    expect(cut['meet.allow.a']).toHaveLength(8193);
    expect(cut['meet.allow.a']).toMatch(/^\/x from .*…$/);
    expect(Object.keys(cut).filter((key) => key.endsWith('…'))).toHaveLength(1);
  });

  it.each([
    [['/meet-backend-1'], 'meet-backend-1'],
    [['/other/alias', '/meet-backend-1'], 'meet-backend-1'],
    [['/x\nserver{}'], 'x\nserver{}'],
    [[], id.slice(0, 12)],
    [[''], id.slice(0, 12)],
    [null, id.slice(0, 12)],
    [[7, '/name'], 'name'],
  ])('with the names %j gets the name %j', (names, expected) => {
    expect(map({ Names: names }).name).toBe(expected);
  });

  it.each([
    ['field', { Health: { Status: 'healthy' }, Status: 'Up 1 minute' }, 'healthy'],
    ['field', { Health: { Status: 'unhealthy' }, Status: 'Up 1 minute' }, 'unhealthy'],
    ['field', { Health: { Status: 'starting' }, Status: 'Up 1 minute' }, 'starting'],
    ['field before the text', { Health: { Status: 'unhealthy' }, Status: 'Up 1 minute (healthy)' }, 'unhealthy'],
    ['field', { Health: { Status: 'none' }, Status: 'Up 1 minute' }, 'none'],
    ['text', { Status: 'Up 2 minutes (healthy)' }, 'healthy'],
    ['text', { Status: 'Up 2 minutes (unhealthy)' }, 'unhealthy'],
    ['text', { Status: 'Up 2 seconds (health: starting)' }, 'starting'],
    ['text', { Status: 'Up 2 minutes' }, 'none'],
    ['text of a paused container', { Status: 'Up 2 minutes (healthy) (Paused)' }, 'healthy'],
    ['text of an ended container', { Status: 'Exited (0) 3 minutes ago' }, 'none'],
    ['nothing', { Status: undefined }, 'none'],
    ['something odd', { Health: 'healthy', Status: 7 }, 'none'],
    ['an unknown word', { Health: { Status: 'on fire' }, Status: '' }, 'none'],
  ])('has its health from the %s: %j is %s', (_, change, health) => {
    expect(map(change).health).toBe(health);
  });

  it.each(['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] as const)(
    'has the state %s by its name',
    (state) => {
      expect(map({ State: state }).state).toBe(state);
    },
  );

  it.each([
    ['a task of Swarm', { 'com.docker.swarm.service.name': 'meet_backend' }, ['meet_default']],
    ['a container of compose', { 'com.docker.compose.project': 'meet' }, ['ingress', 'meet_default']],
  ])("of %s is on these networks, never on the one of Swarm's routing mesh", (_, labels, expected) => {
    const place = { IPAddress: '10.0.0.5', IPPrefixLen: 24 };
    const { networks } = map({ Labels: labels, NetworkSettings: { Networks: { ingress: place, meet_default: place } } });
    expect(networks.map(({ name }) => name)).toEqual(expected);
  });

  it.each(['Running', 'unknown', '', undefined, { Running: true }, true])('with the odd state %j does not count as running', (state) => {
    expect(map({ State: state }).state).toBe('dead');
  });

  it.each([
    ['without an address', { IPAddress: '', GlobalIPv6Address: '' }, {}],
    ['with IPv4 only', { IPAddress: '10.0.0.1', IPPrefixLen: 8 }, { ipv4: '10.0.0.1', ipv4PrefixLength: 8 }],
    ['with IPv6 only', { GlobalIPv6Address: 'fd00::1', GlobalIPv6PrefixLen: 64 }, { ipv6: 'fd00::1', ipv6PrefixLength: 64 }],
    ['with an invalid address', { IPAddress: '10.0.0.1; }', GlobalIPv6Address: 'x' }, {}],
    ['with a zone in the address', { GlobalIPv6Address: 'fe80::1%eth0' }, {}],
    ['with an odd prefix', { IPAddress: '10.0.0.1', IPPrefixLen: 33 }, { ipv4: '10.0.0.1' }],
    ['with a prefix of zero', { IPAddress: '10.0.0.1', IPPrefixLen: 0 }, { ipv4: '10.0.0.1' }],
    ['with a prefix that is not a number', { IPAddress: '10.0.0.1', IPPrefixLen: '16' }, { ipv4: '10.0.0.1' }],
    ['that is null', null, {}],
  ])('has a network %s', (_, network, expected) => {
    expect(map({ NetworkSettings: { Networks: { n: network } } }).networks).toEqual([{ name: 'n', ...expected }]);
  });

  it.each([
    ['networks', { NetworkSettings: null }, { networks: [] }],
    ['networks', { NetworkSettings: { Networks: 'x' } }, { networks: [] }],
    ['ports', { Ports: null }, { exposedTcpPorts: [] }],
    ['ports', { Ports: [null, 7, { Type: 'tcp' }, { Type: 'tcp', PrivatePort: '80' }] }, { exposedTcpPorts: [] }],
    ['labels', { Labels: null }, { labels: {} }],
    ['a network mode', { HostConfig: null }, { networkMode: '' }],
    ['a time', { Created: 'yesterday' }, { createdAtSeconds: 0 }],
    ['an image', { ImageID: undefined }, { imageId: '' }],
  ])('without usable %s (%j) leaves them empty', (_, change, expected) => {
    expect(map(change)).toMatchObject(expected);
  });
});

describe("the engine's list", () => {
  it('may be empty', () => {
    expect(containersFromEngine([])).toEqual([]);
  });

  it.each([undefined, null, {}, '[]', { message: 'page not found' }])(
    'is refused as %j: that does not mean that there are no containers',
    (odd) => {
      expect(() => containersFromEngine(odd)).toThrow('not a list');
    },
  );

  it.each([[[{}]], [[null]], [[{ Id: '' }]], [[{ Id: 7 }]], [[{ Id: 'x'.repeat(257) }, 'x']]])(
    'is refused if no entry has a usable id (%j)',
    (odd) => {
      expect(() => containersFromEngine(odd)).toThrow('has a usable id');
    },
  );

  it.each([['x'], [null], [{}], [[]], [{ Id: 7 }], [{ Id: 'x'.repeat(257) }], [{ Id: [[]] }]])(
    'has one unreadable container for all entries without a usable id (%j)',
    (odd) => {
      const [one, ...others] = containersFromEngine([odd, answer, odd]);
      expect(one).toEqual(containersFromEngine([answer])[0]);
      expect(others).toMatchObject([{ unreadable: "2 entries of the engine's list have no usable id", labels: {} }]);
    },
  );

  it('is refused with more than 50,000 entries, which would fill the memory', () => {
    const many = Array.from({ length: 50_001 }, (_, index) => ({ Id: String(index) }));
    expect(containersFromEngine(many.slice(1))).toHaveLength(50_000);
    expect(() => containersFromEngine(many)).toThrow('more than 50000');
  });
});

const own = { 'meet.role': 'service', 'meet.instance': 'visio', 'com.docker.compose.project': 'visio' };
const many = (count: number, of: (index: number) => string): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [of(index), '']));

describe('an unreadable entry', () => {
  it.each([
    ['labels in a list', { Labels: [own] }, {}, 'a JSON object'],
    ['labels in a text', { Labels: JSON.stringify(own) }, {}, 'a JSON object'],
    ['a guard that is not text', { Labels: { ...own, 'meet.allow.a': ['/a from ::1'], 'meet.paths': '/a' } }, own, 'not text'],
    ['513 labels of ours', { Labels: { ...own, ...many(511, (index) => `meet.x${index}`) } }, own, 'it has 513 labels'],
    [
      '257 networks',
      { NetworkSettings: { Networks: Object.fromEntries(Array.from({ length: 257 }, (_, index) => [index, {}])) } },
      { 'meet.role': 'backend' },
      '257 networks',
    ],
    ['more ports than exist', { Ports: Array.from({ length: 200_001 }, () => 7) }, { 'meet.role': 'backend' }, '200001 ports'],
  ])('has the reason and the owner: %s', (_, change, labels, reason) => {
    const one = map(change);
    expect(one).toMatchObject({ name: 'meet-backend-1', unreadable: expect.stringContaining(reason) });
    if (!('Labels' in change)) expect(one).toMatchObject({ state: 'dead', networks: [] });
    expect(one.labels).toEqual(labels);
  });

  it('without a role stays readable despite its labels, since others may use its network', () => {
    const { 'meet.role': _, ...rest } = own;
    const one = map({ Labels: { ...rest, odd: 7, ...many(600, (index) => `meet.x${index}`) } });
    expect(one).not.toHaveProperty('unreadable');
    expect(one).toMatchObject({ labels: rest, networks: [{ name: 'meet_default' }] });
  });

  it('with more than 1,000 labels keeps those for meet-gen', () => {
    const one = map({ Labels: { ...own, 'meet.port': '8000', 'Meet.Port': '1', ...many(1000, (index) => `x${index}`) } });
    expect(one.labels).toEqual({ ...own, 'meet.port': '8000' });
  });
});

describe('odd values in an entry', () => {
  it('ignores lists of lists, however deep, as ports and networks', () => {
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown;
    const one = map({
      Ports: [{ PrivatePort: deep, Type: 'tcp' }],
      NetworkSettings: { Networks: { n: { IPAddress: deep, IPPrefixLen: deep } } },
      Created: deep,
      State: deep,
      Status: deep,
      HostConfig: deep,
    });
    expect(one).toMatchObject({ exposedTcpPorts: [], networks: [{ name: 'n' }], state: 'dead', createdAtSeconds: 0 });
  });

  it.each([0, -1, 65_536, 1e21, 1.5, Infinity, NaN, '8000', '1;', null, {}])('ignores the port %j', (port) => {
    expect(map({ Ports: [{ PrivatePort: port, Type: 'tcp' }] }).exposedTcpPorts).toEqual([]);
  });

  it.each([Infinity, NaN, '1', null])('counts the time %j as the oldest, so that ages can be compared', (created) => {
    expect(map({ Created: created }).createdAtSeconds).toBe(0);
  });

  it('reads the keys of Object.prototype as plain keys', () => {
    const labels = JSON.parse('{"meet.role":"backend","__proto__":"x","constructor":"y"}') as unknown;
    const networks = JSON.parse('{"__proto__":{"IPAddress":"10.0.0.1"},"toString":{"IPAddress":"10.0.0.2"}}') as unknown;
    const one = map({ Labels: labels, NetworkSettings: { Networks: networks } });
    expect(Object.entries(one.labels)).toEqual(Object.entries(labels as object));
    expect(one.networks.map(({ name }) => name)).toEqual(['__proto__', 'toString']);
    expect(Object.getPrototypeOf(one.labels)).toBe(Object.prototype);
  });
});

describe("an entry of Podman's list", () => {
  const podman = profileFor({ 'libpod-api-version': '5.4.2' });
  const { HostConfig: _, ...ofPodman } = answer;
  const read = (change: EngineContainer): Container => {
    const [one] = containersFromEngine([{ ...ofPodman, ...change }], podman);
    if (one === undefined) throw new Error('one entry gives one container');
    return one;
  };

  it.each([
    ['created', 'created'],
    ['initialized', 'created'],
    ['running', 'running'],
    ['stopping', 'running'],
    ['stopped', 'exited'],
    ['exited', 'exited'],
    ['paused', 'paused'],
    ['removing', 'removing'],
    ['unknown', 'dead'],
  ])('with the state %j is %s', (state, expected) => {
    expect(read({ State: state }).state).toBe(expected);
    expect(read({ State: state }).isStopping ?? false).toBe(state === 'stopping');
  });

  it('shows no health', () => {
    expect(read({ Status: 'Up 2 minutes (unhealthy)' }).health).toBe('healthy-or-none');
  });

  it.each([
    ['of its own networks', {}, ''],
    ['with the constant of its code', { HostConfig: { NetworkMode: 'host' } }, ''],
    ['of the host', { NetworkSettings: { Networks: { host: { EndpointID: '' } } } }, 'host'],
    ['that has no networks', { NetworkSettings: { Networks: null } }, ''],
  ])('has the network mode %s: %j', (_what, change, expected) => {
    expect(read(change).networkMode).toBe(expected);
  });

  it('has networks and addresses instead of the ids of endpoints', () => {
    const networks = {
      a: { EndpointID: '', IPAddress: '10.0.0.2' },
      b: { EndpointID: '', GlobalIPv6Address: 'fd00::2' },
      c: { EndpointID: '' },
    };
    expect(read({ NetworkSettings: { Networks: networks } }).endpointIds).toEqual(['a 10.0.0.2 ', 'b  fd00::2']);
  });
});
