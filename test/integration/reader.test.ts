import { EventEmitter, once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { hashBody, protocolHeader, protocolVersion, signAnswer, signatureHeader, signEvent } from '../../src/source/swarm/signature.ts';
import { runCommand } from '../support/built-command.ts';
import { swarmEvent } from '../support/fake-engine/raw-swarm.ts';
import { dockerService, dockerTask, dockerVersion, otherEvents, swarmEvents } from '../support/swarm/docker-json.ts';
import { plantSecrets, shownPlaces } from '../support/swarm/plant.ts';
import { newNonce, readerFlags, startReader } from '../support/swarm/reader.ts';
import type { Reader } from '../support/swarm/reader.ts';
import { waitUntil } from '../support/wait-until.ts';
import { freePort, test } from './scene.ts';

const serviceUpdate = swarmEvent('service', 'update', '9mnpnzenvg8p8tdbtq4wvbkcz', { name: 'meet_backend' });

async function taskIds(reader: Reader): Promise<readonly unknown[]> {
  const { status, body } = await reader.ask('/tasks');
  expect(status, body).toBe(200);
  return (JSON.parse(body) as readonly { ID: unknown }[]).map(({ ID: id }) => id);
}

test.concurrent('answers its five paths, with and without a version, and asks the engine nothing else', async ({ scene }) => {
  scene.engine.rawSwarm.services = [dockerService()];
  scene.engine.rawSwarm.tasks = [dockerTask()];
  const reader = await startReader(scene);
  for (const prefix of ['', '/v1.45', '/v1.24']) {
    expect(await reader.ask(`${prefix}/_ping`)).toMatchObject({ status: 200, body: 'OK', headers: { 'api-version': '1.45' } });
    const version = await reader.ask(`${prefix}/version`);
    expect(JSON.parse(version.body)).toEqual({ Version: '26.1.5', ApiVersion: '1.45', MinAPIVersion: '1.24' });
    expect(JSON.parse((await reader.ask(`${prefix}/services?status=true`)).body)).toMatchObject([{ Spec: { Name: 'meet_backend' } }]);
    expect(JSON.parse((await reader.ask(`${prefix}/tasks?filters={}`)).body)).toMatchObject([{ DesiredState: 'running' }]);
  }
  const events = await reader.openEvents();
  expect(events.status).toBe(200);
  scene.engine.rawSwarm.tell(serviceUpdate);
  const line = await waitUntil('the event arrives', () => events.lines()[0]);
  expect(JSON.parse(line)).toMatchObject({ Type: 'service', Action: 'update', Actor: { Attributes: { name: 'meet_backend' } } });
  expect([...new Set(scene.engine.calls.map(({ method, path }) => `${method} ${path}`))].toSorted()).toEqual([
    'GET /_ping',
    'GET /events',
    'GET /services',
    'GET /tasks',
    'GET /version',
  ]);
});

const otherPaths = [
  '/',
  '/containers/json',
  '/nodes',
  '/secrets',
  '/configs',
  '/swarm',
  '/info',
  '/networks',
  '/services/x',
  '/tasks/',
  '/tasks/x/logs',
  '/v1.45',
  '/v1.45/swarm',
  '/v1.45/v1.45/tasks',
  '//tasks',
  '/../tasks',
  '/%74asks',
  '/Tasks',
  '/tasks%3f',
  'http://other/tasks',
  '*',
];

test.concurrent('refuses every other path, method and body, without a question to the engine', async ({ scene }) => {
  const reader = await startReader(scene);
  for (const path of otherPaths) expect(await reader.ask(path), path).toMatchObject({ status: 404 });
  for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
    expect(await reader.ask('/tasks', { method }), method).toMatchObject({ status: 405, headers: { allow: 'GET' } });
  for (const framing of [{ 'content-length': '2' }, { 'transfer-encoding': 'chunked' }])
    expect(await reader.ask('/tasks', { headers: framing, body: '{}' })).toMatchObject({ status: 400, headers: { connection: 'close' } });
  for (const nonce of ['', 'short', 'A'.repeat(32), '0'.repeat(33)])
    expect(await reader.ask('/tasks', { headers: { 'meet-gen-nonce': nonce } }), nonce).toMatchObject({ status: 400 });
  expect(scene.engine.calls.filter(({ path }) => path !== '/_ping' && path !== '/events')).toEqual([]);
});

test.concurrent('signs every answer to a question with a nonce, and leaves other answers unsigned', async ({ scene }) => {
  scene.engine.rawSwarm.tasks = [dockerTask()];
  const reader = await startReader(scene);
  const asked = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<{ status: number; etag: string }> => {
    const { nonce, headers: ofNonce } = newNonce();
    const { status, headers: given, body } = await reader.ask(path, { headers: { ...ofNonce, ...headers } });
    const etag = (given.etag ?? '').replace(/^"|"$/g, '');
    expect(given[protocolHeader]).toBe(protocolVersion);
    expect(given[signatureHeader], path).toBe(
      signAnswer(reader.secret, nonce, { path: path.split('?')[0] ?? '', status, etag, bodyHash: hashBody(body) }),
    );
    return { status, etag };
  };
  for (const path of ['/_ping', '/version', '/services', '/v1.45/tasks', '/tasks?all=1'])
    expect(await asked(path)).toMatchObject({ status: 200 });
  expect(await asked('/swarm')).toEqual({ status: 404, etag: '' });
  const { etag } = await asked('/tasks');
  expect(await asked('/tasks', { 'if-none-match': `"${etag}"` })).toEqual({ status: 304, etag });
  scene.engine.rawSwarm.tasks = [dockerTask({ id: 'another' })];
  expect(
    await waitUntil('another answer', async () => {
      const now = await asked('/tasks', { 'if-none-match': `"${etag}"` });
      return now.status === 200 && now;
    }),
  ).not.toEqual({ status: 200, etag });
  scene.engine.faults.add({ do: 'status', status: 500, method: 'GET', path: /tasks/ });
  await waitUntil('a signed failure', async () => (await asked('/tasks')).status === 503);
  expect((await reader.ask('/services')).headers).not.toHaveProperty([signatureHeader]);
});

test.concurrent('signs the head and each line of an event stream', async ({ scene }) => {
  const reader = await startReader(scene);
  const { nonce, headers } = newNonce();
  const events = await reader.openEvents({ headers });
  expect(events.headers[signatureHeader]).toBe(
    signAnswer(reader.secret, nonce, { path: '/events', status: 200, etag: '', bodyHash: hashBody('') }),
  );
  for (const action of ['create', 'update', 'remove']) scene.engine.rawSwarm.tell({ ...serviceUpdate, Action: action });
  await waitUntil('three lines', () => events.lines().length === 3);
  const lines = events.lines().map((line) => [line.slice(0, 64), line.slice(65)] as const);
  expect(lines.map(([signature]) => signature)).toEqual(lines.map(([, json], index) => signEvent(reader.secret, nonce, index, json)));
  expect(lines.map(([, json]) => (JSON.parse(json) as { Action: string }).Action)).toEqual(['create', 'update', 'remove']);
});

test.concurrent('shows no planted secret of any field in its answers and its log', async ({ scene }) => {
  const service = plantSecrets(dockerService({ labels: { 'meet.role': 'backend' } }), 'service', ['ID']);
  const task = plantSecrets(dockerTask({ labels: {} }), 'task', ['ServiceID']);
  const hiddenService = plantSecrets(dockerService({ id: 'other', containerLabels: {} }), 'hidden service', ['ID']);
  const hiddenTask = plantSecrets(dockerTask({ serviceId: 'other', labels: {} }), 'hidden task', ['ServiceID']);
  const events = [...swarmEvents, ...otherEvents].map((event, index) => plantSecrets(event, `event ${index}`, ['Type', 'Action']));
  scene.engine.rawSwarm.services = [service.value, hiddenService.value];
  scene.engine.rawSwarm.tasks = [task.value, hiddenTask.value];
  const version = plantSecrets(dockerVersion, 'version', ['ApiVersion', 'MinAPIVersion']);
  scene.engine.faults.add({ do: 'body', body: JSON.stringify(version.value), method: 'GET', path: /version/ });
  const reader = await startReader(scene);
  const stream = await reader.openEvents();
  for (const { value } of events) scene.engine.writeToEventStreams(`${JSON.stringify(value)}\n`);
  scene.engine.rawSwarm.tell({ ...serviceUpdate, Action: 'last' });
  await waitUntil('the last event arrives', () => stream.lines().at(-1)?.includes('"last"'));
  const answers = await Promise.all(
    ['/_ping', '/version', '/services', '/tasks'].map(async (path) => {
      const { headers, body } = await reader.ask(path);
      return JSON.stringify(headers) + body;
    }),
  );
  const all = [...answers, ...stream.lines(), reader.command.stderr()].join('\n');
  expect(shownPlaces(all, hiddenService)).toEqual([]);
  expect(shownPlaces(all, hiddenTask)).toEqual([]);
  expect(shownPlaces(all, version)).toEqual(['Version']);
  expect(shownPlaces(all, service)).toEqual([
    'Spec.Labels.com.docker.stack.namespace',
    'Spec.Labels.meet.role',
    'Spec.Name',
    'UpdateStatus.State',
  ]);
  expect(shownPlaces(all, task)).toEqual([
    'CreatedAt',
    'DesiredState',
    'ID',
    'NetworksAttachments.0.Addresses.0',
    'NetworksAttachments.0.Network.ID',
    'NetworksAttachments.0.Network.Spec.Name',
    'NodeID',
    'Spec.ContainerSpec.Image',
    'Spec.ContainerSpec.Labels.com.docker.stack.namespace',
    'Status.State',
  ]);
  expect(events.map((event) => shownPlaces(all, event))).toEqual([
    ...swarmEvents.map(() => ['Actor.Attributes.name', 'Actor.ID']),
    ...otherEvents.map(() => []),
  ]);
});

test.concurrent('asks the engine at most once in 200 ms for 50 clients', async ({ scene }) => {
  scene.engine.rawSwarm.services = [dockerService()];
  scene.engine.rawSwarm.tasks = [dockerTask()];
  const reader = await startReader(scene);
  const startMs = performance.now();
  const streams = await Promise.all(Array.from({ length: 50 }, () => reader.openEvents()));
  const clients = Array.from({ length: 50 }, async () => {
    const statuses = new Set<number>();
    for (let nth = 0; nth < 10; nth += 1)
      for (const path of ['/tasks', '/services', '/version', '/_ping']) statuses.add((await reader.ask(path)).status);
    return [...statuses];
  });
  expect(new Set((await Promise.all(clients)).flat())).toEqual(new Set([200]));
  const most = (performance.now() - startMs) / 200 + 2;
  const callsTo = (path: string): number => scene.engine.calls.filter((call) => call.path === path).length;
  for (const path of ['/tasks', '/services', '/version']) expect(callsTo(path), path).toBeLessThanOrEqual(most);
  expect(callsTo('/events')).toBe(1);
  expect(streams.filter((stream) => stream.hasEnded())).toEqual([]);
});

test.concurrent('gives a client that has seen an event no answer from before the event', async ({ scene }) => {
  const { rawSwarm: swarm, faults } = scene.engine;
  const reader = await startReader(scene);
  const events = await reader.openEvents();
  const announce = async (ids: readonly string[]): Promise<void> => {
    const before = events.lines().length;
    swarm.tasks = ids.map((id) => dockerTask({ id }));
    swarm.tell(serviceUpdate);
    await waitUntil('the client sees the event', () => events.lines().length > before);
  };
  for (let nth = 0; nth < 20; nth += 1) {
    await announce([`task-${nth}`]);
    expect(await taskIds(reader)).toEqual([`task-${nth}`]);
  }
  // A read that began before the event, and ends after it.
  const gate = new EventEmitter();
  const held = faults.add({ do: 'late', until: once(gate, 'open'), method: 'GET', path: /tasks/, times: 1 });
  await announce(['before']);
  const early = taskIds(reader);
  await waitUntil('the engine holds the read', () => held.hits() === 1);
  await announce(['after']);
  const late = taskIds(reader);
  // The reader has the late question when it has answered these.
  for (let nth = 0; nth < 5; nth += 1) await reader.ask('/version');
  gate.emit('open');
  expect(await early).toEqual(['before']);
  expect(await late).toEqual(['after']);
});

test.concurrent('answers 503 with the reason while the engine is away, and never from before', async ({ scene }) => {
  scene.engine.rawSwarm.tasks = [dockerTask()];
  const reader = await startReader(scene);
  const events = await reader.openEvents();
  expect(await taskIds(reader)).toHaveLength(1);
  await scene.engine.goAway();
  await waitUntil('the event stream ends', () => events.hasEnded());
  const refused = await waitUntil('the reader fails', async () => {
    const answer = await reader.ask('/tasks');
    return answer.status !== 200 && answer;
  });
  expect(refused.status).toBe(503);
  expect(JSON.parse(refused.body)).toEqual({ message: expect.stringContaining('there is no engine at unix://') as string });
  for (const path of ['/_ping', '/version', '/services', '/events']) expect(await reader.ask(path), path).toMatchObject({ status: 503 });
  await scene.engine.comeBack();
  await waitUntil('the reader answers again', async () => (await reader.ask('/tasks')).status === 200);
  await waitUntil('events come again', async () => (await reader.openEvents()).status === 200);
  expect(
    reader.command
      .logged('readerEngineFails')
      .filter(({ call, reason }) => call === '/tasks' && String(reason).includes('there is no engine')),
  ).toMatchObject([{ level: 'warn', cure: expect.stringContaining('start Docker') as string }]);
  expect(reader.command.logged('readerEngineAnswers').map(({ call }) => call)).toContain('/tasks');
});

test.concurrent('starts before its engine, and follows it', async ({ scene }) => {
  await scene.engine.goAway();
  const reader = await startReader(scene, true);
  expect(await reader.ask('/tasks')).toMatchObject({ status: 503 });
  expect(await runCommand(['healthcheck'], { env: reader.env })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('not ready') as string,
  });
  await scene.engine.comeBack();
  await waitUntil('the health check succeeds', async () => (await runCommand(['healthcheck'], { env: reader.env })).code === 0);
  expect(await reader.ask('/tasks')).toMatchObject({ status: 200 });
});

