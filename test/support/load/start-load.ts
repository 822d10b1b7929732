import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Engine } from '../../providers/engine/docker-command.ts';
import { waitUntil } from '../wait-until.ts';
import { stopLine, type Counts, type LoadLine, type LoadPlan, type LoadSummary } from './load-messages.ts';

/** A running load. */
export interface Load {
  /** Waits until this many more requests are answered. Unlike time, this doesn't depend on the machine's speed. */
  more(requests: number): Promise<void>;
  /** The number of answers so far, by method. */
  progress(): Counts;
  /** Ends the load after the answers under way. Safe to call twice. */
  stop(): Promise<LoadSummary>;
}

const usual = { clients: 16, maxRequests: 1_000_000, maxSeconds: 600, answerWithinMs: 10_000 };
const moreLimitMs = 120_000;
const endLimitMs = 20_000;

/** Starts a load in a container with node, and waits for the first answers. */
export async function startLoad(
  engine: Pick<Engine, 'dockerCli' | 'env'>,
  container: string,
  options: Pick<LoadPlan, 'host' | 'port' | 'name'> & Partial<LoadPlan>,
): Promise<Load> {
  const plan: LoadPlan = { ...usual, ...options };
  const args = ['exec', '--interactive', container, 'node', '--input-type=module', '--eval', await generatorScript(), JSON.stringify(plan)];
  const child = spawn(engine.dockerCli, args, { env: { ...process.env, ...engine.env }, stdio: 'pipe' });
  let errors = '';
  let isOver = false;
  let progress: Counts = { GET: 0, POST: 0 };
  let summary: LoadSummary | undefined;
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdin.on('error', () => undefined);
  child.on('close', () => (isOver = true));
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as LoadLine;
    if ('summary' in line) summary = line.summary;
    else progress = line.progress;
  });

  const load: Load = {
    progress: () => progress,
    async more(requests) {
      const target = progress.GET + progress.POST + requests;
      const answered = (): boolean => {
        if (isOver) throw new Error(`the load ended early: ${errors}`);
        return progress.GET + progress.POST >= target;
      };
      await waitUntil(`${requests} more requests are answered`, answered, moreLimitMs, () => JSON.stringify(progress));
    },
    async stop() {
      child.stdin.end(`${stopLine}\n`);
      await waitUntil(
        'the load has ended',
        () => isOver,
        endLimitMs,
        () => errors,
      );
      if (summary === undefined) throw new Error(`the load ended without a summary: ${errors}`);
      return summary;
    },
  };
  await load.more(1);
  return load;
}

let bundled: Promise<string> | undefined;

/** The generator as a single script: the container has only node. */
function generatorScript(): Promise<string> {
  bundled ??= build({
    entryPoints: [fileURLToPath(new URL('generator.ts', import.meta.url))],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    logLevel: 'warning',
  }).then(({ outputFiles }) => outputFiles[0]?.text ?? '');
  return bundled;
}
