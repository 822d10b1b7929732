import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './pages.ts';

interface PrometheusFile {
  readonly rule_files?: readonly string[];
  readonly scrape_configs?: readonly { readonly job_name?: string }[];
}

/** Checks a part of Prometheus' configuration: known keys, a name for each job, and files of this repository. */
export function checkPrometheus(value: unknown): readonly string[] {
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  if (keys.length === 0 || !keys.every((key) => key === 'scrape_configs' || key === 'rule_files'))
    return ['no checker knows what this YAML is for'];
  const { rule_files: files = [], scrape_configs: jobs = [] } = value as PrometheusFile;
  return [
    ...files.filter((file) => !existsSync(join(repository, 'docs/observability', file))).map((file) => `docs/observability has no ${file}`),
    ...jobs.filter((job) => typeof job.job_name !== 'string').map(() => 'a job has no name'),
  ];
}
