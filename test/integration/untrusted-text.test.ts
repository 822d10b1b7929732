import { describe, expect } from 'vitest';
import { runCommand } from '../support/built-command.ts';
import { waitUntil } from '../support/wait-until.ts';
import { composeLabels, network, test, waitForStatus } from './scene.ts';
import type { Scene } from './scene.ts';

// Text from Docker, its proxies and compose files is untrusted: every output shows it as plain text.

/** A terminal escape, a bidirectional override, zero-width characters, line ends and a forged log line. */
const evil = 'x\u001b[2J\u202egnp\u200b\u009b31m\r\n{"level":"error","msg":"forged"}\u2028\u0000é';
/** Printable ASCII and `…`, with which meet-gen marks a shortened text. */
const plain = /^[\x20-\x7e…\n]*$/;

/** A Meet with hostile text in every place, and with problems in every output. */
async function hostileMeet(scene: Scene): Promise<void> {
  const frontend = await scene.frontend(`frontend${evil}`, {
    container: { labels: composeLabels('meet', 'frontend', { 'meet.role': 'frontend', 'meet.host': evil, [`meet.${evil}`]: evil }) },
  });
  frontend.behaviour.answers = 'forbidden';
  scene.backend(`backend${evil}`, 20, { networks: { [network]: scene.address(20), [evil]: '10.9.9.9' }, image: evil });
  scene.backend(`alone${evil}`, 21, {
    networks: { [evil]: scene.address(21) },
    labels: composeLabels('meet', `s${evil}`, { 'meet.role': 'service' }),
  });
  scene.backend('unready', 22, {
    labels: composeLabels('meet', 'probed', { 'meet.role': 'service', 'meet.paths': '/p', 'meet.port': '1', 'meet.health': 'http:/' }),
  });
  scene.backend('roleless', 23, { labels: { 'meet.role': evil } });
  scene.backend('stray', 24, { labels: composeLabels(evil, 'x', { 'meet.role': 'backend' }) });
  scene.backend('guest', 25, { networks: {}, networkMode: `container:${evil}` });
  scene.engine.faults.add({ method: 'POST', path: /kill$/, do: 'status', status: 500, message: evil });
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...textsIn(item)]);
}

for (const format of ['json', 'pretty']) {
  test.concurrent(`the log (${format}), /status, healthcheck and drain print plain text only`, async ({ scene }) => {
    await hostileMeet(scene);
    const run = scene.run(['--log-format', format, '--log-level', 'trace', '--verify-timeout', '200ms']);
    const status = await waitForStatus(scene, 'the failed signal is reported', ({ problems }) =>
      ['signal-failed', 'bad-role', 'no-service', 'no-instance', 'unknown-label'].every((code) =>
        problems.some((one) => one.code === code),
      ),
    );
    expect(JSON.stringify(status)).toContain('proofReason');
    for (const text of textsIn(status)) expect(text).toMatch(plain);
    scene.engine.faults.add({ method: 'GET', path: /json$/, do: 'status', status: 500, message: evil });
    run.signal('SIGHUP');
    await waitUntil('the failed list is reported', () => run.stderr().includes('engine-unreachable'));
    expect((await scene.status()).engine.error).toMatch(plain);
    const outputs = await Promise.all([
      runCommand(['healthcheck', '--out', scene.out]),
      runCommand(['drain', '--out', scene.out, evil.replaceAll('\0', '')]),
      runCommand(['drain', '--out', scene.out, `unready`, '--timeout', '1ms']),
    ]);
    for (const text of [run.stderr(), ...outputs.flatMap(({ stdout, stderr }) => [stdout, stderr])]) expect(text).toMatch(plain);
    if (format === 'json') for (const line of run.log()) for (const text of textsIn(line)) expect(text).toMatch(plain);
    expect(run.stderr()).not.toContain('\n{"level":"error","msg":"forged"}');
  });
}

test.concurrent('render prints plain text only, also when the engine fails', async ({ scene }) => {
  await hostileMeet(scene);
  const rendered = await runCommand(['render', '--docker-host', scene.engine.host]);
  expect(rendered.code).toBe(7);
  expect(rendered.stdout).toMatch(plain);
  expect(rendered.stderr).toMatch(plain);
  scene.engine.faults.add({ method: 'GET', path: /json$/, do: 'status', status: 500, message: evil });
  const failed = await runCommand(['render', '--docker-host', scene.engine.host]);
  expect(failed).toMatchObject({ code: 3, stdout: '' });
  expect(failed.stderr).toMatch(plain);
});

const compose = (services: object): string => JSON.stringify({ name: evil, services });

