import { describe, expect, it } from 'vitest';
import type { Container, NetworkAttachment } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import type { Problem } from '../../../src/model/problem.ts';
import { backend, container, frontend, observe } from '../../support/containers.ts';

const everywhere = { meet_default: '172.18.0.2/16', meet_internal: '172.19.0.2/16', proxy: '172.20.0.2/16', apple: '172.21.0.2/16' };

function locate(...containers: readonly Container[]): {
  endpoint: string | undefined;
  network: string | undefined;
  problems: readonly Problem[];
} {
  const { instances, problems } = readInstances(observe(containers));
  const replica = instances[0]?.services[0]?.replicas[0];
  return { endpoint: replica?.endpoint, network: replica?.network, problems };
}

const ofBackend = (networks: Record<string, string>, labels: Record<string, string> = {}): ReturnType<typeof locate> =>
  locate(frontend({ networks: everywhere }), backend({ networks, labels }));

describe('the address of a container', () => {
  it.each([
    [
      "is the one on the project's own network, before others that sort lower",
      { apple: '172.21.0.5/16', meet_internal: '172.19.0.5/16' },
      '172.19.0.5',
    ],
    [
      "is on the first of the project's own networks by name",
      { meet_internal: '172.19.0.5/16', meet_default: '172.18.0.5/16' },
      '172.18.0.5',
    ],
    ['is on the first shared network by name, where none is its own', { proxy: '172.20.0.5/16', apple: '172.21.0.5/16' }, '172.21.0.5'],
    ['is IPv4 before IPv6', { meet_default: 'fd00::5/64 172.18.0.5/16' }, '172.18.0.5'],
    ['is IPv6 in brackets where there is no other', { meet_default: 'fd00::5/64' }, '[fd00::5]'],
    ['is on the next shared network where the first gives none', { meet_default: '', proxy: '172.20.0.5/16' }, '172.20.0.5'],
  ])('%s', (_, networks, expected) => {
    const { endpoint, problems } = ofBackend(networks);
    expect(endpoint).toBe(`${expected}:8000`);
    expect(problems).toEqual([]);
  });

  it.each([
    ['by its full name', 'proxy', '172.20.0.5'],
    ["by compose's short name", 'internal', '172.19.0.5'],
    ["by the full name of one of the project's own", 'meet_internal', '172.19.0.5'],
  ])('is on the network that meet.network names %s', (_, name, expected) => {
    const networks = { meet_default: '172.18.0.5/16', meet_internal: '172.19.0.5/16', proxy: '172.20.0.5/16' };
    expect(ofBackend(networks, { 'meet.network': name }).endpoint).toBe(`${expected}:8000`);
  });

  it('is on another shared network if meet.network names an unshared network, with a problem', () => {
    const { endpoint, problems } = ofBackend({ meet_default: '172.18.0.5/16', private: '10.0.0.5/8' }, { 'meet.network': 'private' });
    expect(endpoint).toBe('172.18.0.5:8000');
    expect(problems).toMatchObject([{ code: 'network-not-shared', key: 'meet.network', value: 'private' }]);
  });

  it('does not depend on the order of networks', () => {
    const networks = { proxy: '172.20.0.5/16', meet_internal: '172.19.0.5/16', apple: '172.21.0.5/16' };
    const reversed = Object.fromEntries(Object.entries(networks).toReversed());
    expect(ofBackend(reversed).endpoint).toBe(ofBackend(networks).endpoint);
  });

  it('is missing on an unshared network, with a problem that names the shared networks', () => {
    const { endpoint, problems } = ofBackend({ elsewhere: '10.0.0.5/8' });
    expect(endpoint).toBeUndefined();
    expect(problems).toMatchObject([
      {
        code: 'no-shared-network',
        container: 'meet-backend-1',
        value: 'apple, meet_default, meet_internal, proxy',
        message: expect.stringContaining('share: it is on elsewhere, the frontends share apple, meet_default, meet_internal, proxy'),
        cure: 'add default to the networks: of its service in compose; at once, until it is recreated: docker network connect meet_default meet-backend-1',
      },
    ]);
  });

  it.each([
    [
      'a network of nobody',
      { project: 'other' },
      'proxy',
      'add proxy (external: true) to the networks: of its service in compose; at once, until it is recreated: docker network connect proxy meet-backend-1',
    ],
    ['a name that is none', {}, 'x; reboot', 'put the container on one of the networks that the frontends share'],
    [
      'a container whose name is none',
      { name: '$(reboot)' },
      'meet_default',
      expect.stringMatching(/docker network connect meet_default [0-9a-f]{12}$/),
    ],
  ])('the line to paste for %s', (_, sketch, network, cure) => {
    const labels = { 'meet.role': 'backend', 'meet.instance': 'meet' };
    const { problems } = locate(frontend({ networks: { [network]: '172.18.0.2/16' } }), backend({ networks: {}, labels, ...sketch }));
    expect(problems.filter(({ code }) => code === 'no-shared-network')).toMatchObject([
      { cure, message: expect.stringContaining('it is on no network, the frontends share') },
    ]);
  });

  it('is missing if the engine lists no address, with a problem', () => {
    expect(ofBackend({ meet_default: '' })).toMatchObject({ endpoint: undefined, problems: [{ code: 'no-address' }] });
  });
});

