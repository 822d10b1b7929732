import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain.ts';
import type { Explanation, InstanceAnswer } from '../../../src/explain/explanation.ts';
import type { Facts, Routing } from '../../../src/explain/facts.ts';
import { printExplanation } from '../../../src/explain/print.ts';
import type { Container } from '../../../src/model/container.ts';
import { problem } from '../../../src/model/problem.ts';
import { backend, container, filesService, frontend } from '../../support/containers.ts';
import { factsOf, newerGeneration } from '../../support/explain-facts.ts';

const at = (last: number): Readonly<Record<string, string>> => ({ meet_default: `172.18.0.${last}/16` });

function only(explanation: Explanation): InstanceAnswer {
  const [answer, ...others] = explanation.instances;
  if (answer === undefined || others.length > 0) throw new Error(`got ${explanation.instances.length} instances`);
  return answer;
}

function ask(target: string, facts: Facts): InstanceAnswer {
  return only(explain(target, facts));
}

const places = (answer: InstanceAnswer): readonly string[] =>
  answer.containers.map(({ container: name, place, endpoint, reason }) => `${name} ${place} ${endpoint ?? '-'}: ${reason}`);
const codes = (answer: InstanceAnswer): readonly string[] => answer.problems.map(({ code }) => code);

const hints = (target: string, ...containers: readonly Container[]): readonly string[] =>
  ask(target, factsOf([frontend(), backend(), ...containers])).hints;
const explainedInstances = (target: string, facts: Facts, name?: string): readonly string[] =>
  explain(target, facts, name).instances.map(({ instance }) => instance);
const hosts = (host: string): Readonly<Record<string, string>> => ({ 'meet.host': host });
const withoutGroup = <Group extends { readonly title: string }>(groups: readonly Group[], wanted: string): readonly Group[] =>
  groups.filter(({ title }) => title !== wanted);
const withoutFiles = ({ view, structure }: Routing): Routing => ({
  view: { ...view, groups: withoutGroup(view.groups, 'meet/files') },
  structure: { ...structure, groups: withoutGroup(structure.groups, 'meet/files') },
});
const withoutServers = <Group extends Routing['view']['groups'][number]>(groups: readonly Group[], wanted: string): readonly Group[] =>
  groups.map((group) => {
    const locations = group.locations.map(({ kind, path }) => ({ kind, path }));
    return group.title === wanted ? { ...group, locations } : group;
  });
/** As published after nginx refused the locations of files. */
const filesUnavailable = ({ view, structure }: Routing): Routing => ({
  view: { ...view, groups: withoutServers(view.groups, 'meet/files') },
  structure: { ...structure, groups: withoutServers(structure.groups, 'meet/files') },
});
const otherServers = ({ view, structure }: Routing): Routing => ({
  structure,
  view: { ...view, upstreams: view.upstreams.map((one) => ({ ...one, servers: ['172.18.0.99:8000'] })) },
});
const withoutExact = ({ view, structure }: Routing): Routing => ({
  structure,
  view: {
    ...view,
    groups: view.groups.map((group) => ({ ...group, locations: group.locations.filter(({ kind }) => kind !== 'exact') })),
  },
});

/** A frontend of another node. */
function elsewhere(name: string): Container {
  return { ...frontend({ name, networks: at(30) }), isElsewhere: true };
}

