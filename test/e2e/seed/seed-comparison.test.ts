import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand, type CommandEnd } from '../../support/built-command.ts';
import { repository } from '../../support/docs/pages.ts';
import { createNginxChecker, type NginxChecker } from '../../support/nginx-check.ts';
import { providedEngine, providedImages } from '../../providers/engine/provided.ts';
import type { NginxSeries } from '../../providers/engine/stand-ins.ts';
import { inRealLayout } from '../../support/real-layout.ts';
import { ask } from './ask.ts';
import {
  differences,
  differencesPage,
  shownEntries,
  unexplained,
  type BackendState,
  type Comparison,
  type Difference,
} from './differences.ts';
import { allRequests, requestsWithoutBackend, type SeedRequest } from './requests.ts';
import { seedConfiguration, startTopology, type Topology } from './topology.ts';

const series: readonly NginxSeries[] = ['1.30', '1.22'];
const atOnce = 8;

/** The output of `meet-gen render --compose compose.example.yml`, with .env.example. */
const rendered = renderExample();

async function renderExample(): Promise<CommandEnd> {
  const folder = mkdtempSync(join(tmpdir(), 'meet-gen-seed-'));
  copyFileSync(join(repository, 'compose.example.yml'), join(folder, 'compose.example.yml'));
  copyFileSync(join(repository, '.env.example'), join(folder, '.env'));
  try {
    return await runCommand(['render', '--compose', 'compose.example.yml'], { env: providedEngine().env, cwd: folder });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('renders the compose example that Compose resolved', async () => {
  const { code, stdout, stderr } = await rendered;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^# 192\.0\.2\.\d+ stands for the service backend$/m);
  expect(stdout).toMatch(/^# 192\.0\.2\.\d+ stands for the service frontend$/m);
});

test("without a backend nginx starts with meet-gen's file only", async () => {
  const engine = providedEngine();
  for (const version of series) {
    await withChecker(version, async (checker) => {
      const [seed, ours] = await checker.testMany([{ 'conf.d/routing.conf': seedConfiguration }, inRealLayout((await rendered).stdout)]);
      expect(seed?.output).toContain('host not found in upstream "backend:8000"');
      expect(ours).toEqual({ ok: true, output: expect.stringContaining('test is successful') as string });
      expect(ours?.output).not.toContain('[warn]');
    });
  }

  async function withChecker(version: NginxSeries, work: (checker: NginxChecker) => Promise<void>): Promise<void> {
    const checker = await createNginxChecker(engine, version);
    try {
      await work(checker);
    } finally {
      await checker.close();
    }
  }
});

describe.each(series)('beside the seed’s configuration, on nginx %s', (version) => {
  let topology: Topology | undefined;
  const explained = new Set<Difference>();

  beforeAll(async () => {
    const { stdout } = await rendered;
    topology = await startTopology(providedEngine(), providedImages(), version, (address) => withBackendAddress(stdout, address));
  });
  afterAll(() => topology?.remove());

  test('every request gets the same answer, except for the differences in the table', async () => {
    const compared = await compareAll(topology, version, 'answers', allRequests);
    expect(compared.flatMap((one) => unexplained(one))).toEqual([]);
    for (const one of compared) for (const entry of shownEntries(one)) explained.add(entry);
  });

  test('every request gets the same answer while the backend refuses connections, with the same exceptions', async () => {
    await topology?.stopBackend();
    const compared = await compareAll(topology, version, 'refuses', requestsWithoutBackend);
    expect(compared.flatMap((one) => unexplained(one))).toEqual([]);
    for (const one of compared) for (const entry of shownEntries(one)) explained.add(entry);
  });

  test('every request gets the same answer while the backend hangs up, with the same exceptions', async () => {
    await topology?.hangUpBackend();
    const compared = await compareAll(topology, version, 'hangs up', requestsWithoutBackend);
    expect(compared.flatMap((one) => unexplained(one))).toEqual([]);
    for (const one of compared) for (const entry of shownEntries(one)) explained.add(entry);
  });

  test('a request shows each entry of the table', () => {
    const idle = differences.filter((entry) => (entry.series ?? version) === version && !explained.has(entry));
    expect(idle.map((entry) => entry.what)).toEqual([]);
  });
});

test('the page about the differences is generated from the table', async () => {
  await expect(differencesPage()).toMatchFileSnapshot('../../../docs/differences.md');
});

test('finds a difference that is missing from the table', () => {
  const [request] = allRequests;
  if (request === undefined) throw new Error('the list of requests is empty');
  const compared: Comparison = {
    series: '1.22',
    backend: 'answers',
    request,
    seed: { by: 'backend', fields: { status: '200' } },
    ours: { by: 'backend', fields: { status: '404' } },
  };
  expect(unexplained(compared, [])).toHaveLength(1);
  expect(unexplained({ ...compared, ours: compared.seed })).toEqual([
    expect.stringContaining("upstream's http-version: the same") as string,
    expect.stringContaining("upstream's connection: the same") as string,
  ]);
});

/** Sends each request to one configuration after the other, several requests at a time. */
async function compareAll(
  topology: Topology | undefined,
  version: NginxSeries,
  backend: BackendState,
  requests: readonly SeedRequest[],
): Promise<readonly Comparison[]> {
  if (topology === undefined) throw new Error('the topology did not start');
  const { seedPort, ourPort } = topology;
  const compared: Comparison[] = [];
  const left = [...requests];
  const worker = async (): Promise<void> => {
    for (let request = left.shift(); request !== undefined; request = left.shift())
      compared.push({ series: version, backend, request, seed: await ask(seedPort, request), ours: await ask(ourPort, request) });
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return compared;
}

/** Replaces the backend's placeholder with its real address. */
function withBackendAddress(text: string, address: string): string {
  const placeholder = /^# (192\.0\.2\.\d+) stands for the service backend$/m.exec(text)?.[1];
  if (placeholder === undefined) throw new Error(`no placeholder for the backend in:\n${text}`);
  return text.replaceAll(`server ${placeholder}:8000 `, `server ${address}:8000 `);
}
