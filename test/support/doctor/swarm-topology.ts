import type { Facts, Inspection, Subject } from '../../../src/doctor/facts/facts.ts';
import { known } from '../../../src/doctor/facts/facts.ts';
import { partOf } from '../../../src/doctor/facts/part.ts';
import { serviceTextOf } from '../../../src/doctor/facts/swarm.ts';
import { defined } from '../../../src/util/defined.ts';
import { topology } from './topology.ts';
import type { SubjectSketch } from './topology.ts';

/** The inspection of a task's container, as Engine 26.1 answers it. */
const ofSwarm: Partial<Inspection> = { restartPolicy: 'no', aliases: new Map(), extraHosts: [], stopSignal: 'SIGQUIT' };

const routing = (destination: string) => [{ type: 'volume', source: '/var/lib/docker/volumes/meet_routing/_data', destination }];

/** The services of stack.example.yml on one node, a manager. */
const services: Readonly<Record<string, SubjectSketch | undefined>> = {
  'nginx-proxy': undefined,
  'acme-companion': undefined,
  'docker-proxy': undefined,
  keycloak: undefined,
  livekit: undefined,
  frontend: {
    environment: { VIRTUAL_HOST: '', VIRTUAL_PORT: '', LETSENCRYPT_HOST: '' },
    networks: ['meet_internal'],
    inspection: { ...ofSwarm, pid: 42, mounts: routing('/etc/nginx/meet-routing') },
  },
  backend: { inspection: ofSwarm },
  celery: { inspection: { ...ofSwarm, program: 'celery' } },
  redis: { inspection: ofSwarm },
  postgresql: { inspection: ofSwarm },
  'meet-gen': {
    networks: ['meet_internal', 'meet_reader'],
    environment: { MEET_GEN_INSTANCE: 'meet', MEET_GEN_RELOAD: 'hook' },
    inspection: { ...ofSwarm, mounts: routing('/routing') },
  },
  reader: {
    image: 'meet-gen',
    networks: ['meet_reader'],
    inspection: {
      ...ofSwarm,
      program: 'meet-gen reader',
      mounts: [{ type: 'bind', source: '/var/run/docker.sock', destination: '/var/run/docker.sock' }],
      identity: { uid: 1000, gid: 999, groups: [] },
    },
  },
};

/** The facts of a node of a swarm without faults, with the test's changes. `undefined` removes a service. */
export function swarmTopology(
  changes: Readonly<Record<string, SubjectSketch | undefined>> = {},
  world: Parameters<typeof topology>[1] = {},
): Facts {
  const facts = topology({ ...services, ...changes }, world);
  const subjects = facts.subjects.map(asTask);
  const networks = ['bridge', 'ingress', 'docker_gwbridge', 'meet_internal', 'meet_reader'];
  return {
    ...facts,
    subjects,
    listed: subjects.filter(({ container: { labels } }) => labels['meet.role'] !== undefined),
    networks: known(networks.map((name) => ({ name, internal: name === 'meet_reader' }))),
    names: new Map(),
    extraHosts: new Map(),
    ...world.facts,
  };
}

/** The same container, with the names and labels of a task. Its id stays, since the other facts are found by it. */
function asTask(subject: Subject): Subject {
  const { service = '', image, inspection } = subject;
  const task = `${service.slice(0, 4)}wy1qfz3xk0mvn8hgd2rsp7t`.replace('-', '0').slice(0, 25);
  const own = Object.entries(subject.container.labels).filter(([key]) => !key.startsWith('com.docker.compose.'));
  const container = {
    ...subject.container,
    name: `meet_${service}.1.${task}`,
    networkMode: 'bridge',
    networks: subject.container.networks.map(({ name, ipv4 = '' }) => ({ name, ipv4, ipv4PrefixLength: 24 })),
    labels: {
      ...Object.fromEntries(own),
      'com.docker.stack.namespace': 'meet',
      'com.docker.swarm.node.id': 'n1',
      'com.docker.swarm.service.name': `meet_${service}`,
      'com.docker.swarm.task.id': task,
      'com.docker.swarm.task.name': `meet_${service}.1.${task}`,
    },
  };
  if (!inspection.known) throw new Error(`the topology has no inspection of ${service}`);
  // The grace period is in the service.
  const { stopTimeoutSeconds: _, ...inspected } = inspection.value;
  return {
    ...subject,
    container,
    part: partOf({ container, image }, inspected.environment, inspected.program),
    ...defined({ service: serviceTextOf(container) }),
    inspection: known(inspected),
  };
}