describe('an answer', () => {
  const meet = factsOf(
    [
      frontend(),
      backend({ name: 'b1', networks: at(5), health: 'healthy' }),
      backend({ name: 'b2', networks: at(6), health: 'starting' }),
      backend({ name: 'b3', networks: at(7), health: 'unhealthy' }),
      backend({ name: 'b4', state: 'exited' }),
      backend({ name: 'b5', networks: { elsewhere: '10.0.0.1/8' }, health: 'healthy' }),
      backend({ name: 'b6', networks: at(8), oneOff: true }),
      backend({ name: 'b7', networks: at(9), health: 'healthy' }),
      filesService({ labels: { 'meet.paths': '/api/files', 'meet.body-size': '1G' } }),
      backend({ name: 'admin', networks: at(11), service: 'admin', labels: { 'meet.paths': '/only-admin' } }),
    ],
    { stopping: ['b7'] },
  );

  it('comes from a service: location, containers, states, addresses, and reasons for containers out of rotation', () => {
    const answer = ask('/api/v1.0/config/?x=1', meet);
    expect(answer).toMatchObject({
      answer: 'service',
      summary: 'meet/backend answers',
      service: 'meet/backend',
      location: { kind: 'below', path: '/api/', settings: {} },
      file: '/routing/meet/routing.conf',
      generation: 'a'.repeat(16),
      frontends: [{ container: 'meet-frontend-1', servesPublished: true }],
      notes: [],
      hints: [],
    });
    expect(places(answer)).toEqual([
      'b1 answers 172.18.0.5:8000: healthy',
      'b2 stands-by 172.18.0.6:8000: health check has not passed yet, and others are better',
      'b3 out 172.18.0.7:8000: health check fails, and others are better',
      'b4 out -: exited',
      'b5 out -: healthy, but has no usable address',
      'b6 out -: a one-off of docker compose run',
      'b7 out 172.18.0.9:8000: got a stop signal, and others are better',
      'admin out 172.18.0.11:8000: belongs to meet/admin, which has other paths',
    ]);
    expect(codes(answer)).toEqual(['no-shared-network']);
  });

  it.each([
    ['/api', 'exact', '/api', 'meet/backend'],
    ['/api/files/x', 'below', '/api/files/', 'meet/files'],
    ['/%61pi//files/../files/x', 'below', '/api/files/', 'meet/files'],
    ['/only-admin', 'exact', '/only-admin', 'meet/admin'],
  ])('%s is %s %s of %s', (target, kind, path, service) => {
    expect(ask(target, meet)).toMatchObject({ answer: 'service', service, location: { kind, path } });
  });

  it('lists the settings of a location that differ', () => {
    expect(ask('/api/files/x', meet).location?.settings).toEqual({ bodySize: '1G' });
  });

  it('comes from the SPA for a room, even with the start of a backend path in its name', () => {
    const answer = ask('/api-abcd-efg', meet);
    expect(answer).toMatchObject({ answer: 'spa' });
    expect(answer.service ?? answer.location).toBeUndefined();
    expect(places(answer)).toEqual(['meet-frontend-1 answers 172.18.0.2:8080: running, without a health check']);
  });

  it('is 400 from nginx for a malformed path', () => {
    expect(ask('/../x', meet)).toMatchObject({ answer: 'bad-request', summary: 'nginx answers 400: .. leads above the root' });
    expect(explain('/../x', meet)).toMatchObject({ target: '/../x', answered: false });
  });
});

const routedWith = (labels: Readonly<Record<string, string>>): Facts =>
  factsOf([frontend(), backend({ health: 'healthy' }), filesService({ networks: at(4), labels: { 'meet.paths': '/files', ...labels } })]);

describe('a route with its own settings', () => {
  it('shows the port of the containers', () => {
    const answer = ask('/console/x', routedWith({ 'meet.route.console.path': '/console', 'meet.route.console.port': '9001' }));
    expect(answer).toMatchObject({ answer: 'service', service: 'meet/files', location: { path: '/console/' } });
    expect(places(answer)[0]).toMatch(/ answers 172\.18\.0\.4:9001: /);
  });

  it('shows the networks that may reach it, and the answer for others', () => {
    const answer = ask('/files/x', routedWith({ 'meet.allow.office': '/files from 10.0.0.0/8, 192.0.2.7' }));
    expect(answer).toMatchObject({
      answer: 'service',
      summary: 'meet/files answers, only to clients in 10.0.0.0/8, 192.0.2.7; others get 403',
      location: { settings: {} },
    });
    expect(places(answer)[0]).toMatch(/ answers /);
  });

  const minio = container({
    name: 'minio',
    project: 'meet',
    service: 'minio',
    labels: { 'meet.role': 'media', 'meet.media.bucket': 'storage' },
    networks: at(9),
  });

  it('shows the place of files in S3, and the path for access checks', () => {
    expect(ask('/media/recordings/x.mp4?v=1', factsOf([frontend(), backend({ health: 'healthy' }), minio]))).toMatchObject({
      answer: 'service',
      summary: 'meet/minio answers',
      location: { settings: { files: '/storage/recordings/', signedFor: 'minio:9000', askedAt: '/api/v1.0/recordings/media-auth/' } },
    });
  });

  it.each(['/media/recordings/', '/media/recordings/x', '/media/recordings/media-auth', '/media/recordings/x.mp4;y'])(
    'answers 404 to %s, which is not a plain file name',
    (target) => {
      const facts = factsOf([frontend(), backend({ health: 'healthy' }), minio]);
      expect(ask(target, facts)).toMatchObject({
        answer: 'not-found',
        summary: 'the path belongs to meet/minio, but is not a plain file name: nginx answers 404',
      });
      expect(explain(target, facts).answered).toBe(false);
    },
  );

  it.each([
    ['/media/recordings/../files/x.mp4', 'meet/minio', 'a segment of dots'],
    ['/files/x%2Fy?z', 'meet/files', 'an encoded slash'],
    ['/x/../files/x', 'meet/files', 'a segment of dots'],
  ])('of %s, whose service must not read it otherwise than nginx: 400', (target, service, what) => {
    const guarded = filesService({ labels: { 'meet.allow.office': '/files/admin from 10.0.0.0/8' } });
    const facts = factsOf([frontend(), backend({ health: 'healthy' }), minio, guarded]);
    expect(ask(target, facts)).toMatchObject({
      answer: 'bad-request',
      summary: `the path belongs to ${service}, but contains ${what}, which could bypass a guard: 400`,
      location: { settings: { plainPathsOnly: true } },
    });
    expect(explain(target, facts).answered).toBe(false);
    expect(ask('/api/x//y', facts)).toMatchObject({ answer: 'service' });
  });

  it('answers 403 if it is closed to all clients', () => {
    const facts = routedWith({ 'meet.allow.office': '/files from nowhere' });
    expect(ask('/files/x', facts)).toMatchObject({
      answer: 'forbidden',
      summary: 'the path belongs to meet/files, but is closed to all clients: 403',
    });
    expect(codes(ask('/files/x', facts))).toContain('allow-unreadable');
    expect(explain('/files/x', facts).answered).toBe(false);
  });
});

