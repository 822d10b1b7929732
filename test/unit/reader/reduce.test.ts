import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { reduceEvent, reduceServices, reduceTasks, reduceVersion } from '../../../src/reader/reduce.ts';
import { dockerService, dockerTask, dockerVersion, otherEvents, swarmEvents } from '../../support/swarm/docker-json.ts';
import { plantSecrets, shownPlaces } from '../../support/swarm/plant.ts';

const noRoles: ReadonlySet<string> = new Set();

function namesOf(...services: readonly unknown[]): readonly unknown[] {
  return reduceServices(services).services.map(({ Spec: spec }) => (spec as { Name: unknown }).Name);
}

/** The labels that a task shows. */
function labelsOf(labels: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const [task] = reduceTasks([dockerTask({ labels: { 'meet.role': 'backend', ...labels } })], noRoles);
  return (task as { Spec: { ContainerSpec: { Labels: Record<string, unknown> } } }).Spec.ContainerSpec.Labels;
}

/** Adds a field to every object of a JSON value, but no label: new labels are the users'. */
function withField(value: unknown, key: string, extra: unknown): unknown {
  if (Array.isArray(value)) return value.map((entry) => withField(entry, key, extra));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, entry]) => [name, name === 'Labels' ? entry : withField(entry, key, extra)]);
  return { [key]: extra, ...Object.fromEntries(entries) };
}

/** Replaces the part with this number of a JSON value, counted from the outside. */
function replaced(value: unknown, at: number, by: unknown): unknown {
  let left = at;
  const visit = (part: unknown): unknown => {
    if (left-- === 0) return by;
    if (Array.isArray(part)) return part.map(visit);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, entry]) => [key, visit(entry)]));
  };
  return visit(value);
}

/** The keys of an object; the type of any other value. */
function shapeOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? Object.keys(value).toSorted() : typeof value;
}

describe('shows of a planted secret in every field only the allowed ones', () => {
  it('for a service', () => {
    const planted = plantSecrets(dockerService({ labels: { 'meet.drain': 'true' } }), 'service');
    expect(planted.places.size).toBeGreaterThan(100);
    const text = JSON.stringify(reduceServices([planted.value]).services);
    expect(shownPlaces(text, planted)).toEqual([
      'ID',
      'Spec.Labels.com.docker.stack.namespace',
      'Spec.Labels.meet.drain',
      'Spec.Name',
      'UpdateStatus.State',
    ]);
  });

  it('for a task', () => {
    const planted = plantSecrets(dockerTask(), 'task');
    expect(planted.places.size).toBeGreaterThan(70);
    const text = JSON.stringify(reduceTasks([planted.value], noRoles));
    expect(shownPlaces(text, planted)).toEqual([
      'CreatedAt',
      'DesiredState',
      'ID',
      'NetworksAttachments.0.Addresses.0',
      'NetworksAttachments.0.Network.ID',
      'NetworksAttachments.0.Network.Spec.Name',
      'NodeID',
      'ServiceID',
      'Spec.ContainerSpec.Image',
      'Spec.ContainerSpec.Labels.com.docker.stack.namespace',
      'Spec.ContainerSpec.Labels.meet.role',
      'Status.State',
    ]);
  });

  it.each(swarmEvents.map((event) => [`${String(event['Type'])} ${String(event['Action'])}`, event] as const))(
    'for the event %s',
    (_, event) => {
      const planted = plantSecrets(event, 'event', ['Type', 'Action']);
      expect(shownPlaces(reduceEvent(JSON.stringify(planted.value)) ?? '', planted)).toEqual(['Actor.Attributes.name', 'Actor.ID']);
    },
  );

  it('for the version', () => {
    const planted = plantSecrets(dockerVersion, 'version', ['ApiVersion', 'MinAPIVersion']);
    expect(shownPlaces(JSON.stringify(reduceVersion(planted.value)), planted)).toEqual(['Version']);
  });
});

