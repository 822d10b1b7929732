import { expect } from 'vitest';
import { readGeneration } from '../support/fake-engine/nginx.ts';
import { waitUntil } from '../support/wait-until.ts';
import { addService, askPort, composeLabels, freePort, readMetrics, test } from './scene.ts';
import type { Scene } from './scene.ts';

type Metrics = ReadonlyMap<string, number>;

async function waitForMetrics(scene: Scene, what: string, holds: (metrics: Metrics) => boolean): Promise<Metrics> {
  let last: Metrics = new Map();
  return waitUntil(
    what,
    async () => {
      last = await readMetrics(scene);
      return holds(last) ? last : undefined;
    },
    undefined,
    () => JSON.stringify([...last], undefined, 1),
  );
}

test.concurrent('counts a change, from its event to the answer of nginx', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend-1', 20);
  scene.run();
  await scene.converged();
  const before = await readMetrics(scene);
  expect(before.get('event_to_live_seconds_count')).toBe(0);
  expect(before.get('reloads_total{result="success"}')).toBe(1);
  const startedAtSeconds = Date.now() / 1000;
  scene.backend('backend-2', 21);
  await scene.serves(`${scene.address(21)}:8000`);
  const after = await waitForMetrics(scene, 'the change is counted', (metrics) => metrics.get('event_to_live_seconds_count') === 1);
  const grown = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  expect(grown('events_total{action="start"}')).toBe(1);
  expect(grown('engine_requests_total{endpoint="/containers/json"}')).toBe(2);
  expect(grown('engine_requests_total{endpoint="/containers/{id}/kill"}')).toBe(1);
  expect(grown('passes_total{result="published"}')).toBe(1);
  expect(grown('reloads_total{result="success"}')).toBe(1);
  expect(grown('pass_duration_seconds_count')).toBeGreaterThanOrEqual(1);
  expect(after.get('event_to_live_seconds_sum')).toBeGreaterThan(0.01);
  expect(after.get('engine_connected')).toBe(1);
  expect(after.get('last_reload_successful')).toBe(1);
  for (const name of ['engine_last_event_timestamp_seconds', 'engine_last_sync_timestamp_seconds', 'last_reload_timestamp_seconds'])
    expect(Math.abs((after.get(name) ?? 0) - startedAtSeconds)).toBeLessThan(60);
  expect(after.get(`generation_info{instance="meet",generation="${readGeneration(scene.file())}"}`)).toBe(1);
  expect(after.get('upstreams{instance="meet",service="meet/backend",state="in_rotation"}')).toBe(2);
});

test.concurrent('a replica that leaves the rotation costs one pass: the second look shows nothing new', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('backend', 20);
  scene.backend('other', 21);
  const run = scene.run();
  await run.waitForLog('routesLive');
  const before = await readMetrics(scene);
  scene.engine.world.beginStop('backend');
  await run.waitForLog('routesLive', 2);
  const after = await readMetrics(scene);
  const grown = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  expect(grown('passes_total{result="published"}')).toBe(1);
  expect(grown('passes_total{result="unchanged"}')).toBe(1);
  expect(grown('pass_duration_seconds_count')).toBe(1);
});

test.concurrent('counts a refused reload and its rollback', async ({ scene }) => {
  const nginx = await scene.frontend('frontend');
  scene.run();
  await scene.converged();
  nginx.behaviour.refuseText = '^~ /bad/';
  addService(scene, 'bad', 30);
  const metrics = await waitForMetrics(scene, 'the rollback is counted', (now) => (now.get('rollbacks_total') ?? 0) > 0);
  expect(metrics.get('reloads_total{result="refused"}')).toBeGreaterThanOrEqual(1);
  await waitForMetrics(scene, 'the problem is counted', (now) => now.get('problems{code="reload-rejected"}') === 1);
});

test.concurrent('counts the reconnect to an engine that was away', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.run();
  await scene.converged();
  expect((await readMetrics(scene)).get('engine_reconnects_total')).toBe(0);
  await scene.engine.goAway();
  await waitForMetrics(scene, 'the engine is disconnected', (metrics) => metrics.get('engine_connected') === 0);
  expect((await readMetrics(scene)).get('problems{code="engine-unreachable"}')).toBe(1);
  await scene.engine.comeBack();
  const metrics = await waitForMetrics(scene, 'the engine is connected again', (now) => now.get('engine_connected') === 1);
  expect(metrics.get('engine_reconnects_total')).toBe(1);
  expect(metrics.has('problems{code="engine-unreachable"}')).toBe(false);
});

test.concurrent('answers on the port as well, and no untrusted text breaks a line', async ({ scene }) => {
  await scene.frontend('frontend');
  scene.backend('back"end\n{} 1', 20, {
    labels: composeLabels('meet', 'back"end\n', { 'meet.role': 'backend', 'meet.pahts': '"} 1\nevil 1' }),
  });
  const port = await freePort();
  scene.run(['--listen', `127.0.0.1:${port}`]);
  await scene.converged();
  const { status, body } = await askPort(port, '/metrics');
  expect(status).toBe(200);
  for (const line of body.split('\n').filter((text) => text !== ''))
    expect(line).toMatch(/^(# (HELP|TYPE) meet_gen_|meet_gen_[a-z_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? [0-9.e+-]+$)/);
  expect(body).not.toContain('evil');
  expect(await askPort(port, '/metrics', { host: 'evil.example' })).toMatchObject({ status: 421 });
});