describe('frontends of other nodes', () => {
  it("are shown, and don't limit the answer", () => {
    const facts = factsOf([frontend(), elsewhere('far'), backend()], { running: { far: 'c'.repeat(16) } });
    const answer = ask('/api/x', facts);
    expect(answer).toMatchObject({ answer: 'service', notes: [] });
    expect(printExplanation(explain('/api/x', facts)).join('\n')).toMatch(/far +running +on another node: its own meet-gen proves it/);
  });

  it('serve nothing here', () => {
    expect(ask('/api/x', factsOf([elsewhere('far'), backend()]))).toMatchObject({
      answer: 'nothing',
      summary: 'no frontend of the instance is on this node',
    });
    const down = factsOf([frontend({ state: 'exited' }), elsewhere('far'), backend()]);
    expect(ask('/api/x', down).summary).toBe('no frontend of the instance runs on this node');
  });
});

describe('behind a router', () => {
  const router = container({
    name: 'meet-router-1',
    project: 'meet',
    service: 'router',
    labels: { 'meet.role': 'router' },
    networks: at(20),
  });

  it('shows the frontends as containers of the SPA, and the router as the reloaded frontend', () => {
    const facts = factsOf([
      router,
      frontend({ name: 'f1' }),
      frontend({ name: 'f2', networks: at(3), state: 'exited' }),
      backend({ health: 'healthy' }),
    ]);
    const answer = ask('/', facts);
    expect(answer).toMatchObject({ answer: 'spa', frontends: [{ container: 'meet-router-1', servesPublished: true }] });
    expect(places(answer).map((place) => place.replace(/:8080.*/, ''))).toEqual(['f1 answers 172.18.0.2', 'f2 out -: exited']);
    expect(printExplanation(explain('/', facts)).join('\n')).toMatch(/answers {2}f1 .*\n.* out {6}f2 /);
  });

  it('answers 503 for the SPA without a frontend in rotation', () => {
    const facts = factsOf([router, frontend({ name: 'f1', state: 'exited' }), backend({ health: 'healthy' })]);
    expect(ask('/', facts)).toMatchObject({
      answer: 'unavailable',
      summary: 'the path belongs to the SPA, and no frontend behind the router is in rotation: 503',
    });
    expect(explain('/', facts).answered).toBe(false);
  });
});