const onNetworks = (...networks: readonly NetworkAttachment[]): Container => ({ ...frontend(), networks });

describe('the address in network mode host', () => {
  const host = backend({ networks: { host: '' }, networkMode: 'host' });

  it('is the address of the host on the network of the frontends', () => {
    const { endpoint, network, problems } = locate(
      onNetworks({ name: 'proxy', ipv4Gateway: '172.20.0.1' }, { name: 'meet_default', ipv4Gateway: '172.18.0.1' }),
      host,
    );
    expect({ endpoint, network, problems }).toEqual({ endpoint: '172.18.0.1:8000', network: 'meet_default', problems: [] });
  });

  it('is IPv6 without IPv4, and follows meet.network', () => {
    const frontends = onNetworks({ name: 'proxy', ipv6Gateway: 'fd00::1' }, { name: 'meet_default', ipv4Gateway: '172.18.0.1' });
    const labels = { 'meet.network': 'proxy', 'meet.port': '9000' };
    expect(locate(frontends, backend({ networks: { host: '' }, networkMode: 'host', labels })).endpoint).toBe('[fd00::1]:9000');
  });

  it('is missing if the engine lists no gateway, as on an internal network', () => {
    const { endpoint, problems } = locate(onNetworks({ name: 'meet_default', ipv4: '172.18.0.2' }), host);
    expect(endpoint).toBeUndefined();
    expect(problems).toMatchObject([{ code: 'no-address', key: 'network_mode', value: 'host' }]);
  });
});

describe('the address behind frontends in host mode', () => {
  const onHost = frontend({ networks: { host: '' }, networkMode: 'host' });
  const ofHost = (networks: Record<string, string>, more: Parameters<typeof backend>[0] = {}): ReturnType<typeof locate> =>
    locate(onHost, backend({ networks, ...more }));

  it.each([
    ["on the project's own bridge", { proxy: '172.20.0.5/16', meet_internal: '172.19.0.5/16' }, {}, '172.19.0.5:8000', 'meet_internal'],
    ['on any other bridge', { proxy: '172.20.0.5/16', apple: '172.21.0.5/16' }, {}, '172.21.0.5:8000', 'apple'],
    ['on IPv6 alone', { meet_default: 'fd00::5/64' }, {}, '[fd00::5]:8000', 'meet_default'],
    [
      'on the bridge that meet.network names',
      { proxy: '172.20.0.5/16', meet_internal: '172.19.0.5/16' },
      { labels: { 'meet.network': 'proxy' } },
      '172.20.0.5:8000',
      'proxy',
    ],
    ['in host mode, too', { host: '' }, { networkMode: 'host' }, '127.0.0.1:8000', 'host'],
  ])('a container %s is reached there', (_, networks, more, endpoint, network) => {
    expect(ofHost(networks, more)).toEqual({ endpoint, network, problems: [] });
  });

  it.each([
    ['in the network of a container on a bridge', { networks: { meet_default: '172.18.0.9/16' } }, '172.18.0.9:8000'],
    ['in the network of a container in host mode', { networks: { host: '' }, networkMode: 'host' }, '127.0.0.1:8000'],
  ])('a container %s is reached there', (_, place, endpoint) => {
    const owner = container({ name: 'vpn', ...place });
    expect(locate(onHost, owner, backend({ networks: {}, networkMode: `container:${owner.id}` }))).toMatchObject({
      endpoint,
      problems: [],
    });
  });

  it('is the gateway for a container in host mode if another frontend is on a bridge', () => {
    const bridged = { ...frontend({ name: 'f2' }), networks: [{ name: 'meet_default', ipv4: '172.18.0.3', ipv4Gateway: '172.18.0.1' }] };
    const inHostMode = backend({ networks: { host: '' }, networkMode: 'host' });
    expect(locate(onHost, bridged, inHostMode)).toMatchObject({ endpoint: '172.18.0.1:8000', problems: [] });
    expect(locate(onHost, bridged, backend())).toMatchObject({ endpoint: '172.18.0.5:8000', problems: [] });
  });

  it('is missing for a container without a network, with a usable cure', () => {
    const { endpoint, problems } = ofHost({ none: '' }, { networkMode: 'none' });
    expect(endpoint).toBeUndefined();
    expect(problems).toMatchObject([
      { code: 'no-shared-network', cure: 'put the container on a network: remove network_mode: none from its service in compose' },
    ]);
  });

  it('gets a problem with a usable cure if meet.network is not a network of the container', () => {
    const { endpoint, problems } = ofHost({ meet_default: '172.18.0.5/16' }, { labels: { 'meet.network': 'private' } });
    expect(endpoint).toBe('172.18.0.5:8000');
    expect(problems).toMatchObject([{ code: 'network-not-shared', value: 'private', cure: 'correct the label, or remove it' }]);
  });
});

