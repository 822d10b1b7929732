import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '../../support/free-port.ts';
import { httpGet } from '../../support/http-get.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { findPrometheus } from './find-prometheus.ts';

/** A series with its values in the requested time, oldest first. Values that aren't numbers are left out. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly number[];
}

/** The time range of a graph. */
interface Range {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly stepSeconds: number;
}

/** Prometheus' evaluation of an alert's rule. */
export interface RuleState {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
  readonly alerts: readonly { readonly state: string; readonly labels: Readonly<Record<string, string>> }[];
}

/** A Prometheus for one test. */
export interface Prometheus {
  /** @throws Error when the expression can't be evaluated */
  query(expression: string): Promise<readonly Series[]>;
  /** @throws Error when the expression can't be evaluated */
  queryRange(expression: string, range: Range): Promise<readonly Series[]>;
  rules(): Promise<readonly RuleState[]>;
  stop(): Promise<void>;
}

interface Answer<Data> {
  readonly status: string;
  readonly error?: string;
  readonly data: Data;
}
interface RawSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

// Standard input closes when the test's process ends in any way. The script then ends Prometheus and removes its
// folder.
const stopWithParent = 'folder=$1; shift; "$@" & cat; kill $!; wait $!; rm -r "$folder"';

/** Starts a Prometheus on a free port of 127.0.0.1 with this configuration and waits until it answers. */
export async function startPrometheus(configuration: object): Promise<Prometheus> {
  const { prometheus } = await findPrometheus();
  const folder = await mkdtemp(join(tmpdir(), 'mg-prometheus-'));
  const file = join(folder, 'prometheus.yml');
  await writeFile(file, stringify(configuration));
  const place = { host: '127.0.0.1', port: await freePort() };
  const args = [`--config.file=${file}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=${place.host}:${place.port}`];
  const holder = spawn('sh', ['-c', stopWithParent, 'sh', folder, prometheus, ...args], { stdio: ['pipe', 'ignore', 'pipe'] });
  const ended = once(holder, 'close');
  let log = '';
  holder.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));

  const stop = async (): Promise<void> => {
    holder.stdin.end();
    await ended;
  };
  const ask = async <Data>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<Data> => {
    const { body } = await httpGet(place, `/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    const { status, error, data } = JSON.parse(body) as Answer<Data>;
    if (status !== 'success') throw new Error(`Prometheus refuses ${JSON.stringify(parameters)}: ${error}`);
    return data;
  };
  const series = async (path: string, parameters: Readonly<Record<string, string>>): Promise<readonly Series[]> => {
    const { result } = await ask<{ readonly result: readonly RawSeries[] }>(path, parameters);
    return result.map(({ metric, value, values = [] }) => ({
      labels: metric,
      values: [...values, ...(value === undefined ? [] : [value])]
        .map(([, text]) => Number(text))
        .filter((number) => !Number.isNaN(number)),
    }));
  };
  try {
    await waitUntil(
      'Prometheus is ready',
      async () => (await httpGet(place, '/-/ready').catch(() => undefined))?.status === 200,
      undefined,
      () => log,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    query: (query) => series('query', { query }),
    queryRange: (query, { startSeconds, endSeconds, stepSeconds }) =>
      series('query_range', { query, start: String(startSeconds), end: String(endSeconds), step: String(stepSeconds) }),
    async rules() {
      const { groups } = await ask<{ readonly groups: readonly { readonly rules: readonly RuleState[] }[] }>('rules');
      return groups.flatMap(({ rules }) => rules);
    },
    stop,
  };
}