describe('a path without an answer', () => {
  it('answers 503 if all containers of its service are out', () => {
    const facts = factsOf([frontend(), filesService({ state: 'exited' })]);
    const answer = ask('/files', facts);
    expect(answer).toMatchObject({ answer: 'unavailable', service: 'meet/files' });
    expect(places(answer)).toEqual(['meet-files-1 out -: exited']);
    expect(explain('/files', facts).answered).toBe(false);
  });

  it('names the container with a misspelt role if there is no backend', () => {
    const answer = ask('/api/x', factsOf([frontend(), backend({ labels: { 'meet.role': 'bakcend' } })]));
    expect(answer).toMatchObject({ answer: 'unavailable', service: 'meet/backend', containers: [] });
    expect(answer.problems).toMatchObject([
      { code: 'bad-role', container: 'meet-backend-1', cure: expect.stringContaining('did you mean backend') },
    ]);
    expect(answer.hints.join()).toContain('meet-gen does not see containers without meet.role');
  });

  it.each([
    ['there is no frontend', [backend()], 'the instance has no frontend, so nothing serves its routes', 'no-frontend'],
    ['no frontend runs', [frontend({ state: 'exited' }), backend()], 'no frontend of the instance runs', 'no-frontend-running'],
  ])('where %s', (_, containers, summary, code) => {
    const facts = factsOf(containers);
    expect(ask('/', facts)).toMatchObject({ answer: 'nothing', summary });
    expect(codes(ask('/', facts))).toContain(code);
    expect(explain('/', facts).answered).toBe(false);
  });

  it('has no location before the first published file', () => {
    expect(ask('/', factsOf([frontend(), backend()], { published: () => null }))).toMatchObject({
      answer: 'nothing',
      summary: 'no file is published for the instance, so its frontends have no routes',
    });
  });
});

describe('why a route is missing', () => {
  it.each([
    ['/file', '/files', 'did you mean /files? meet/files has it'],
    ['/Files/x', '/files', 'did you mean /files? meet/files has it'],
    ['/filess/x/y', '/files', 'did you mean /files? meet/files has it'],
    ['/files', '/files/', 'meet/files has only the paths below /files/'],
    ['/files/x', '=/files', 'meet/files has only the exact path /files, and nothing below'],
    ['/files', '/files/upload', 'meet/files has only /files/upload and the paths below'],
    ['/ap', '/files', 'did you mean /api? meet/backend has it'],
  ])('hints at the closest path for %s if a service has %s', (target, paths, hint) => {
    expect(hints(target, filesService({ labels: { 'meet.paths': paths } }))[0]).toBe(hint);
  });

  it('gives a hint only for a similar path', () => {
    expect(hints('/abc-defg-hij')).toEqual([expect.stringContaining('meet-gen does not see containers without meet.role')]);
    expect(hints('/')).toHaveLength(1);
  });

  it.each([
    ['no usable meet.paths', { 'meet.paths': 'files' }, ['bad-label-value', 'no-paths']],
    ['a label that is none', { 'meet.path': '/files', 'meet.paths': '/x' }, ['unknown-label']],
    ['a role that is none', { 'meet.role': 'servcie' }, ['bad-role']],
    ['a service name that is none', { 'meet.service': 'a b', 'com.docker.compose.service': 'a b' }, ['bad-label-value', 'no-service']],
  ])('names a container with %s', (_, labels, expected) => {
    const answer = ask('/files', factsOf([frontend(), backend(), filesService({ labels })]));
    expect(answer.answer).toBe('spa');
    expect(answer.problems.map(({ container: name, code }) => `${name} ${code}`)).toEqual(expected.map((code) => `meet-files-1 ${code}`));
  });

  it('leaves out such containers if a service answers', () => {
    expect(codes(ask('/api', factsOf([frontend(), backend(), filesService({ labels: { 'meet.paths': 'files' } })])))).toEqual([]);
  });

  it('names a refused container of another project', () => {
    const foreign = filesService({ project: 'other', labels: { 'meet.instance': 'meet' } });
    const answer = ask('/files', factsOf([frontend(), backend(), foreign], { choice: { strict: true } }));
    expect(codes(answer)).toEqual(['foreign-project-refused']);
  });

  it('names the instance that has the path', () => {
    const docs = [
      frontend({ name: 'docs-frontend-1', project: 'docs', networks: { docs_default: '172.19.0.2/16' } }),
      filesService({ name: 'docs-files-1', project: 'docs', networks: { docs_default: '172.19.0.3/16' } }),
    ];
    const [, meet] = explain('/files', factsOf([frontend(), backend(), ...docs])).instances;
    expect(meet?.hints[0]).toBe(
      'docs/files has this path in the instance docs; set meet.instance=meet on its containers if it should answer here',
    );
  });

  it("names the service that asks for the path but doesn't get it", () => {
    const loser = filesService({ name: 'meet-zfiles-1', service: 'zfiles', networks: at(12) });
    const facts = factsOf([frontend(), backend(), filesService(), loser]);
    const answer = ask('/files/x', facts);
    expect(answer).toMatchObject({ answer: 'service', service: 'meet/files' });
    expect(places(answer)).toContain(
      'meet-zfiles-1 out 172.18.0.12:3000: belongs to meet/zfiles, which also asks for this path, but meet/files has it',
    );
    expect(codes(answer)).toEqual(['contested-route']);
    expect(codes(ask('/api', facts))).toEqual([]);
  });
});

