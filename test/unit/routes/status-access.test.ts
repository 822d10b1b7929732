import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { statusAddresses, statusSubnets } from '../../../src/routes/status-access.ts';
import { backend, container, frontend, observe } from '../../support/containers.ts';

function subnets(...containers: readonly Container[]): readonly string[] {
  const [instance] = readInstances(observe(containers)).instances;
  if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
  return statusSubnets(instance);
}

const hosted = frontend({ networks: { host: '' }, networkMode: 'host' });

const attached = (name: string, ipv4: string, ipv4Gateway: string): Container => ({
  ...backend({ name: `on-${name}` }),
  networks: [{ name, ipv4, ipv4Gateway }],
});
const addresses = (...containers: readonly Container[]): readonly string[] => {
  const [instance] = readInstances(observe(containers)).instances;
  const [asked] = instance?.frontends ?? [];
  return instance === undefined || asked === undefined ? [] : statusAddresses(instance, asked);
};

describe('the addresses of the status server', () => {
  it('are the addresses of the frontend on each of its networks, IPv4 before IPv6', () => {
    expect(addresses(frontend({ networks: { a: '10.0.0.2/24 fd00::2/64', b: 'fd01::2/64', c: '' } }))).toEqual(['10.0.0.2', '[fd01::2]']);
  });

  it('are the host for a frontend in host mode: loopback and each network of the instance, once', () => {
    const behind = [
      attached('n', '172.19.0.5', '172.19.0.1'),
      attached('m', '172.18.0.5', '172.18.0.1'),
      backend({ networks: { i: '10.1.0.5/24' } }),
    ];
    expect(addresses(hosted, ...behind, { ...backend({ name: 'b2' }), networks: behind[0]?.networks ?? [] })).toEqual([
      '127.0.0.1',
      '172.18.0.1',
      '172.19.0.1',
    ]);
    expect(addresses(hosted, backend({ networks: { host: '' }, networkMode: 'host' }))).toEqual(['127.0.0.1']);
  });

  it('have no gateway of another project', () => {
    expect(
      addresses(hosted, {
        ...attached('n', '10.5.0.5', '10.5.0.1'),
        labels: backend({ project: 'other', labels: { 'meet.instance': 'meet' } }).labels,
      }),
    ).toEqual(['127.0.0.1']);
  });
});

describe('the subnets that may ask the status server', () => {
  const networks = { meet_default: '172.18.0.2/16', meet_internal: '172.19.3.2/24', proxy: '172.20.0.2/16' };

  it('are the own networks that frontends and services share, without networks shared with other projects', () => {
    const joined = { meet_internal: '172.19.3.5/24', proxy: '172.20.0.5/16', meet_other: '172.22.0.5/16' };
    expect(subnets(frontend({ networks }), backend({ networks: joined }))).toEqual(['172.19.3.0/24']);
  });

  it('are all own networks of the frontends without a service', () => {
    expect(subnets(frontend({ networks }))).toEqual(['172.18.0.0/16', '172.19.3.0/24']);
  });

  it('stay the same while the services are stopped and have no addresses', () => {
    const stopped = backend({ state: 'exited', networks: { meet_internal: '' } });
    expect(subnets(frontend({ networks }), stopped)).toEqual(['172.19.3.0/24']);
  });

  it('stay the same while the frontend is disconnected, so that meet-gen can ask it afterwards', () => {
    const joined = backend({ networks: { meet_internal: '172.19.3.5/24' } });
    const before = subnets(frontend({ networks: { meet_internal: '172.19.3.2/24', proxy: '172.20.0.2/16' } }), joined);
    expect(subnets(frontend({ networks: { proxy: '172.20.0.2/16' } }), joined)).toEqual(before);
  });

  it('include IPv6', () => {
    expect(subnets(frontend({ networks: { meet_default: '172.18.0.2/16 fd00:1::2/64' } }))).toEqual(['172.18.0.0/16', 'fd00:1::/64']);
  });

  it('are the networks shared with services if the project has no own network', () => {
    expect(
      subnets(frontend({ networks: { shared: '10.1.2.2/24', proxy: '10.9.9.2/24' } }), backend({ networks: { shared: '10.1.2.5/24' } })),
    ).toEqual(['10.1.2.0/24']);
  });

  it('are the network named after the project, not the network that Coolify shares among all projects', () => {
    const ofFrontend = { abc123: '10.0.1.2/24', coolify: '10.0.0.2/24' };
    const ofBackend = { abc123: '10.0.1.5/24', coolify: '10.0.0.5/24' };
    expect(subnets(frontend({ project: 'abc123', networks: ofFrontend }), backend({ project: 'abc123', networks: ofBackend }))).toEqual([
      '10.0.1.0/24',
    ]);
  });

  it.each([
    ["the project's own networks", { meet_internal: '172.19.3.5/24', proxy: '172.20.0.5/16' }, ['172.19.3.0/24']],
    ['those of its services, where it has none of its own', { shared: '10.1.2.5/24' }, ['10.1.2.0/24']],
    ['nobody but loopback, where its services are in host mode, too', { host: '' }, []],
  ])('is %s, where the frontend is in host mode', (_, joined, expected) => {
    expect(subnets(hosted, backend({ networks: joined, networkMode: 'host' in joined ? 'host' : 'bridge' }))).toEqual(expected);
  });

  it('are only loopback without any network', () => {
    expect(subnets(frontend({ networks: { proxy: '10.9.9.2/24' } }))).toEqual([]);
    expect(subnets(frontend({ state: 'exited', networks: { meet_default: '' } }))).toEqual([]);
  });

  it('are listed once, in an order that only the subnets decide', () => {
    const second = frontend({ name: 'f2', networks: { meet_internal: '172.19.3.3/24', meet_default: '172.18.0.3/16' } });
    const first = frontend({ networks: { meet_default: '172.18.0.2/16', meet_internal: '172.19.3.2/24' } });
    expect(subnets(first, second)).toEqual(['172.18.0.0/16', '172.19.3.0/24']);
    expect(subnets(second, first)).toEqual(['172.18.0.0/16', '172.19.3.0/24']);
  });

  it('leave out a subnet of unknown size', () => {
    expect(subnets(frontend({ networks: { meet_default: '172.18.0.2' } }))).toEqual([]);
  });

  it('have the host bits cleared, since nginx warns about them', () => {
    const byHand = container({ name: 'f', labels: { 'meet.role': 'frontend' }, networks: { n: '10.11.12.13/20' } });
    const server = container({ name: 'b', labels: { 'meet.role': 'backend' }, networks: { n: '10.11.12.14/20' } });
    expect(subnets(byHand, server)).toEqual(['10.11.0.0/20']);
  });
});
