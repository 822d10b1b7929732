import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { runCommand } from '../providers/run-command.ts';
import { observabilityFile, readAlerts, readScrapeConfiguration } from '../support/observability-files.ts';
import { findPrometheus } from '../providers/prometheus/find-prometheus.ts';

// promtool checks the files in docs/observability. alert-cases.yml has the times at which each alert is raised.

const { promtool } = await findPrometheus();
const cases = fileURLToPath(new URL('alert-cases.yml', import.meta.url));

interface Cases {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

describe('promtool', () => {
  it('accepts the alerts', async () => {
    const output = await runCommand(promtool, ['check', 'rules', observabilityFile('alerts.yml')]);
    expect(output).toContain(`SUCCESS: ${readAlerts().length} rules found`);
  });

  it('accepts the configuration on the page, with the alerts', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mg-'));
    try {
      await copyFile(observabilityFile('alerts.yml'), join(folder, 'alerts.yml'));
      await writeFile(join(folder, 'prometheus.yml'), stringify(readScrapeConfiguration()));
      const output = await runCommand(promtool, ['check', 'config', join(folder, 'prometheus.yml')]);
      expect(output).toContain('SUCCESS: 1 rule files found');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('raises every alert at the right times only', async () => {
    expect(await runCommand(promtool, ['test', 'rules', cases])).toContain('SUCCESS');
  });
});

describe('alert-cases.yml', async () => {
  const { tests } = parse(await readFile(cases, 'utf8')) as Cases;
  const cased = tests.map(({ alert_rule_test: rows }) => rows);

  it.each(readAlerts().map(({ alert }) => alert))('%s is raised in one case, and not raised in another', (alert) => {
    const ofAlert = cased.map((rows) => rows.filter(({ alertname }) => alertname === alert)).filter((rows) => rows.length > 0);
    expect(ofAlert.some((rows) => rows.some(({ exp_alerts: raised }) => raised.length > 0))).toBe(true);
    expect(ofAlert.some((rows) => rows.every(({ exp_alerts: raised }) => raised.length === 0))).toBe(true);
  });
});
