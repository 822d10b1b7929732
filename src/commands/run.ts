import { dirname } from 'node:path';
import { nowMs } from '../clock.ts';
import { createEngineClient } from '../docker/client.ts';
import { keepDrains } from '../drain/keep-drains.ts';
import { createLogger } from '../log.ts';
import { OptionsError } from '../options.ts';
import type { Options } from '../options.ts';
import { publishFile } from '../publish/atomic-file.ts';
import { clearLeftCandidates, drainsPath, ownFolder, readOutPlace, socketPaths } from '../publish/out-directory.ts';
import type { OutPlace } from '../publish/out-directory.ts';
import { makePrivateFolder } from '../publish/private-folder.ts';
import { createPublisher } from '../publish/publisher.ts';
import { askGeneration } from '../reload/generation-probe.ts';
import { createTemplateStore, readTemplates } from '../render/template-store.ts';
import { endWithin, startSidecar } from '../sidecar.ts';
import { startStatusServer } from '../status/server.ts';
import type { OperatorDesk, SocketPlace } from '../status/server.ts';
import type { StatusSnapshot } from '../status/snapshot.ts';
import { shippedTemplates } from '../shipped-templates.ts';
import { version } from '../version.ts';

const stopLimitMs = 1500;

/** How the process tells a running sidecar what the operator wants. */
export interface RunSignals {
  /** Aborts when it is to stop. */
  readonly stop: AbortSignal;
  /** Calls back when everything is to be looked at afresh. */
  onResync(resync: () => void): void;
}

/**
 * The sidecar: runs until it is told to stop.
 * @throws OptionsError when it can't start as configured
 */
export async function runSidecar(options: Options, signals: RunSignals): Promise<void> {
  const directory = options.templates ?? shippedTemplates();
  const reading = readOutPlace(options.out, options.instance).then(async (read) => {
    if (read.kind === 'file') await makePrivateFolder(ownFolder(read));
    return read;
  });
  await refuseUnusable([
    ['--out', reading],
    ['--templates', readTemplates(directory)],
  ]);
  const place = await reading;
  const log = createLogger(options);
  log.info(
    {
      version,
      node: process.version,
      engine: options.dockerHost.url,
      out: options.out,
      instance: options.instance ?? 'all',
      reload: options.reload,
    },
    'meet-gen starts',
  );

  const source = { healthy: () => true, snapshot: startingSnapshot };
  const desk: OperatorDesk = { drain: tooEarly, cancelDrain: tooEarly };
  const stopServer = await startStatusServer(
    { healthy: () => source.healthy(), snapshot: () => source.snapshot() },
    {
      drain: (containers) => desk.drain(containers),
      cancelDrain: (containers) => desk.cancelDrain(containers),
    },
    await socketPlaces(place),
    options.listen,
  ).catch((error: unknown) => {
    throw new OptionsError([error instanceof Error ? error.message : String(error)]);
  });
  const abort = new AbortController();
  try {
    // Only now is it certain that no other meet-gen is in the middle of writing one.
    await clearLeftCandidates(place);
    const drains = await keepDrains(drainsPath(place), publishFile, log);
    const engine = createEngineClient(options.dockerHost);
    const ports = { ask: askGeneration, signalHup: engine.signalHup, nowMs };
    const sidecar = startSidecar(
      engine,
      createTemplateStore(directory),
      ports,
      createPublisher(place, nowMs),
      drains,
      options,
      log,
      abort.signal,
    );
    Object.assign(source, { healthy: sidecar.healthy, snapshot: sidecar.snapshot });
    Object.assign(desk, sidecar.desk);
    signals.onResync(() => {
      log.info('told to look at everything afresh');
      sidecar.resync();
    });
    await untilAborted(signals.stop);
    log.info('told to stop; the last good file stays');
    abort.abort();
    await endWithin(sidecar.ended, stopLimitMs);
  } finally {
    abort.abort();
    await stopServer();
  }
  log.info('stopped');
}

/** Everything that makes a start impossible, reported at once. */
async function refuseUnusable(checks: readonly (readonly [what: string, check: Promise<unknown>])[]): Promise<void> {
  const results = await Promise.allSettled(checks.map(([, check]) => check));
  const lines = results.flatMap((result, index) =>
    result.status === 'rejected'
      ? [`${checks[index]?.[0] ?? ''}: ${result.reason instanceof Error ? result.reason.message : String(result.reason)}`]
      : [],
  );
  if (lines.length > 0) throw new OptionsError(lines);
}

/** The last one is in a private folder, which is made only when it is needed. */
async function socketPlaces({ path }: OutPlace): Promise<readonly SocketPlace[]> {
  const paths = await socketPaths(path);
  return paths.map((socket) =>
    socket === paths.at(-1) ? { path: socket, makeRoom: () => makePrivateFolder(dirname(socket)) } : { path: socket },
  );
}

function tooEarly(): never {
  throw new Error('meet-gen is just starting and knows no container yet; try again in a moment');
}

function startingSnapshot(): StatusSnapshot {
  return { version, ready: false, converged: false, engine: { connected: false, lastSyncAt: null }, instances: [], problems: [] };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
