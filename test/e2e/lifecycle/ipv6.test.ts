import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { providedEngine } from '../../providers/engine/provided.ts';
import { documentedBlock } from '../../support/docs/pages.ts';
import { stopAtFirstFailure } from '../../support/in-order.ts';
import { startMeet, usualFrontend, type MeetStack } from '../../support/meet-stack.ts';
import { stubIn } from '../../support/real-layout.ts';
import type { StatusSnapshot } from '../../../src/status/snapshot.ts';

// Three frontends of one Meet read the same file. The first has an IPv6 address. The second has an IPv6 address, but
// its kernel has IPv6 off. The third has only an IPv4 address, with IPv6 off.

const api = '/api/v1.0/config/';
const subnet = `fd77:${randomInt(0x1_00_00).toString(16)}:${randomInt(0x1_00_00).toString(16)}::/64`;
const withoutIpv6 = { 'net.ipv6.conf.all.disable_ipv6': '1' };
const frontends = ['frontend-1', 'forbidden-1', 'old-1'];

let meet: MeetStack;

beforeAll(async () => {
  const engine = providedEngine();
  const usual = usualFrontend(engine);
  meet = await startMeet(engine, 'ipv6', {
    services: {
      frontend: { networks: ['internal', 'plain'], configs: [{ source: 'stub-for-ipv6', target: '/etc/nginx/conf.d/routing.conf' }] },
      forbidden: { ...usual, networks: ['internal', 'plain'], sysctls: withoutIpv6 },
      old: { ...usual, networks: ['plain'], sysctls: withoutIpv6 },
      // Only the stub, without a rendered file.
      bare: {
        ...usual,
        labels: {},
        networks: ['internal'],
        volumes: [],
        configs: [{ source: 'stub-for-ipv6', target: '/etc/nginx/conf.d/routing.conf' }],
      },
      backend: { networks: ['internal', 'plain'] },
      'meet-gen': { networks: ['internal', 'plain'] },
    },
    configs: { 'stub-for-ipv6': stubIn(documentedBlock('docs/networks.md', 'stub for IPv6')) },
    networks: { internal: { enable_ipv6: true, ipam: { config: [{ subnet }] } }, plain: {} },
  });
  await meet.converged();
});
afterAll(() => meet?.down());
stopAtFirstFailure();

async function askByIpv6(port: number, path: string, name = 'frontend-1'): Promise<string> {
  const address = await meet.inspect(
    name,
    `{{(index .NetworkSettings.Networks ${JSON.stringify(meet.internalNetwork)}).GlobalIPv6Address}}`,
  );
  const script = `fetch('http://[${address}]:${port}${path}').then(async (r) => console.log(r.status, r.headers.get('content-type'), await r.text()))`;
  return meet.docker('exec', meet.container('tools-1'), 'node', '-e', script);
}

function statesOf({ instances }: StatusSnapshot): string | undefined {
  const states = instances[0]?.frontends.map(({ state }) => state);
  return states?.toSorted().join(' ');
}

test('the frontend with an IPv6 address answers there, on both servers', async () => {
  expect(await askByIpv6(8083, api)).toMatch(/^200 application\/json/);
  expect(await askByIpv6(8084, '/generation')).toMatch(/^200 text\/plain [0-9a-f]{16} /);
});

test('the stub for IPv6 answers there without a rendered file', async () => {
  expect(await askByIpv6(8083, '/', 'bare-1')).toMatch(/^503 /);
  expect(await askByIpv6(8084, '/generation', 'bare-1')).toMatch(/^200 .*none 1\./);
});

test('all serve the same file and restart with it, also with IPv6 off', async () => {
  for (const name of frontends) {
    expect(await meet.answering(api, name)).toEqual(['backend-1']);
    await meet.docker('restart', '--time', '3', meet.container(name));
    await meet.routed({ [api]: ['backend-1'] }, name);
    expect(await meet.inspect(name, '{{.RestartCount}}')).toBe('0');
  }
  const { instances, problems } = await meet.converged();
  expect(instances[0]?.frontends.map(({ phase }) => phase)).toEqual(['live', 'live', 'live']);
  expect(problems).toEqual([]);
});

test('keeps listening on IPv6 while no frontend with an IPv6 address runs', async () => {
  const stopped = ['frontend-1', 'forbidden-1'].map((name) => meet.container(name));
  await meet.docker('stop', '--time', '3', ...stopped);
  // Docker's list shows a stop up to 50 ms after the command has returned, as measured on a busy disk.
  await meet.resynced((snapshot) => statesOf(snapshot) === 'exited exited running');
  expect(await meet.tool('cat', '/routing/routing.conf')).toContain('listen [::]:8083;');
  await meet.docker('start', ...stopped);
  await meet.routed({ [api]: ['backend-1'] });
  expect(await askByIpv6(8083, api)).toMatch(/^200 application\/json/);
});
