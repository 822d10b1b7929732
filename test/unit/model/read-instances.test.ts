import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { backend, container, filesService, frontend, observe } from '../../support/containers.ts';

/** On a network without a frontend. */
const inProject = (project: string, role: string): Container =>
  container({
    name: `${project}-${role}-1`,
    project,
    service: role,
    labels: { 'meet.role': role },
    networks: { elsewhere: '10.9.0.1/16' },
  });

const read = (...containers: readonly Container[]): ReturnType<typeof readInstances> => readInstances(observe(containers));

describe('sorting containers into instances', () => {
  it('ignores containers without meet.role, with any other labels', () => {
    const celery = container({ name: 'celery', project: 'meet', service: 'celery', labels: { 'meet.paths': 'nonsense' } });
    expect(read(celery)).toEqual({ instances: [], problems: [] });
  });

  it('creates an instance per project, sorted by name', () => {
    const { instances } = read(
      frontend({ name: 'b', project: 'zeta', networks: { n: '10.0.0.1/8' } }),
      frontend({ name: 'a', project: 'alpha', networks: { n: '10.0.0.2/8' } }),
    );
    expect(instances.map(({ name, project }) => ({ name, project }))).toEqual([
      { name: 'alpha', project: 'alpha' },
      { name: 'zeta', project: 'zeta' },
    ]);
  });

  it('puts containers of several projects into the instance that meet.instance names', () => {
    const { instances, problems } = read(frontend(), filesService({ project: 'storage', labels: { 'meet.instance': 'meet' } }));
    expect(instances.map((one) => one.name)).toEqual(['meet']);
    expect(instances[0]?.services).toMatchObject([{ name: 'files', project: 'storage' }]);
    expect(problems).toMatchObject([{ code: 'foreign-project', severity: 'notice', instance: 'meet', value: 'storage' }]);
  });

  it.each(['livekit', 'keycloak'])('accepts %s, and routes nothing to it, on any network', (role) => {
    const [own, other] = [inProject('meet', role), inProject('login', role)];
    const alone = read(frontend(), backend());
    expect(read(frontend(), backend(), own, other)).toEqual(alone);
    expect(readInstances(observe([frontend(), backend(), own, other]), { strict: true })).toEqual(alone);
  });

  it('reports a container without a network as unshared, not as a container without a port', () => {
    const { problems } = read(frontend(), filesService({ networks: {}, ports: [] }));
    expect(problems.map(({ code }) => code)).toEqual(['no-shared-network']);
  });

  it('refuses containers of other projects in strict mode, with a problem', () => {
    const foreign = [
      filesService({ project: 'storage', labels: { 'meet.instance': 'meet' } }),
      frontend({ name: 'storage-frontend-1', project: 'storage', labels: { 'meet.instance': 'meet' } }),
    ];
    const { instances, problems } = readInstances(observe([frontend(), backend(), ...foreign]), { strict: true, remembered: new Map() });
    expect(instances).toMatchObject([
      { name: 'meet', frontends: [{ container: { name: 'meet-frontend-1' } }], services: [{ name: 'backend' }] },
    ]);
    expect(problems).toMatchObject([
      { code: 'foreign-project-refused', severity: 'error', container: 'meet-files-1' },
      { code: 'foreign-project-refused', severity: 'error', container: 'storage-frontend-1' },
    ]);
    expect(problems).toHaveLength(2);
  });

  it('reads only the selected instance, and reports no problems of others', () => {
    const { instances, problems } = readInstances(
      observe([frontend(), backend({ name: 'other', project: 'other', labels: { 'meet.port': 'x' } })]),
      { only: 'meet' },
    );
    expect(instances.map((one) => one.name)).toEqual(['meet']);
    expect(problems).toEqual([]);
  });

  it.each([{ project: 'other' }, { project: 'meet', labels: { 'meet.instance': 'other' } }])(
    'reports no unreadable role of another instance: %j',
    ({ project, labels }) => {
      const misspelt = backend({ name: 'other', project, labels: { ...labels, 'meet.role': 'bakend' } });
      expect(readInstances(observe([frontend(), misspelt]), { only: 'meet' }).problems).toEqual([]);
      expect(readInstances(observe([frontend(), misspelt]), { only: 'other' }).problems).toMatchObject([{ code: 'bad-role' }]);
    },
  );

  it('reports an instance without a frontend, and keeps its backends out of rotation', () => {
    const { instances, problems } = read(backend());
    expect(problems).toMatchObject([{ code: 'no-frontend', instance: 'meet' }]);
    expect(instances[0]?.services[0]?.replicas).toMatchObject([{ inRotation: false }]);
  });

  it('never uses a one-off as a frontend', () => {
    expect(read(frontend({ oneOff: true }), backend()).problems).toMatchObject([{ code: 'no-frontend' }]);
  });
});