describe('passes fields in the shape of Docker', () => {
  it('for a service', () => {
    expect(reduceServices([dockerService({ labels: { 'meet.drain': 'true' } })]).services).toEqual([
      {
        ID: '9mnpnzenvg8p8tdbtq4wvbkcz',
        Version: { Index: 19 },
        Spec: { Name: 'meet_backend', Labels: { 'com.docker.stack.namespace': 'meet', 'meet.drain': 'true' } },
        UpdateStatus: { State: 'updating' },
      },
    ]);
  });

  it('for a task', () => {
    expect(reduceTasks([dockerTask()], noRoles)).toEqual([
      {
        ID: '0kzzo1i0y4jz6027t0k7aezc7',
        Version: { Index: 71 },
        CreatedAt: '2026-11-29T10:00:00.2Z',
        ServiceID: '9mnpnzenvg8p8tdbtq4wvbkcz',
        Slot: 1,
        NodeID: '60gvrl6tm78dmak4yl7srz94v',
        DesiredState: 'running',
        Status: { State: 'running' },
        NetworksAttachments: [
          { Network: { ID: '4qvuz4ko70xaltuqbt8956gd1', Spec: { Name: 'meet_internal' } }, Addresses: ['10.0.1.10/24'] },
        ],
        Spec: {
          ContainerSpec: {
            Image: 'lasuite/meet-backend:v1.27.0@sha256:4d1',
            Labels: { 'com.docker.stack.namespace': 'meet', 'meet.role': 'backend' },
          },
        },
      },
    ]);
  });

  it('for an event', () => {
    expect(JSON.parse(reduceEvent(JSON.stringify(swarmEvents[1])) ?? '')).toEqual({
      Type: 'service',
      Action: 'update',
      Actor: { ID: '9mnpnzenvg8p8tdbtq4wvbkcz', Attributes: { name: 'meet_backend' } },
      time: swarmEvents[1]?.['time'],
      timeNano: swarmEvents[1]?.['timeNano'],
    });
  });

  it('for the version', () => {
    expect(reduceVersion(dockerVersion)).toEqual({ Version: '26.1.5', ApiVersion: '1.45', MinAPIVersion: '1.24' });
  });
});

test.each([...otherEvents.map((event) => JSON.stringify(event)), '', 'no JSON', '[]', 'null', '{"Type":"service"}'])(
  'shows nothing of the event %s',
  (line) => {
    expect(reduceEvent(line)).toBeUndefined();
  },
);

describe('shows the services', () => {
  it.each([
    ['with meet.role on its containers', dockerService()],
    ['with meet.role on the service alone', dockerService({ containerLabels: {}, labels: { 'meet.role': 'backend' } })],
    ['whose old tasks have meet.role', dockerService({ containerLabels: {}, previousLabels: { 'meet.role': 'backend' } })],
  ])('%s', (_, service) => {
    expect(namesOf(service)).toEqual(['meet_backend']);
  });

  it.each([
    ['without meet.role', { 'meet.port': '80' }],
    ['with meet.role in other letters', { 'Meet.Role': 'backend' }],
    ['whose meet.role is no text', { 'meet.role': ['backend'] }],
  ])('not %s', (_, labels) => {
    expect(namesOf(dockerService({ containerLabels: labels, labels }))).toEqual([]);
  });
});

describe('shows the tasks', () => {
  it('with meet.role on the container, or on the service', () => {
    const { withRole } = reduceServices([dockerService({ id: 'own', containerLabels: {}, labels: { 'meet.role': 'backend' } })]);
    const tasks = [
      dockerTask({ id: 'container' }),
      dockerTask({ id: 'service', serviceId: 'own', labels: {} }),
      dockerTask({ id: 'neither', serviceId: 'other', labels: {} }),
    ];
    expect(reduceTasks(tasks, withRole).map(({ ID: id }) => id)).toEqual(['container', 'service']);
  });

  it('without a slot, where the service is global', () => {
    const { Slot: _, ...task } = dockerTask();
    expect(reduceTasks([task], noRoles)[0]).not.toHaveProperty('Slot');
  });
});

