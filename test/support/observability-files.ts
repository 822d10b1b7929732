import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** An alert in `docs/observability/alerts.yml`. */
export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Datasource {
  readonly type: string;
  readonly uid: string;
}

interface Target {
  readonly refId: string;
  readonly datasource: Datasource;
  readonly expr: string;
  readonly legendFormat: string;
  /** Evaluated for a single moment, not for a range. */
  readonly instant?: boolean;
}

export interface Panel {
  readonly id: number;
  readonly title: string;
  readonly description?: string;
  readonly type: string;
  readonly datasource: Datasource;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly Target[];
  readonly fieldConfig: { readonly defaults: { readonly unit?: string; readonly mappings?: readonly unknown[] } };
}

export interface Dashboard {
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string; readonly query: string }[] };
  readonly annotations: { readonly list: readonly { readonly name: string; readonly datasource: Datasource; readonly expr: string }[] };
  readonly panels: readonly Panel[];
}

/** The path of a file in `docs/observability`. */
export function observabilityFile(name: string): string {
  return fileURLToPath(new URL(`../../docs/observability/${name}`, import.meta.url));
}

/** All alerts in the documentation. */
export function readAlerts(): readonly Alert[] {
  const { groups } = parse(readFileSync(observabilityFile('alerts.yml'), 'utf8')) as {
    readonly groups: readonly { readonly rules: readonly Alert[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}

/** The dashboard in the documentation. */
export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(observabilityFile('dashboard.json'), 'utf8')) as Dashboard;
}

export interface ScrapeConfiguration {
  readonly scrape_configs: readonly Readonly<Record<string, unknown>>[];
  readonly rule_files: readonly string[];
}

/** Prometheus' configuration from the documentation page. */
export function readScrapeConfiguration(): ScrapeConfiguration {
  const page = readFileSync(observabilityFile('README.md'), 'utf8');
  const block = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text).find((text) => text.includes('scrape_configs:'));
  if (block === undefined) throw new Error('docs/observability/README.md has no scrape_configs');
  return parse(block) as ScrapeConfiguration;
}