describe('the published file decides', () => {
  const leftOut = problem('route-left-out', { instance: 'meet', value: '/files', message: 'left out', cure: 'fix it' });

  it('shows a refused route as left out, with its problem', () => {
    const facts = factsOf([frontend(), backend(), filesService()], { published: withoutFiles, problems: [leftOut] });
    const answer = ask('/files/x', facts);
    expect(answer).toMatchObject({ answer: 'spa', problems: [{ code: 'route-left-out' }] });
    expect(answer.notes.join()).toContain('labels want the path for meet/files, but that is not published');
    expect(answer.notes.join()).toContain(newerGeneration);
    expect(codes(ask('/api', facts))).toEqual([]);
  });

  it('does not blame the containers of a refused route for its 503', () => {
    const facts = factsOf([frontend(), backend(), filesService()], { published: filesUnavailable, problems: [leftOut] });
    const answer = ask('/files/x', facts);
    expect(answer).toMatchObject({
      answer: 'unavailable',
      summary: 'the path belongs to meet/files, but its route is left out of the published file: 503',
      problems: [{ code: 'route-left-out' }],
    });
    expect(answer.notes.join()).toContain('labels want the path for meet/files, but that is not published; a problem gives the reason');
    expect(codes(ask('/api', facts))).toEqual([]);
    const nobodyThere = factsOf([frontend(), backend(), filesService({ state: 'exited' })]);
    expect(ask('/files/x', nobodyThere).summary).toContain('and none of its containers is in rotation: 503');
  });

  it('shows that nginx is testing a new route', () => {
    const facts = factsOf([frontend(), backend(), filesService()], { published: withoutFiles, isOnTrial: true });
    expect(ask('/files/x', facts).notes).toEqual([
      'labels want the path for meet/files, but that is not published yet',
      expect.stringMatching(/labels and templates ask for b+, nginx is testing it first$/),
    ]);
    expect(ask('/api', factsOf([frontend(), backend()], { published: () => null, isOnTrial: true })).notes).toEqual([
      'no file is published yet, nginx is testing it first',
    ]);
  });

  it('names a frontend that serves another generation', () => {
    const facts = factsOf([frontend(), frontend({ name: 'f2', networks: at(3) }), frontend({ name: 'f3', state: 'exited' }), backend()], {
      running: { 'meet-frontend-1': 'c'.repeat(16), f3: 'none' },
    });
    const answer = ask('/api', facts);
    expect(answer.notes).toEqual([
      `meet-frontend-1 does not serve the published generation ${'a'.repeat(16)} yet (reloading): it serves the generation ${'c'.repeat(16)}`,
    ]);
    expect(answer.frontends.map(({ servesPublished }) => servesPublished)).toEqual([true, false, false]);
  });

  it('shows a container as out until it is in the published file', () => {
    expect(places(ask('/api', factsOf([frontend(), backend()], { published: otherServers })))).toEqual([
      'meet-backend-1 out 172.18.0.5:8000: running, without a health check, but not in the published file yet',
    ]);
  });

  it('shows the redirect to the path with a slash', () => {
    const facts = factsOf([frontend(), filesService()], { published: withoutExact });
    expect(ask('/files', facts)).toMatchObject({ answer: 'redirect', service: 'meet/files' });
    expect(explain('/files', facts).answered).toBe(true);
  });
});