describe('limits', () => {
  it('cuts long labels as meet-gen does, so that meet-gen refuses them', () => {
    expect(labelsOf({ 'meet.paths': 'x'.repeat(8193) })['meet.paths']).toBe(`${'x'.repeat(8192)}…`);
    expect(labelsOf({ [`meet.${'x'.repeat(300)}`]: '' })).toHaveProperty([`meet.${'x'.repeat(251)}…`]);
  });

  it('passes one label more than meet-gen accepts', () => {
    const many = Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`meet.x${index}`, '']));
    expect(Object.keys(labelsOf(many)).filter((key) => key.startsWith('meet.'))).toHaveLength(513);
    expect(labelsOf(many)).toHaveProperty(['com.docker.stack.namespace']);
  });

  it('marks labels with a value that is not text, since the value could be a guard', () => {
    expect(labelsOf({ 'meet.allow./admin': 7 })).toEqual({
      'com.docker.stack.namespace': 'meet',
      'meet.role': 'backend',
      'meet.unreadable': null,
    });
  });

  it('shows that a network is the ingress, which can have any name', () => {
    const task = dockerTask();
    const [attachment] = task['NetworksAttachments'] as readonly Record<string, unknown>[];
    const withIngress = (isIngress: unknown): unknown =>
      reduceTasks(
        [{ ...task, NetworksAttachments: [{ ...attachment, Network: { ID: 'n', Spec: { Name: 'mesh', Ingress: isIngress } } }] }],
        noRoles,
      )[0]?.['NetworksAttachments'];
    const addresses = ['10.0.1.10/24'];
    expect(withIngress(true)).toEqual([{ Network: { ID: 'n', Spec: { Name: 'mesh', Ingress: true } }, Addresses: addresses }]);
    for (const other of [false, undefined, 'secret'])
      expect(withIngress(other)).toEqual([{ Network: { ID: 'n', Spec: { Name: 'mesh' } }, Addresses: addresses }]);
  });

  it('cuts other texts, networks and addresses', () => {
    const task = dockerTask();
    const [attachment] = task['NetworksAttachments'] as readonly Record<string, unknown>[];
    const addresses = Array.from({ length: 100 }, () => '10.0.0.1/24');
    const huge = {
      ...task,
      DesiredState: 'x'.repeat(10_000),
      NetworksAttachments: Array.from({ length: 1000 }, () => ({ ...attachment, Addresses: addresses })),
    };
    const [reduced] = reduceTasks([huge], noRoles) as readonly { DesiredState: string; NetworksAttachments: { Addresses: unknown[] }[] }[];
    expect(reduced?.DesiredState).toHaveLength(257);
    expect(reduced?.NetworksAttachments).toHaveLength(257);
    expect(reduced?.NetworksAttachments[0]?.Addresses).toHaveLength(16);
  });

  it('refuses more than 10,000 tasks or services with meet.role, and counts only these', () => {
    const task = dockerTask();
    const service = dockerService();
    const other = dockerTask({ labels: {} });
    const most = Array.from({ length: 10_000 }, () => task);
    expect(reduceTasks([...most, other], noRoles)).toHaveLength(10_000);
    expect(() => reduceTasks([...most, task], noRoles)).toThrow('the swarm has more than 10000 tasks with meet.role');
    expect(() => reduceServices(Array.from({ length: 10_001 }, () => service))).toThrow('more than 10000 services');
  });

  it.each([undefined, null, {}, 'text', 5])('refuses %j instead of a list', (answer) => {
    expect(() => reduceTasks(answer, noRoles)).toThrow('something else than a list');
    expect(() => reduceServices(answer)).toThrow('something else than a list');
  });
});

describe('every field that Docker adds', () => {
  const read = new Set(['Slot', 'UpdateStatus', 'Index', 'State', 'Name']);
  const anyKey = fc.string().filter((key) => !read.has(key) && key !== '__proto__');

  test('to any object is dropped', () => {
    const [service, task, event] = [dockerService(), dockerTask(), swarmEvents[1]];
    fc.assert(
      fc.property(anyKey, fc.jsonValue(), (key, extra) => {
        expect(reduceServices([withField(service, key, extra)])).toEqual(reduceServices([service]));
        expect(reduceTasks([withField(task, key, extra)], noRoles)).toEqual(reduceTasks([task], noRoles));
        expect(reduceEvent(JSON.stringify(withField(event, key, extra)))).toEqual(reduceEvent(JSON.stringify(event)));
      }),
    );
  });

  test('in place of any field, the shape stays', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.jsonValue(), (at, by) => {
        for (const task of reduceTasks([replaced(dockerTask(), at, by)], noRoles)) {
          expect(Object.keys(dockerTask())).toEqual(expect.arrayContaining(Object.keys(task)));
          expect(shapeOf(task['Status'])).toEqual(['State']);
          expect(shapeOf(task['Spec'])).toEqual(['ContainerSpec']);
        }
        for (const service of reduceServices([replaced(dockerService(), at, by)]).services)
          expect(shapeOf(service['Spec'])).toEqual(['Labels', 'Name']);
      }),
    );
  });
});
