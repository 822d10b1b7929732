import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/model/container.ts';
import { readInstances } from '../../../src/model/read-instances.ts';
import { isMediaRule, plainFileUri } from '../../../src/routes/media.ts';
import { planRouting } from '../../../src/routes/plan.ts';
import type { RoutingPlan } from '../../../src/routes/plan.ts';
import type { LocationView } from '../../../src/routes/view.ts';
import { fillStructure } from '../../../src/routes/structure.ts';
import { editionOf } from '../../../src/rollout/edition.ts';
import { withoutNamed } from '../../../src/rollout/named-locations.ts';
import type { ContainerSketch } from '../../support/containers.ts';
import { backend, container, filesService, frontend, observe } from '../../support/containers.ts';

const bucket = { 'meet.media.bucket': 'storage' };

function minio({ labels = bucket, ...sketch }: Partial<ContainerSketch> = {}): Container {
  return container({
    name: 'meet-minio-1',
    project: 'meet',
    service: 'minio',
    networks: { meet_default: '172.18.0.20/16' },
    ports: [9000, 9001],
    ...sketch,
    labels: { 'meet.role': 'media', ...labels },
  });
}

function plan(...containers: readonly Container[]): RoutingPlan {
  const [instance] = readInstances(observe([frontend(), ...containers])).instances;
  if (instance === undefined) throw new Error('there is a frontend, so there is an instance');
  return planRouting(instance, []);
}

const locationsOf = ({ view }: Pick<RoutingPlan, 'view'>): readonly LocationView[] => view.groups.flatMap(({ locations }) => locations);
const filesOf = (so: Pick<RoutingPlan, 'view'>): readonly LocationView[] =>
  locationsOf(so).filter((one) => one.kind === 'below' && isMediaRule(one));
const recordings = (so: RoutingPlan): LocationView | undefined => locationsOf(so).find(({ path }) => path === '/media/recordings/');
const unavailable = { kind: 'below', path: '/media/recordings/' };

describe('files in S3', () => {
  it('are in their bucket behind the backend, with the signed host', () => {
    expect(filesOf(plan(backend(), minio()))).toEqual(
      ['files', 'recordings'].map((folder) => ({
        kind: 'below',
        path: `/media/${folder}/`,
        plainPathsOnly: true,
        media: {
          storage: 'meet-media_meet.minio',
          auth: 'meet_meet.backend',
          authPath: `/api/v1.0/${folder}/media-auth/`,
          storagePath: `/storage/${folder}/`,
          host: 'minio:9000',
        },
      })),
    );
    expect(plan(backend(), minio()).view.upstreams).toContainEqual({
      name: 'meet-media_meet.minio',
      title: 'meet/minio',
      servers: ['172.18.0.20:9000'],
      backups: [],
    });
  });

  it.each([
    ['the label', { 'meet.media.host': 's3.example.com' }, 'minio', 's3.example.com'],
    ['the port that it listens on', { 'meet.port': '9100' }, 'minio', 'minio:9100'],
    ['no port where it is that of http', { 'meet.port': '80' }, 'minio', 'minio'],
    ['small letters', {}, 'MinIO', 'minio:9000'],
  ])('are asked for with the host of %s', (_, labels, service, host) => {
    expect(recordings(plan(backend(), minio({ service, labels: { ...bucket, ...labels } })))?.media?.host).toBe(host);
  });

  it.each([
    ['no S3', [backend()]],
    ['no backend', [minio()]],
    ['a backend that does not run', [backend({ state: 'exited' }), minio()]],
    ['an S3 that does not run', [backend(), minio({ state: 'exited' })]],
    ['a backend without the API', [backend({ labels: { 'meet.paths': '/admin' } }), minio()]],
    ['no bucket', [backend(), minio({ labels: {} })]],
    ['a bucket of no usable name', [backend(), minio({ labels: { 'meet.media.bucket': '../x' } })]],
    ['a service that answers the API instead', [filesService({ labels: { 'meet.paths': '/api' } }), minio()]],
  ])('are 503 with %s', (_, containers) => {
    const found = recordings(plan(...containers));
    expect(found).toMatchObject(unavailable);
    expect(Object.keys(found ?? {}).filter((key) => key !== 'plainPathsOnly')).toEqual(Object.keys(unavailable));
  });

  it('are a problem without a bucket', () => {
    expect(plan(backend(), minio({ labels: {} })).problems).toMatchObject([{ code: 'no-bucket', container: 'meet-minio-1' }]);
  });

  it('are decided by a backend, never by a service with a longer path', () => {
    const thief = filesService({ labels: { 'meet.paths': '/api/v1.0/recordings,=/api/v1.0/recordings/media-auth/' } });
    expect(recordings(plan(backend(), thief, minio()))?.media?.auth).toBe('meet_meet.backend');
  });

  it('belong to no other service, for any requested path', () => {
    const paths = '/media,/media/recordings,/media/recordings/x,=/media/recordings/x.mp4,/media/files/';
    for (const others of [[], [minio()]]) {
      const so = plan(backend(), filesService({ labels: { 'meet.paths': paths } }), ...others);
      expect(so.problems).toMatchObject([
        {
          code: 'contested-route',
          container: 'meet-files-1',
          value: '=/media/recordings,/media/recordings/,=/media/recordings/x,/media/recordings/x/,=/media/recordings/x.mp4,/media/files/',
        },
      ]);
      expect(so.problems[0]?.message).toContain('meet.role=media');
      expect(filesOf(so).map(({ path, media }) => [path, media !== undefined])).toEqual([
        ['/media/files/', others.length > 0],
        ['/media/recordings/', others.length > 0],
      ]);
    }
  });

  it('come from one S3: the own project first, then the first by name', () => {
    const second = minio({ name: 'meet-storage-1', service: 'storage', labels: { 'meet.media.bucket': 'second' } });
    const so = plan(backend(), second, minio());
    expect(recordings(so)?.media?.storage).toBe('meet-media_meet.minio');
    expect(so.problems).toMatchObject([{ code: 'contested-route', container: 'meet-storage-1', key: 'meet.role' }]);
  });

  it('never share an upstream with a service of the same name', () => {
    const older = minio({ name: 'meet-minio-2', labels: { 'meet.role': 'service', 'meet.paths': '/open' }, created: 1_800_000_000 });
    const so = plan(backend(), minio(), older);
    expect(locationsOf(so).find(({ path }) => path === '/open')?.upstream).toBe('meet_meet.minio');
    expect(recordings(so)?.media?.storage).toBe('meet-media_meet.minio');
    // The same holds for a service of an older structure.
    const before = plan(backend(), container({ ...sketchOfService, labels: { 'meet.role': 'service', 'meet.paths': '/open' } }));
    const { addresses } = plan(backend(), minio());
    const view = fillStructure(before.structure, addresses);
    expect(locationsOf({ view }).find(({ path }) => path === '/open')).toEqual({ kind: 'exact', path: '/open' });
  });
});