const byHand = (name: string, role: string, address: string): Container =>
  container({ name, labels: { 'meet.role': role }, networks: { meet: `${address}/24` } });

describe('grouping replicas into services', () => {
  it('groups by project and service', () => {
    const { instances } = read(
      frontend(),
      backend({ name: 'b1' }),
      backend({ name: 'b2' }),
      backend({ name: 'b3', service: 'backend-two', labels: { 'meet.paths': '=/two' } }),
      backend({ name: 'b4', project: 'other', labels: { 'meet.instance': 'meet', 'meet.paths': '=/other' } }),
    );
    expect(instances[0]?.services.map((service) => [service.project, service.name, service.replicas.length])).toEqual([
      ['meet', 'backend', 2],
      ['meet', 'backend-two', 1],
      ['other', 'backend', 1],
    ]);
  });

  it('groups all unnamed backends into one service', () => {
    const { instances } = read(
      byHand('f', 'frontend', '10.0.0.1'),
      byHand('b1', 'backend', '10.0.0.2'),
      byHand('b2', 'backend', '10.0.0.3'),
    );
    expect(instances[0]?.services).toMatchObject([
      { name: 'backend', replicas: [{ endpoint: '10.0.0.2:8000' }, { endpoint: '10.0.0.3:8000' }] },
    ]);
    expect(instances[0]?.services[0]).not.toHaveProperty('project');
  });

  it('lists a one-off, but ignores its labels and its address', () => {
    const { instances, problems } = read(
      frontend(),
      backend(),
      backend({ name: 'meet-backend-run-1', oneOff: true, created: 1_900_000_000, labels: { 'meet.read-timeout': '1s' } }),
    );
    expect(instances[0]?.services).toMatchObject([
      { labels: {}, replicas: [{ inRotation: true }, { container: { name: 'meet-backend-run-1' }, inRotation: false }] },
    ]);
    expect(problems).toEqual([]);
  });
});

describe('stopped frontends', () => {
  it.each(['created', 'exited', 'restarting', 'paused', 'dead'] as const)(
    '%s: cause a problem, while addresses are still published',
    (state) => {
      const { instances, problems } = read(frontend({ state }), backend());
      expect(problems).toMatchObject([{ code: 'no-frontend-running', instance: 'meet', container: 'meet-frontend-1' }]);
      expect(instances[0]?.services[0]?.replicas).toMatchObject([{ inRotation: true }]);
    },
  );

  it('cause a problem when all are on other nodes, as with a wrong --node', () => {
    const elsewhere = { ...frontend({ name: 'f2', networks: { meet_default: '172.18.0.3/16' } }), isElsewhere: true } as const;
    expect(read(elsewhere, backend()).problems).toMatchObject([{ code: 'no-frontend-here', instance: 'meet' }]);
    expect(read(frontend(), elsewhere, backend()).problems).toEqual([]);
  });

  it('cause no problem while one frontend runs', () => {
    expect(read(frontend({ state: 'exited' }), frontend({ name: 'f2', networks: { meet_default: '172.18.0.3/16' } })).problems).toEqual([]);
  });
});