const cureFor = (...containers: readonly Container[]): string | undefined =>
  locate(frontend(), ...containers).problems.find(({ code }) => code === 'no-shared-network')?.cure;

describe('the cure', () => {
  const owner = container({ name: 'vpn', networks: { elsewhere: '10.0.0.9/8' } });

  it.each([
    [
      'a container of network_mode none, which the engine connects to nothing',
      [backend({ networks: { none: '' }, networkMode: 'none' })],
      'add default to the networks: of its service in compose, and remove network_mode: "none"',
    ],
    [
      "a container in another one's network, which is connected with that one",
      [owner, backend({ networks: {}, networkMode: `container:${owner.id}` })],
      `add default to the networks: of the service whose network it uses in compose; at once, until it is recreated: docker network connect meet_default ${owner.id.slice(0, 12)}`,
    ],
  ])('%s', (_, containers, cure) => {
    expect(cureFor(...containers)).toBe(cure);
  });

  it('never names the network `none` for frontends without a network', () => {
    const { problems } = locate(
      frontend({ networks: { none: '' }, networkMode: 'none' }),
      backend({ networks: { none: '' }, networkMode: 'none' }),
    );
    expect(problems.find(({ code }) => code === 'no-shared-network')?.message).toContain(
      'have no network in common; the container is on no network',
    );
  });
});

describe('a network named after the project, as made by Coolify and Dokploy', () => {
  const project = 'abc123';
  const labels = { 'meet.role': 'backend', 'meet.instance': 'meet' };
  const both = { abc123: '10.0.1.5/24', coolify: '10.0.0.5/24' };
  const ofProject = (networks: Record<string, string>): ReturnType<typeof locate> =>
    locate(
      frontend({ project, labels: { 'meet.instance': 'meet' }, networks: { aaa: '10.9.0.2/24', ...both } }),
      backend({ project, labels, networks }),
    );

  it('is chosen before networks that sort lower', () => {
    expect(ofProject({ aaa: '10.9.0.5/24', ...both })).toMatchObject({ endpoint: '10.0.1.5:8000', network: 'abc123', problems: [] });
  });

  it('is in the cure with its full name', () => {
    expect(ofProject({}).problems).toMatchObject([
      {
        cure: 'add abc123 to the networks: of its service in compose; at once, until it is recreated: docker network connect abc123 meet-backend-1',
      },
    ]);
  });

  it('needs the full name of the project', () => {
    expect(
      locate(
        frontend({ networks: { aaa: '10.9.0.2/24', meeting: '10.0.0.2/24' } }),
        backend({ networks: { aaa: '10.9.0.5/24', meeting: '10.0.0.5/24' } }),
      ),
    ).toMatchObject({ network: 'aaa' });
  });
});