const sketchOfService: ContainerSketch = {
  name: 'meet-minio-1',
  project: 'meet',
  service: 'minio',
  networks: { meet_default: '172.18.0.20/16' },
  ports: [9000],
};

const worlds: readonly (readonly Container[])[] = [
  [],
  [backend()],
  [minio()],
  [backend(), minio()],
  [backend({ labels: { 'meet.paths': '/api' } }), minio({ labels: { 'meet.media.bucket': 'another' } })],
  [backend(), minio({ service: 'storage', name: 'meet-storage-1' })],
  [backend(), filesService({ labels: { 'meet.paths': '/media,/api' } }), minio()],
  [backend({ state: 'exited' }), container({ ...sketchOfService, labels: { 'meet.role': 'service', 'meet.paths': '/media' } })],
];

describe('a structure without the parts that nginx refused', () => {
  it('serves files only after asking the backend, and keeps its path reserved', () => {
    const world = fc.constantFrom(...worlds);
    const paths = fc.subarray(['/media/files/', '/media/recordings/', '/api', '/api/', '/media', '/media/']);
    const file = fc.constantFrom('meet-routing/routing.conf', 'meet-routing.d/own.conf');
    fc.assert(
      fc.property(world, world, paths, file, (wanted, now, named, place) => {
        const edition = editionOf('t', plan(...wanted).structure);
        const words = named.map((path) => `[emerg] duplicate location "${path}" in /etc/nginx/${place}:1`).join('; ');
        const less = withoutNamed(edition, { words, content: '' }) ?? edition;
        const { addresses } = plan(...now);
        const view = fillStructure(less.structure, addresses);
        const files = filesOf({ view });
        expect(files.map(({ path }) => path)).toEqual(['/media/files/', '/media/recordings/']);
        const known = new Set(view.upstreams.map(({ name }) => name));
        const ofStorage = view.upstreams.filter(({ name }) => name.startsWith('meet-media_'));
        for (const { media } of files)
          if (media !== undefined) expect([known.has(media.storage ?? ''), known.has(media.auth)]).toEqual([true, true]);
        // S3's addresses are only behind these locations, and out of reach for a template without support for files.
        for (const { name } of ofStorage)
          expect(locationsOf({ view }).filter(({ upstream, guarded }) => upstream === name || guarded === name)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

it('the template has the same expression for plain file names', () => {
  const template = readFileSync(new URL('../../../templates/routing.conf.eta', import.meta.url), 'utf8');
  expect(template).toContain(`if ($request_uri !~ ${plainFileUri.source.replaceAll(String.raw`\/`, '/')}) {`);
});