describe('errors print plain text only', () => {
  for (const { name, text } of [
    {
      name: 'hostile labels and names',
      text: compose({
        frontend: { labels: { 'meet.role': 'frontend', [`meet.${evil}`]: evil }, container_name: evil, networks: { [evil]: null } },
        [`s${evil}`]: { labels: { 'meet.role': 'service', 'meet.paths': evil } },
        roleless: { labels: { 'Meet.Role': evil } },
      }),
    },
    { name: 'a service that is no mapping', text: compose({ [evil]: [] }) },
    { name: 'a missing variable', text: compose({ x: { labels: { 'meet.role': `\${X:?${evil}}` } } }) },
    { name: 'an invalid label', text: compose({ [evil]: { labels: { [evil]: [evil] } } }) },
    { name: 'a hostile network mode', text: compose({ x: { labels: { 'meet.role': 'backend' }, network_mode: `container:${evil}` } }) },
    { name: 'an invalid network', text: JSON.stringify({ name: evil, services: { x: {} }, networks: { [evil]: 'x' } }) },
    { name: 'text that is no JSON', text: `services:\n  "${evil.replaceAll('"', '')}": [\n\u001b[31m\u202e` },
    {
      name: 'names of properties that every object has',
      text: compose({ ['__proto__']: {}, constructor: { labels: { 'meet.role': 'constructor' } } }),
    },
  ]) {
    test.concurrent(`for a compose project with ${name}`, async () => {
      const { code, stdout, stderr } = await runCommand(['render', '--compose', '-'], { stdin: text });
      expect([2, 7]).toContain(code);
      expect(stdout).toMatch(plain);
      expect(stderr).toMatch(plain);
      expect(stderr).not.toContain('native code');
      expect(stderr).not.toContain('is a bug');
    });
  }

  test.concurrent('for flags, arguments, commands and variables', async ({ scene }) => {
    const clean = evil.replaceAll('\0', '');
    for (const args of [
      [`--${clean}`],
      [clean],
      ['run', '--out', clean],
      ['render', '--compose', clean],
      ['run', '--out', scene.out, '--templates', clean],
      ['run', '--docker-host', clean],
    ]) {
      const { code, stderr } = await runCommand(args);
      expect(code).toBe(2);
      expect(stderr).toMatch(plain);
    }
    const { stderr } = await runCommand(['run', '--out', scene.out], { env: { [`MEET_GEN_${clean}`]: clean } });
    expect(stderr).toMatch(plain);
  });
});

const withService = (labels: object): string =>
  JSON.stringify({
    name: 'meet',
    services: { frontend: { labels: { 'meet.role': 'frontend' } }, api: { labels: { 'meet.role': 'backend' } }, backend: { labels } },
  });

test.concurrent('reports a service without meet.role if another of its labels is for meet-gen', async () => {
  for (const key of ['Meet.Role', 'meet_role', 'meet-role', 'meet.rol', 'meet.port']) {
    const { code, stderr } = await runCommand(['render', '--compose', '-'], { stdin: withService({ [key]: 'backend' }) });
    expect(code, key).toBe(7);
    expect(stderr, key).toContain(`backend, ${key}=backend: the service has a label for meet-gen, but no meet.role`);
  }
  const stdin = withService({ 'traefik.enable': 'true' });
  expect(await runCommand(['render', '--compose', '-'], { stdin })).toMatchObject({ code: 0, stderr: '' });
});

test.concurrent('opens the stream again after an event from the far future, without a busy loop', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  const run = scene.run();
  await scene.converged();
  const id = scene.engine.world.idOf('backend');
  const actor = { ID: id, Attributes: { 'meet.role': 'backend', signal: '15' } };
  for (const timeNano of ['-1e40', '9e18', '1e40'])
    scene.engine.writeToEventStreams(
      JSON.stringify({ Type: 'container', Action: 'start', Actor: actor, timeNano: 0 }).replace(
        '"timeNano":0}',
        `"timeNano":${timeNano}}\n`,
      ),
    );
  await waitUntil('the events have caused a look', () => scene.engine.listCalls().length >= 3);
  scene.engine.cutEventStreams();
  const subscriptions = (): typeof scene.engine.calls => scene.engine.calls.filter(({ path }) => path === '/events');
  await waitUntil('the stream is opened again', () => subscriptions().length > 1);
  for (const { query } of subscriptions()) expect(Number(query.get('since')) * 1000).toBeLessThanOrEqual(Date.now());
  scene.backend('backend-2', 21);
  await scene.serves(`${scene.address(21)}:8000`);
  expect(run.hasEnded()).toBe(false);
});