describe('the choice of instances', () => {
  const meet = frontend({ labels: hosts('meet.example.com,*.meet.example.com') });
  const docs = frontend({
    name: 'docs-frontend-1',
    project: 'docs',
    networks: { docs_default: '172.19.0.2/16' },
    labels: hosts('docs.example.com'),
  });
  const open = frontend({ name: 'open-frontend-1', project: 'open', networks: { open_default: '172.20.0.2/16' } });

  it.each([
    ['/x', ['docs', 'meet', 'open']],
    ['https://meet.example.com/x', ['meet']],
    ['https://a.b.meet.example.com/x', ['meet']],
    ['https://DOCS.example.com:8443/x', ['docs']],
    ['https://other.example.com/x', ['open']],
  ])('%s: %j', (target, expected) => expect(explainedInstances(target, factsOf([meet, docs, open]))).toEqual(expected));

  it('reports an unknown host, with the known hosts', () => {
    const explanation = explain('https://example.com/x', factsOf([meet, docs]));
    expect(explanation).toMatchObject({ answered: false, instances: [] });
    expect(explanation.notes).toEqual([
      'no instance has the host example.com in its meet.host; docs has docs.example.com; meet has meet.example.com, *.meet.example.com',
    ]);
  });

  it('takes the named instance for any host, and reports an unknown name', () => {
    expect(explainedInstances('https://docs.example.com/x', factsOf([meet, docs]), 'meet')).toEqual(['meet']);
    expect(explain('/', factsOf([meet, docs]), 'meat')).toMatchObject({
      answered: false,
      notes: ['there is no instance meat; the instances are: docs, meet'],
    });
  });

  it('reports that there is no instance', () => {
    expect(explain('/', factsOf([]))).toMatchObject({
      answered: false,
      notes: ['there is no instance: meet-gen knows no container with a usable meet.role'],
    });
  });
});

describe('the printed explanation', () => {
  it('is a small tree', () => {
    const facts = factsOf([frontend(), backend({ health: 'healthy' }), backend({ name: 'meet-backend-2', state: 'exited' })]);
    expect(printExplanation(explain('https://meet.example.com//api/x', facts)).join('\n'))
      .toBe(`meet.example.com//api/x (nginx reads /api/x)
  meet: meet/backend answers
    location ^~ /api/
    answers  meet-backend-1  172.18.0.5:8000 on meet_default  running: healthy
    out      meet-backend-2  no address                       exited
    frontends
      meet-frontend-1  running  serves the published file (live)
  meet-gen does not see snippets in /etc/nginx/meet-routing.d of the frontend, which may answer first.`);
  });

  it('shows each problem with its cure, and services with similar paths', () => {
    const lines = printExplanation(
      explain(
        '/file',
        factsOf([frontend(), backend(), filesService(), container({ name: 'lost', project: 'meet', labels: { 'meet.role': 'x' } })]),
      ),
    );
    expect(lines.join('\n')).toContain(`
    if a service was meant to answer
      did you mean /files? meet/files has it
`);
    expect(lines).toContain('      error bad-role (lost, meet.role=x): the value of meet.role is not a role, so the container is ignored');
    expect(lines).toContainEqual(expect.stringMatching(/^ {8}cure: use one of frontend, router, backend, service\b/));
  });

  it('is ASCII, even for untrusted text', () => {
    const name = 'b\u001b[2J\u202e\n1';
    const facts = factsOf([frontend({ name }), backend({ name, networks: { 'net\u0007': '10.0.0.1/8', meet_default: '172.18.0.5/16' } })]);
    for (const target of ['/api/\u001b[31m', '/é', '/api', '/x\u202e'])
      expect(printExplanation(explain(target, facts)).join('')).toMatch(/^[\x20-\x7e…]*$/);
  });
});

it('notes that the user has own templates, which can print other locations', () => {
  const explanation = explain('/', factsOf([frontend()], { ownTemplates: true }));
  expect(explanation.notes).toEqual([expect.stringContaining('--templates')]);
});

describe('the cost of a label', () => {
  it('shows S3 without a bucket as out', () => {
    const minio = container({ name: 'minio', project: 'meet', networks: at(9), labels: { 'meet.role': 'media' } });
    const answer = ask('/media/files/a.pdf', factsOf([frontend(), backend(), minio]));
    expect(places(answer)).toEqual(['minio out 172.18.0.9:9000: running, without a health check, but its bucket is unknown']);
    expect(codes(answer)).toContain('no-bucket');
  });

  it('shows the problem of paths on a role without paths', () => {
    const livekit = container({
      name: 'livekit',
      project: 'meet',
      networks: at(9),
      labels: { 'meet.role': 'livekit', 'meet.paths': '/rtc' },
    });
    expect(codes(ask('/rtc', factsOf([frontend(), backend(), livekit])))).toEqual(['label-without-effect']);
  });
});

it('notes a host that does not belong to the named instance', () => {
  const facts = factsOf([frontend({ labels: hosts('meet.example.com') }), backend()]);
  expect(explain('https://other.example.com/', facts, 'meet').notes).toEqual([
    'meet has meet.example.com in its meet.host, not other.example.com: the outer proxy may not send that host to it',
  ]);
  expect(explain('https://meet.example.com/', facts, 'meet').notes).toEqual([]);
});
