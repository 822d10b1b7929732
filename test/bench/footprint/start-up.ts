import { statusSocketOf } from '../../support/status-socket.ts';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCommand } from '../../support/built-command.ts';
import { startMeet } from '../../support/meet-stack.ts';
import type { MeetStack } from '../../support/meet-stack.ts';
import { waitUntil } from '../../support/wait-until.ts';
import type { BenchContext, Figure } from '../figure.ts';
import { cpuTimeMs } from '../process-clock.ts';
import { waitUntilReady } from '../until-ready.ts';

interface Start {
  readonly readyMs: number;
  readonly cpuMs: number;
}

const bundle = fileURLToPath(new URL('../../../dist/meet-gen.js', import.meta.url));

/**
 * The time from a process start until meet-gen is ready, with a real frontend and backend, beside Node's own start-up.
 */
export async function measureStartUp(context: BenchContext): Promise<readonly Figure[]> {
  const { engine, log, signal, rounds } = context;
  const out = await mkdtemp(join(tmpdir(), 'mg-'));
  // nginx in the frontend isn't root.
  await chmod(out, 0o755);
  let meet: MeetStack | undefined;
  const [first, again]: [Start[], Start[]] = [[], []];
  const [bare, version]: [number[], number[]] = [[], []];
  try {
    meet = await startMeet(engine, 'bench-start', { publishedIn: out });
    // One round to warm up.
    for (let round = 0; round <= rounds; round += 1) {
      signal.throwIfAborted();
      await forgetPublished(meet, out);
      const starts = [await start(context, meet.project, out), await start(context, meet.project, out)] as const;
      const ends = [await timeToEnd(['-e', '0']), await timeToEnd([bundle, '--version'])] as const;
      if (round === 0) continue;
      first.push(starts[0]);
      again.push(starts[1]);
      bare.push(ends[0]);
      version.push(ends[1]);
    }
  } finally {
    await meet?.down();
    await rm(out, { recursive: true, force: true });
  }
  log(`ready after ${Math.round(first.at(-1)?.readyMs ?? Number.NaN)} ms`);
  const figure = { part: 'footprint', who: 'meet-gen', unit: 'ms' } as const;
  const ofStarts = (where: string, starts: readonly Start[]): readonly Figure[] => [
    { ...figure, what: 'process start → ready', where, samples: starts.map(({ readyMs }) => readyMs) },
    { ...figure, what: 'own time until ready', where, samples: starts.map(({ cpuMs }) => cpuMs) },
  ];
  return [
    ...ofStarts('first start', first),
    ...ofStarts('restart', again),
    { ...figure, what: 'process start → end', where: 'meet-gen --version', samples: version },
    { ...figure, what: 'process start → end', where: 'node -e 0', who: 'bare Node', samples: bare },
  ];
}

/** Restarts nginx too, so that it serves the stub. */
async function forgetPublished(meet: MeetStack, out: string): Promise<void> {
  await rm(join(out, 'routing.conf'), { force: true });
  await meet.docker('restart', '--time', '1', meet.container('frontend-1'));
  await waitUntil('nginx answers with the stub', async () => (await meet.ask('/')).status === 503);
}

/** Starts meet-gen, and stops it after the proof. */
async function start({ engine }: BenchContext, instance: string, out: string): Promise<Start> {
  const fromMs = performance.now();
  const command = startCommand(['run', '--docker-host', engine.host, '--instance', instance, '--out', out, '--listen', 'off']);
  try {
    const readyAtMs = await waitUntilReady(command, statusSocketOf(out));
    const started = { readyMs: readyAtMs - fromMs, cpuMs: cpuTimeMs(command.pid) };
    await command.waitForLog('routesLive');
    return started;
  } finally {
    await command.stop();
  }
}

function timeToEnd(args: readonly string[]): Promise<number> {
  const fromMs = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(performance.now() - fromMs) : reject(new Error(`${args.join(' ')} ended with ${code}`)),
    );
  });
}
