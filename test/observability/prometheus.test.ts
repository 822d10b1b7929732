import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { situations, type SituationName } from '../integration/situations.ts';
import { createScene, type Scene } from '../support/fake-engine/scene.ts';
import { freePort } from '../support/free-port.ts';
import { observabilityFile, readAlerts, readDashboard, readScrapeConfiguration } from '../support/observability-files.ts';
import { startPrometheus, type Prometheus, type RuleState, type Series } from '../providers/prometheus/start-prometheus.ts';
import { waitUntil } from '../support/wait-until.ts';

// A real Prometheus with the configuration of docs/observability/README.md scrapes a meet-gen in each situation. The
// right alerts must start and end, and the dashboard must show values.

const scrapeSeconds = 0.5;
const { panels, annotations } = readDashboard();
const alerts = readAlerts();
const expressions = [
  ...alerts.map(({ alert, expr }) => [alert, expr] as const),
  ...annotations.list.map(({ name, expr }) => [name, expr] as const),
];
const targets = panels.flatMap(({ title, targets: ofPanel }) => ofPanel.map((target) => [title, target.refId, target] as const));

/** The alerts of each situation, sorted. A situation without alerts needs no operator at once. */
const alertsOf: Readonly<Record<SituationName, readonly string[]>> = {
  'all well': [],
  'backend starting': [],
  'backend unhealthy': [],
  'backend draining': [],
  'no replica left': ['MeetNobodyInRotation'],
  'label typo': [],
  'contested route': ['MeetGenProblem'],
  'nginx refused': ['MeetGenProblem', 'MeetGenProblem'],
  'engine away': ['MeetGenEngineAway'],
  'frontend not verified': ['MeetGenProblem', 'MeetGenReloadFailed'],
};
const nothing = Object.fromEntries(situations.map(({ name }) => [name, []]));

const releases: (() => Promise<unknown>)[] = [];
const scenes: Scene[] = [];
let prometheus: Prometheus;
/** The alerts that were raised during the situations. */
let raised: readonly RuleState[];
let startSeconds: number;

beforeAll(async () => {
  const arranging = situations.map(async ({ name, arrange }) => {
    const scene = await createScene(releases);
    scenes.push(scene);
    const address = `127.0.0.1:${await freePort()}`;
    const { fix } = await arrange(scene, ['--listen', address]);
    return { name, address, fix };
  });
  // If one fails, the others must have finished starting commands before their scenes are released.
  await Promise.allSettled(arranging);
  const lasting = await Promise.all(arranging);
  const [{ dns_sd_configs: _, ...job } = {}] = readScrapeConfiguration().scrape_configs;
  const interval = `${scrapeSeconds * 1000}ms`;
  startSeconds = Date.now() / 1000;
  prometheus = await startPrometheus({
    global: { scrape_interval: interval, evaluation_interval: interval },
    rule_files: [observabilityFile('alerts.yml')],
    // A job for each, since they all look after a Meet of the same name.
    scrape_configs: lasting.map(({ name, address }) => ({ ...job, job_name: name, static_configs: [{ targets: [address] }] })),
  });
  releases.push(() => prometheus.stop());
  await waitForScrapes();
  raised = await waitForAlerts(alertsOf);
  await Promise.all(lasting.map(({ fix }) => fix()));
  await waitForScrapes();
  await waitForAlerts(nothing);
}, 300_000);

afterAll(async () => {
  for (const release of releases.toReversed()) await release();
});

/** Waits until Prometheus has scraped the current values of every meet-gen. */
async function waitForScrapes(): Promise<void> {
  const sinceSeconds = Date.now() / 1000;
  let scraped: readonly Series[] = [];
  await waitUntil(
    `all ${situations.length} meet-gens are scraped`,
    async () => {
      scraped = await prometheus.query(`timestamp(meet_gen_build_info) > ${sinceSeconds}`);
      return scraped.length === situations.length;
    },
    undefined,
    () => `scraped since then: ${JSON.stringify(scraped.map(({ labels }) => labels['job']))}`,
  );
}

/**
 * Waits until Prometheus raises exactly these alerts, by job. A pending alert counts as raised. MeetGenSlow is ignored:
 * the speed of changes depends on this machine.
 */
async function waitForAlerts(wanted: Readonly<Record<string, readonly string[]>>): Promise<readonly RuleState[]> {
  let rules: readonly RuleState[] = [];
  return waitUntil(
    `Prometheus raises ${JSON.stringify(wanted)}`,
    async () => {
      rules = await prometheus.rules();
      const counted = rules.filter(({ name }) => name !== 'MeetGenSlow');
      const all = counted.flatMap(({ name, alerts: ofRule }) => ofRule.map(({ labels }) => [labels['job'] ?? 'none', name] as const));
      const jobs = [...Object.keys(nothing), ...all.map(([job]) => job)];
      const seen = Object.fromEntries(jobs.map((job) => [job, all.flatMap(([of, name]) => (of === job ? [name] : [])).toSorted()]));
      return isDeepStrictEqual(seen, wanted) && rules.every(({ health }) => health !== 'unknown') ? rules : undefined;
    },
    undefined,
    () => JSON.stringify(rules, undefined, 1),
  );
}

/**
 * Evaluates a dashboard expression as Grafana does: over the whole time, or for the current moment, with replaced
 * variables.
 */
function ask(expr: string, instant = false): Promise<readonly Series[]> {
  const expression = expr.replaceAll('$__rate_interval', `${4 * scrapeSeconds * 1000}ms`);
  expect(expression).not.toContain('$');
  if (instant) return prometheus.query(expression);
  return prometheus.queryRange(expression, { startSeconds, endSeconds: Date.now() / 1000, stepSeconds: scrapeSeconds });
}

describe('alerts', () => {
  test('every rule is evaluated without an error', () => {
    expect(raised.map(({ name, health, lastError }) => ({ name, health, lastError }))).toEqual(
      alerts.map(({ alert }) => ({ name: alert, health: 'ok', lastError: undefined })),
    );
  });

  test('an alert about a service has the service and its Meet as labels, not the scraped address', () => {
    const about = raised.find(({ name }) => name === 'MeetNobodyInRotation')?.alerts.map(({ labels }) => labels);
    expect(about).toEqual([expect.objectContaining({ instance: 'meet', service: 'meet/backend' })]);
  });

  test.each(expressions)('%s can be evaluated: %s', async (_, expr) => {
    await ask(expr);
  });
});

describe('dashboard', () => {
  test.each(targets)('%s, %s: has values', async (_, __, { expr, instant }) => {
    const values = (await ask(expr, instant)).flatMap((series) => series.values);
    expect(values.length).toBeGreaterThan(0);
  });

  test.each([
    ['reloads_total', ['refused', 'success', 'unproven']],
    ['passes_total', ['failed', 'published', 'unchanged']],
  ])('%s has a value for every result from the start, so that the first of each counts as an increase', async (name, results) => {
    const series = await prometheus.query(`meet_gen_${name}{job="all well"}`);
    expect(series.map(({ labels }) => labels['result'] ?? '').toSorted()).toEqual(results);
  });
});

describe('without any meet-gen', () => {
  test('raises MeetGenDown', async () => {
    await Promise.all(scenes.map((scene) => scene.stopAll()));
    await waitForAlerts({ ...nothing, none: ['MeetGenDown'] });
  });
});
