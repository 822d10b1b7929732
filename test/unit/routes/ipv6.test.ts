import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { hasIpv6 } from '../../../src/routes/ipv6.ts';
import { backend, frontend, observe } from '../../support/containers.ts';

const dual = { meet_default: '172.18.0.2/16 fd00::2/64' };
const dualBackend = { meet_default: '172.18.0.5/16 fd00::5/64' };
const four = { meet_default: '172.18.0.3/16' };
const host = { networks: { host: '' }, networkMode: 'host' };

describe('frontends listen on IPv6', () => {
  it.each([
    ['with an IPv6 address alone', [frontend({ networks: { meet_default: 'fd00::2/64' } })], true],
    ['with both', [frontend({ networks: dual })], true],
    ['on any of their networks', [frontend({ networks: { ...four, proxy: 'fd01::2/64' } })], true],
    [
      'where one of several has an address, since they have one kernel',
      [frontend({ networks: four }), frontend({ name: 'f2', networks: dual })],
      true,
    ],
    ['while they restart', [frontend({ state: 'exited', networks: { meet_default: '' } }), backend({ networks: dualBackend })], true],
    ['in host mode, where any container has one', [frontend(host), backend({ networks: dualBackend })], true],
    ['never with IPv4 alone', [frontend({ networks: four }), backend()], false],
    [
      'never for a backend on a network that is none of theirs',
      [frontend({ networks: four }), backend({ networks: { other: 'fd00::5/64' } })],
      false,
    ],
    ['never in host mode, where nobody has one', [frontend(host), backend()], false],
    [
      'never for a frontend of another project',
      [frontend({ networks: four }), frontend({ name: 'x', project: 'other', labels: { 'meet.instance': 'meet' }, networks: dual })],
      false,
    ],
  ] satisfies [string, Container[], boolean][])('%s', (_, containers, expected) => {
    const [instance] = readInstances(observe(containers)).instances;
    expect(instance !== undefined && hasIpv6(instance)).toBe(expected);
  });
});
