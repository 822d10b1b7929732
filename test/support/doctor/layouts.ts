import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import { shippedStub } from '../real-layout.ts';
import type { DoctorStack } from './doctor-stack.ts';
import { config, service } from './faults.ts';
import { waitForFindings } from './check-faults.ts';

/** A working set-up that differs from the example. */
interface Layout {
  readonly name: string;
  readonly change: (stack: DoctorStack) => Promise<string>;
  readonly services: readonly string[];
  /** Services of the example that this layout doesn't have. */
  readonly without?: readonly string[];
}

const outerProxy = readFileSync(new URL('../../providers/engine/images/outer-proxy/nginx.conf.template', import.meta.url), 'utf8');

export const layouts: readonly Layout[] = [
  {
    name: 'the stub is a file of the host',
    change: async ({ folder }) => {
      const file = join(folder, 'nginx-routing.conf');
      writeFileSync(file, shippedStub(), { mode: 0o644 });
      return service('frontend', 'configs: !override []', `volumes: [${JSON.stringify(`${file}:/etc/nginx/conf.d/routing.conf:ro`)}]`);
    },
    services: ['frontend'],
  },
  {
    name: 'the public names are aliases of nginx-proxy',
    change: async () =>
      [
        service(
          'nginx-proxy',
          'networks: !override { proxy: {}, internal: { aliases: [auth.example.com, livekit.example.com] } }',
          'configs: [{ source: both-ports, target: /etc/nginx/nginx.conf.template }]',
        ),
        '  backend:\n    extra_hosts: !override ["other.example.org:host-gateway"]',
        config('both-ports', outerProxy.replace('listen 80 default_server;', 'listen 80 default_server; listen 443;')),
      ].join('\n'),
    services: ['nginx-proxy', 'backend'],
  },
  {
    name: 'LiveKit has a range of ports',
    change: async () => {
      const first = Math.min(await freePort(), 65_000);
      const range = `${first}-${first + 2}`;
      return service(
        'livekit',
        `environment: { LIVEKIT_CONFIG: "rtc:\\n  tcp_port: ${first}\\n  port_range_start: ${first}\\n  port_range_end: ${first + 2}\\n" }`,
        `ports: !override ["${first}:${first}/tcp", "${range}:${range}/udp"]`,
      );
    },
    services: ['livekit'],
  },
  {
    name: 'Keycloak and LiveKit are elsewhere',
    change: async () =>
      service(
        'backend',
        'environment:',
        '  LIVEKIT_API_URL: wss://meet.livekit.cloud',
        ...['AUTHORIZATION', 'LOGOUT', 'TOKEN', 'USER', 'JWKS'].map(
          (name) => `  OIDC_OP_${name}_ENDPOINT: https://login.example.org/${name}`,
        ),
      ),
    services: ['backend'],
    without: ['keycloak', 'livekit'],
  },
];

/** Applies all layouts at once, checks that the doctor finds nothing, and takes the layouts back. */
export async function checkLayouts(stack: DoctorStack, chosen: readonly Layout[]): Promise<void> {
  const services = [...new Set(chosen.flatMap((layout) => layout.services))];
  const without = chosen.flatMap((layout) => layout.without ?? []);
  try {
    await stack.change(await Promise.all(chosen.map(({ change }) => change(stack))), services);
    for (const name of without) await stack.scale(name, 0);
    await waitForFindings(stack, []);
  } finally {
    for (const name of without) await stack.scale(name, 1);
    await stack.change([], services);
  }
}
