import { describe, expect, it } from 'vitest';
import { examine } from '../../../src/doctor/examine.ts';
import { known, unknown } from '../../../src/doctor/facts/facts.ts';
import { partOf } from '../../../src/doctor/facts/part.ts';
import { isIdleTask, serviceTextOf } from '../../../src/doctor/facts/swarm.ts';
import { container } from '../../support/containers.ts';
import { published } from '../../support/doctor/topology.ts';
import { swarmTopology } from '../../support/doctor/swarm-topology.ts';

const labels = { 'com.docker.stack.namespace': 'meet', 'com.docker.swarm.service.name': 'meet_backend' };

describe('a node of a swarm', () => {
  it('without faults has no finding', () => {
    const { findings, unchecked } = examine(swarmTopology());
    expect(findings).toEqual([]);
    expect(unchecked.map(({ check }) => check)).toEqual([
      'virtual-host',
      'virtual-port',
      'certificate-name',
      'proxy-network',
      'proxy-limits',
      'extra-hosts',
      'stop-grace',
    ]);
  });

  it.each([
    ['a frontend alone, its services on other nodes', ['backend', 'celery', 'redis', 'postgresql', 'reader']],
    ['backends alone, its frontends on other nodes', ['frontend', 'redis', 'postgresql', 'reader']],
    ['no backend', ['backend']],
  ])('with %s has no finding', (_, absent) => {
    expect(examine(swarmTopology(Object.fromEntries(absent.map((name) => [name, undefined])))).findings).toEqual([]);
  });

  it("reads the stub's text from inside, or takes the status server's answer for it", () => {
    const why = unknown('exec is not allowed');
    expect(examine(swarmTopology({}, { frontend: { confD: why } })).findings).toEqual([]);
    const silent = { confD: why, status: { kind: 'silent', reason: 'no answer' } } as const;
    expect(examine(swarmTopology({}, { frontend: silent })).unchecked.map(({ check }) => check)).toContain('stub');
    const wrong = known(new Map([['routing.conf', 'server { listen 80; }']]));
    expect(examine(swarmTopology({}, { frontend: { confD: wrong } })).findings.map(({ check }) => check)).toContain('stub');
  });

  it('a label in deploy.labels is unknown to it', () => {
    const { findings, unchecked } = examine(swarmTopology({ backend: { labels: {} } }));
    expect(findings).toEqual([]);
    expect(unchecked.find(({ check }) => check === 'role-missing')?.reasons.join()).toContain('deploy.labels');
  });

  it('finds a published port of the reader, and no fault in its socket', () => {
    const { findings } = examine(
      swarmTopology({ reader: { inspection: { program: 'meet-gen reader', publishedPorts: [published(9190, 'tcp')] } } }),
    );
    expect(findings).toMatchObject([{ check: 'engine-access', containers: [expect.stringMatching(/^meet_reader\.1\./)] }]);
  });

  it('cures are for a stack', () => {
    const { findings } = examine(
      swarmTopology(
        {
          'meet-gen': undefined,
          frontend: { networks: ['meet_internal'], inspection: { mounts: [] } },
          backend: { networks: ['meet_other'] },
        },
        { frontend: { published: known(undefined), api: { kind: 'answer', status: 503, content: 'html' } } },
      ),
    );
    expect(findings.map(({ check }) => check).toSorted()).toEqual(['meet-gen', 'routing-mount', 'shared-network']);
    const paste = findings.flatMap((finding) => finding.paste).join('\n');
    expect(paste).toContain('docker stack deploy -c stack.yml meet');
    expect(paste).not.toMatch(/docker compose|docker network connect/);
  });
});

describe('the parts of a stack', () => {
  it.each([
    ['meet_celery', 'lasuite/meet-backend:v1.27.0', 'worker'],
    ['meet_meet-gen', 'registry.example.com/meet-gen:0.1.0@sha256:00', 'meet-gen'],
    ['meet_redis', 'redis:7', 'other'],
  ])('%s: the %s is a %s', (service, image, part) => {
    const task = container({ name: `${service}.1.x`, labels: { ...labels, 'com.docker.swarm.service.name': service } });
    expect(partOf({ container: task, image })).toBe(part);
  });

  it.each<[Readonly<Record<string, string>>, string | undefined]>([
    [labels, 'backend'],
    [{ 'com.docker.swarm.service.name': 'by_hand' }, 'by_hand'],
    [{ 'com.docker.compose.project': 'meet', 'com.docker.compose.service': 'backend' }, 'backend'],
    [{}, undefined],
  ])('the service of %j: %s', (own, expected) => {
    expect(serviceTextOf({ labels: own })).toBe(expected);
  });
});

it.each([
  ['exited', true],
  ['created', true],
  ['running', false],
  ['paused', false],
] as const)('a task that is %s is history or not begun: %s', (state, expected) => {
  expect(isIdleTask({ state, labels })).toBe(expected);
  expect(isIdleTask({ state, labels: {} })).toBe(false);
});