test.concurrent('passes the failures of the engine on as 503', async ({ scene }) => {
  const { faults } = scene.engine;
  const reader = await startReader(scene);
  const failure = async (): Promise<string> => {
    const { status, body } = await reader.ask('/tasks');
    return status === 503 ? (JSON.parse(body) as { message: string }).message : `${status}`;
  };
  const failsWith = (text: string): Promise<string> =>
    waitUntil(`the failure "${text}"`, async () => {
      const message = await failure();
      return message.includes(text) && message;
    });
  const worker = "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. Please promote the node.";
  faults.add({ do: 'status', status: 503, message: worker, method: 'GET', path: /services|tasks/ });
  expect(await failsWith('this node is a worker')).toBe(
    'this node is a worker or in no swarm, so its engine lists no services and tasks; put the reader, or the socket proxy, on managers: deploy.placement.constraints: [node.role == manager]',
  );
  faults.clear();
  faults.add({ do: 'status', status: 500, message: 'rpc error: The swarm does not have a leader', method: 'GET', path: /tasks/ });
  await failsWith('The swarm does not have a leader');
  for (const [fault, text] of [
    [{ do: 'cut' }, 'aborted'],
    [{ do: 'body', body: '{"message":"no list"}' }, 'something else than a list'],
    [{ do: 'body', body: 'no JSON' }, 'listing tasks failed'],
    [{ do: 'status', status: 302, location: 'http://10.0.0.1/tasks' }, 'redirects'],
    // meet-gen gives a manager 2 s; the reader gives its engine less.
    [{ do: 'hang' }, 'got no answer in time'],
  ] as const) {
    faults.clear();
    faults.add({ ...fault, method: 'GET', path: /tasks/ });
    await failsWith(text);
  }
  faults.clear();
  await waitUntil('the reader answers again', async () => (await failure()) === '200');
});

