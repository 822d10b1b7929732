import { describe, expect, it } from 'vitest';
import { readInstances } from '../../../src/model/read-instances.ts';
import { decideFrontendPorts } from '../../../src/routes/ports.ts';
import { frontend, observe } from '../../support/containers.ts';

function decide(labels: Readonly<Record<string, string>>): ReturnType<typeof decideFrontendPorts> {
  const [instance] = readInstances(observe([frontend({ labels })])).instances;
  if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
  return decideFrontendPorts(instance);
}

describe("the frontend's three ports", () => {
  it.each([
    [{}, { listen: 8083, status: 8084, spa: 8080 }],
    [{ 'meet.listen': '9000' }, { listen: 9000, status: 8084, spa: 8080 }],
    [{ 'meet.status-port': '9000' }, { listen: 8083, status: 9000, spa: 8080 }],
    [{ 'meet.port': '9000' }, { listen: 8083, status: 8084, spa: 9000 }],
    [
      { 'meet.listen': '8084', 'meet.status-port': '8083' },
      { listen: 8084, status: 8083, spa: 8080 },
    ],
    [
      { 'meet.port': '8083', 'meet.listen': '8080' },
      { listen: 8080, status: 8084, spa: 8083 },
    ],
  ])('%j are %j', (labels, ports) => {
    expect(decide(labels)).toEqual({ ports, problems: [] });
  });

  it.each([
    [{ 'meet.listen': '8080' }, 'meet.listen', { listen: 8083, status: 8084, spa: 8080 }],
    [{ 'meet.listen': '8084' }, 'meet.listen', { listen: 8083, status: 8084, spa: 8080 }],
    [{ 'meet.status-port': '8080' }, 'meet.status-port', { listen: 8083, status: 8084, spa: 8080 }],
    [{ 'meet.port': '8083' }, 'meet.port', { listen: 8083, status: 8084, spa: 8080 }],
    [{ 'meet.listen': '9000', 'meet.status-port': '9000' }, 'meet.status-port', { listen: 9000, status: 8084, spa: 8080 }],
    [{ 'meet.port': '9000', 'meet.listen': '9000' }, 'meet.listen', { listen: 8083, status: 8084, spa: 9000 }],
  ])('%j collide: %s is left out, with a problem', (labels, key, ports) => {
    const decided = decide(labels);
    expect(decided.ports).toEqual(ports);
    expect(decided.problems).toMatchObject([{ code: 'ports-collide', instance: 'meet', container: 'meet-frontend-1', key }]);
  });

  it('always differ, with any labels', () => {
    const some = ['8080', '8083', '8084', '9000'];
    for (const listen of some)
      for (const status of some)
        for (const spa of some) {
          const { ports } = decide({ 'meet.listen': listen, 'meet.status-port': status, 'meet.port': spa });
          expect(new Set(Object.values(ports)).size).toBe(3);
        }
  });
});
