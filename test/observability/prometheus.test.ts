import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { situations, type SituationName } from '../integration/situations.ts';
import { createScene, type Scene } from '../support/fake-engine/scene.ts';
import { freePort } from '../support/free-port.ts';
import { observabilityFile, readAlerts, readDashboard, readScrapeConfiguration } from '../support/observability-files.ts';
import { startPrometheus, type Prometheus, type RuleState, type Series } from '../providers/prometheus/start-prometheus.ts';
import { waitUntil } from '../support/wait-until.ts';

// A real Prometheus, configured as docs/observability/README.md tells, scrapes a meet-gen in each situation that operators ask
// about: the right alerts come and go, and the dashboard shows all of it.

const scrapeSeconds = 0.5;
const { panels, annotations } = readDashboard();
const alerts = readAlerts();
const expressions = [
  ...alerts.map(({ alert, expr }) => [alert, expr] as const),
  ...annotations.list.map(({ name, expr }) => [name, expr] as const),
];
const targets = panels.flatMap(({ title, targets: ofPanel }) => ofPanel.map((target) => [title, target.refId, target] as const));

/** The alerts that each situation is about, sorted; the others are about nothing that anybody has to be woken for. */
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
/** What was raised while the situations lasted. */
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
  // When one fails, nothing is released while another still starts a command.
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
  await untilAllScraped();
  raised = await untilRaised(alertsOf);
  await Promise.all(lasting.map(({ fix }) => fix()));
  await untilAllScraped();
  await untilRaised(nothing);
}, 300_000);

afterAll(async () => {
  for (const release of releases.toReversed()) await release();
});

/** Waits until Prometheus has read from every meet-gen what is so now. */
async function untilAllScraped(): Promise<void> {
  const sinceSeconds = Date.now() / 1000;
  let scraped: readonly Series[] = [];
  await waitUntil(
    `all ${situations.length} are scraped`,
    async () => {
      scraped = await prometheus.query(`timestamp(meet_gen_build_info) > ${sinceSeconds}`);
      return scraped.length === situations.length;
    },
    undefined,
    () => `scraped since then: ${JSON.stringify(scraped.map(({ labels }) => labels['job']))}`,
  );
}

/**
 * Waits until Prometheus raises exactly these alerts, by job; one that has to last for a while counts from its beginning. How slow
 * changes are is this machine's business.
 */
async function untilRaised(wanted: Readonly<Record<string, readonly string[]>>): Promise<readonly RuleState[]> {
  let rules: readonly RuleState[] = [];
  return waitUntil(
    `Prometheus raises ${JSON.stringify(wanted)}`,
    async () => {
      rules = await prometheus.rules();
      const told = rules.filter(({ name }) => name !== 'MeetGenSlow');
      const all = told.flatMap(({ name, alerts: ofRule }) => ofRule.map(({ labels }) => [labels['job'] ?? 'none', name] as const));
      const jobs = [...Object.keys(nothing), ...all.map(([job]) => job)];
      const seen = Object.fromEntries(jobs.map((job) => [job, all.flatMap(([of, name]) => (of === job ? [name] : [])).toSorted()]));
      return isDeepStrictEqual(seen, wanted) && rules.every(({ health }) => health !== 'unknown') ? rules : undefined;
    },
    undefined,
    () => JSON.stringify(rules, undefined, 1),
  );
}

/** As Grafana asks: variables replaced, over the whole time unless it is about the moment. */
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

  test('one about a service names it and its Meet, which is not the address that was scraped', () => {
    const about = raised.find(({ name }) => name === 'MeetNobodyInRotation')?.alerts.map(({ labels }) => labels);
    expect(about).toEqual([expect.objectContaining({ instance: 'meet', service: 'meet/backend' })]);
  });

  test.each(expressions)('%s can be asked: %s', async (_, expr) => {
    await ask(expr);
  });
});

describe('dashboard', () => {
  test.each(targets)('%s, %s: it has values', async (_, __, { expr, instant }) => {
    const values = (await ask(expr, instant)).flatMap((series) => series.values);
    expect(values.length).toBeGreaterThan(0);
  });

  test.each([
    ['reloads_total', ['refused', 'success', 'unproven']],
    ['passes_total', ['failed', 'published', 'unchanged']],
  ])('%s has every result before it has ever been, so that the first of each is seen as an increase', async (name, results) => {
    const series = await prometheus.query(`meet_gen_${name}{job="all well"}`);
    expect(series.map(({ labels }) => labels['result'] ?? '').toSorted()).toEqual(results);
  });
});

describe('without any meet-gen', () => {
  test('that is told', async () => {
    await Promise.all(scenes.map((scene) => scene.stopAll()));
    await untilRaised({ ...nothing, none: ['MeetGenDown'] });
  });
});