describe('the address in the network of another container', () => {
  const owner = container({ name: 'vpn', networks: { meet_default: '172.18.0.9/16' } });
  const guest = backend({ networks: {}, networkMode: `container:${owner.id}` });

  it('is the address of that container, with or without a role', () => {
    expect(locate(frontend(), owner, guest).endpoint).toBe('172.18.0.9:8000');
  });

  it('is the host for a container in host mode', () => {
    const frontends = { ...frontend(), networks: [{ name: 'meet_default', ipv4Gateway: '172.18.0.1' }] };
    expect(locate(frontends, { ...owner, networks: [{ name: 'host' }], networkMode: 'host' }, guest).endpoint).toBe('172.18.0.1:8000');
  });

  it('is missing once that container ended or was removed', () => {
    expect(locate(frontend(), { ...owner, state: 'exited', networks: [{ name: 'meet_default' }] }, guest).problems).toMatchObject([
      { code: 'no-address' },
    ]);
    const { endpoint, problems } = locate(frontend(), guest);
    expect(endpoint).toBeUndefined();
    expect(problems).toMatchObject([{ code: 'no-shared-network', key: 'network_mode' }]);
  });

  it('counts as stopping while that container is stopping', () => {
    const { instances } = readInstances(observe([frontend(), owner, guest], ['vpn']));
    expect(instances[0]?.services[0]?.replicas[0]?.standing.rank).toBe('stopping');
  });
});

describe('a shared network', () => {
  it('has all running frontends on it', () => {
    const first = frontend({ name: 'f1', networks: { meet_default: '172.18.0.2/16', proxy: '172.20.0.2/16' } });
    const second = frontend({ name: 'f2', networks: { proxy: '172.20.0.3/16' } });
    expect(locate(first, second, backend({ networks: { meet_default: '172.18.0.5/16', proxy: '172.20.0.5/16' } })).endpoint).toBe(
      '172.20.0.5:8000',
    );
  });

  it('does not depend on a stopped frontend', () => {
    const gone = frontend({ name: 'f2', state: 'exited', networks: { old: '' } });
    expect(locate(frontend(), gone, backend()).endpoint).toBe('172.18.0.5:8000');
  });

  it('stays while no frontend runs', () => {
    expect(locate(frontend({ state: 'exited', networks: { meet_default: '' } }), backend()).endpoint).toBe('172.18.0.5:8000');
  });

  it('is missing if the frontends share no network: all containers are out, with a problem', () => {
    const { endpoint, problems } = locate(
      frontend({ name: 'f1', networks: { one: '172.18.0.2/16' } }),
      frontend({ name: 'f2', networks: { two: '172.20.0.3/16' } }),
      backend({ networks: { one: '172.18.0.5/16', two: '172.20.0.5/16' } }),
    );
    expect(endpoint).toBeUndefined();
    expect(problems.map((item) => item.code)).toContain('no-shared-network');
  });
});

const service = (labels: Record<string, string>, ports: readonly number[]): ReturnType<typeof locate> =>
  locate(frontend(), backend({ labels: { 'meet.role': 'service', 'meet.paths': '/x', ...labels }, ports }));

describe('the port of a container', () => {
  it('is meet.port first', () => {
    expect(service({ 'meet.port': '9999' }, [3000]).endpoint).toBe('172.18.0.5:9999');
    expect(locate(frontend(), backend({ labels: { 'meet.port': '9999' } })).endpoint).toBe('172.18.0.5:9999');
  });

  it('is 8000 for a backend, independent of its exposed ports', () => {
    expect(locate(frontend(), backend({ ports: [80] })).endpoint).toBe('172.18.0.5:8000');
  });

  it('is the lowest exposed TCP port of a service', () => {
    expect(service({}, [3000, 9000]).endpoint).toBe('172.18.0.5:3000');
  });

  it('is unknown for a service without exposed ports: out of rotation, with a problem', () => {
    expect(service({}, [])).toMatchObject({ endpoint: undefined, problems: [{ code: 'no-port', key: 'meet.port' }] });
  });

  it('may differ between replicas', () => {
    const { instances, problems } = readInstances(
      observe([
        frontend(),
        backend({ name: 'b1', labels: { 'meet.port': '8001' } }),
        backend({ name: 'b2', labels: { 'meet.port': '8002' }, networks: { meet_default: '172.18.0.6/16' } }),
      ]),
    );
    expect(instances[0]?.services[0]?.replicas.map((replica) => replica.endpoint)).toEqual(['172.18.0.5:8001', '172.18.0.6:8002']);
    expect(problems).toEqual([]);
  });
});