test.concurrent('ends within 2 s of SIGTERM, with open streams, questions and beginnings', async ({ scene }) => {
  const reader = await startReader(scene);
  const streams = await Promise.all(Array.from({ length: 20 }, () => reader.openEvents()));
  const unfinished = connect(reader.port, '127.0.0.1').on('error', () => undefined);
  unfinished.write('GET /tasks HTTP/1.1\r\n');
  const hung = scene.engine.faults.add({ do: 'hang', method: 'GET', path: /tasks/ });
  const asked = reader.ask('/tasks').catch((error: unknown) => error);
  await waitUntil('the engine has the question', () => hung.hits() === 1);
  reader.command.signal('SIGTERM');
  expect(await reader.command.ended).toMatchObject({ code: 0 });
  expect(reader.command.logged('stopForced')).toEqual([]);
  expect(reader.command.logged('stopped')).toHaveLength(1);
  await asked;
  await waitUntil('all streams end', () => streams.every((stream) => stream.hasEnded()));
});

test.concurrent('refuses to start with a wrong configuration, with exit code 2 and the cure', async ({ scene }) => {
  const port = await freePort();
  const flags = await readerFlags(scene, port);
  const refusal = async (...more: readonly string[]): Promise<string> => {
    const { code, stderr } = await runCommand(['reader', ...flags, ...more], { env: { TMPDIR: scene.folder } });
    expect(code, stderr).toBe(2);
    return stderr;
  };
  const short = join(scene.folder, 'short');
  await writeFile(short, `${'x'.repeat(15)}\n`);
  expect(await refusal('--reader-secret', short)).toContain(
    'has 15 bytes, fewer than 16, and can be guessed; make one with: openssl rand -hex 32',
  );
  expect(await refusal('--reader-secret', join(scene.folder, 'none'))).toContain("none can't be read (ENOENT");
  expect(await refusal('--serve', 'off')).toContain('--serve: "off" can\'t be used: the value must look like 0.0.0.0:9190');
  expect(await refusal('--source', 'docker')).toContain("unknown option '--source'");
  const { code, stderr } = await runCommand(['reader'], { env: { TMPDIR: scene.folder } });
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringContaining('--reader-secret (MEET_GEN_READER_SECRET) is missing') as string,
  });
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  try {
    expect(await refusal()).toContain(`--serve: 127.0.0.1:${port} can't be used: listen EADDRINUSE`);
  } finally {
    await new Promise((resolve) => other.close(resolve));
  }
});
