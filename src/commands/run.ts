import { join } from 'node:path';
import { createErrorBoundary } from '../util/error-boundary.ts';
import type { ErrorBoundary } from '../util/error-boundary.ts';
import { createCandidateCheck } from '../rollout/candidate-check.ts';
import type { CheckPorts } from '../rollout/candidate-check.ts';
import { nowMs } from '../util/clock.ts';
import { createEngineClient } from '../source/docker/client.ts';
import type { EngineClient } from '../source/docker/engine-client.ts';
import { keepDrains } from '../sidecar/drain/keep-drains.ts';
import { createFrontendAccess } from './frontend-access.ts';
import { keepOwners } from '../sidecar/keep-owners.ts';
import type { OwnerFiles } from '../sidecar/keep-owners.ts';
import { openLog } from './log.ts';
import { socketPlaces } from './socket-places.ts';
import { exposeMetrics } from '../metrics/expose.ts';
import { metricsOf } from '../metrics/metrics.ts';
import { createTally } from '../metrics/tally.ts';
import { OperatorError } from '../model/operator-error.ts';
import { openSource } from './open-source.ts';
import { OptionsError } from '../options.ts';
import { createStatusPage } from '../page/status-page.ts';
import type { Options } from '../options.ts';
import { stageFile } from '../publish/atomic-file.ts';
import { openFolders } from '../publish/folders.ts';
import { clearLeftCandidates, drainsPath, instancesIn, lockPath, ownFolder, readOutPlace, versionsPath } from '../publish/out-directory.ts';
import type { OutPlace } from '../publish/out-directory.ts';
import { createOwnFiles } from '../publish/own-files.ts';
import { makePrivateFolder } from '../publish/private-folder.ts';
import { lockVolume } from '../publish/volume-lock.ts';
import type { VolumeLock } from '../publish/volume-lock.ts';
import { createPublisher } from '../publish/publisher.ts';
import { keepImageVersions } from '../reload/image-versions.ts';
import { askGeneration } from '../reload/generation-probe.ts';
import { askAsVisitor } from '../reload/visitor-probe.ts';
import { createTemplateStore, readTemplates } from '../render/template-store.ts';
import { endWithin, startSidecar } from '../sidecar/sidecar.ts';
import type { Sidecar } from '../sidecar/sidecar.ts';
import type { SidecarParts } from '../sidecar/parts.ts';
import { createSignalledFrontends } from '../sidecar/signalled-frontends.ts';
import type { OperatorCalls } from '../server/answers.ts';
import { startStatusServer } from '../server/server.ts';
import type { StatusSnapshot } from '../status/snapshot.ts';
import { createWatchers } from '../server/watchers.ts';
import { readShippedText, shippedTemplates } from '../render/shipped-templates.ts';
import { keepTrials, readKept } from '../rollout/keep-trials.ts';
import { version } from '../util/version.ts';
import { messageOf } from '../util/error-message.ts';
import { untilAborted } from '../util/until-aborted.ts';
import type { Log } from '../util/log.ts';

const stopLimitMs = 1400;

/** How to go on after an error that no part of meet-gen caught. */
const bugCure = 'report this line (docs/contributing.md); meet-gen exits, and a restart is safe';

/** Passes the signals of the process to the sidecar. */
export interface RunSignals {
  /** Aborts when the sidecar must stop. */
  readonly stop: AbortSignal;
  /** Sets the function that a HUP calls. */
  onResync(resync: () => void): void;
  /** Sets the function that reports an uncaught error just before the process exits. */
  onBug(report: (error: unknown) => void): void;
  /** Sets the function that reports a forced stop, with the operations that keep the process from ending. */
  onForced(report: (underWay: readonly string[]) => void): void;
}

/**
 * Runs the sidecar until the stop signal aborts.
 * @throws OptionsError when the configuration makes a start impossible
 */
export async function runSidecar(options: Options, signals: RunSignals): Promise<void> {
  const directory = options.templates ?? shippedTemplates();
  const reading = readOutPlace(options.out, options.instance).then(async (read) => {
    if (read.kind === 'file') await makePrivateFolder(ownFolder(read));
    return read;
  });
  const missing = options.source.missing?.(options);
  await refuseUnusable([
    ['--out', reading],
    ['--templates', readTemplates(directory)],
    ...(missing === undefined ? [] : [[missing.option, Promise.reject(new Error(missing.reason))] as const]),
  ]);
  const place = await reading;
  const log = await openLog(options);
  const unfinished = new Set(['the start']);
  signals.onForced((pending) => log.write('stopForced', { underWay: [...unfinished, ...pending] }));
  logStart(log, options);
  signals.onBug((error) => log.write('bug', { err: error, cure: bugCure }));
  const boundary = createErrorBoundary(log, nowMs);
  const tally = createTally();
  const watchers = createWatchers();
  const lock = await lockPlace(place, boundary);
  const running: Running = { sidecar: undefined };
  const stopServer = await startServer(running, options, { place, tally, watchers, boundary }).catch(async (error: unknown) => {
    await lock.release();
    throw new OptionsError([messageOf(error)]);
  });
  const abort = new AbortController();
  try {
    // Safe after the lock: no other meet-gen is writing a candidate.
    await clearLeftCandidates(place);
    const countCall = (endpoint: string): void => tally.count('engine_requests_total', endpoint);
    const engine = createEngineClient(options.dockerHost, countCall);
    const parts = await assemble(engine, place, { tally, watchers, boundary, lock }, options, log);
    const source = await openSource(options, { engine, countCall });
    const sidecar = startSidecar(source, createTemplateStore(directory), parts, options, log, abort.signal);
    running.sidecar = sidecar;
    signals.onResync(
      boundary.guard('a resync', () => {
        log.write('resyncRequested');
        sidecar.resync();
      }),
    );
    unfinished.clear();
    await untilAborted(signals.stop);
    log.write('stopRequested');
    abort.abort();
    unfinished.add('the pass under way');
    void sidecar.ended.then(() => unfinished.delete('the pass under way'));
    await endWithin(sidecar.ended, stopLimitMs);
  } finally {
    abort.abort();
    unfinished.add('closing the sockets');
    await Promise.all([stopServer(), lock.release()]);
    unfinished.delete('closing the sockets');
  }
  log.write('stopped');
}

function logStart(log: Log, options: Options): void {
  const { source, out, instance, reload, check } = options;
  log.write('starts', {
    version,
    node: process.version,
    source: source.name,
    engine: source.place(options),
    out,
    instance: instance ?? 'all',
    reload: reload.name,
    check,
  });
}

interface Running {
  /** Undefined until the sidecar has started; the server already answers then. */
  sidecar: Sidecar | undefined;
}

/** @returns a function that stops the server */
async function startServer(
  running: Running,
  { listen, allowHost = [] }: Options,
  { place, tally, watchers, boundary }: Pick<SidecarParts, 'tally' | 'watchers' | 'boundary'> & { readonly place: OutPlace },
): Promise<() => Promise<void>> {
  const page = createStatusPage((name) => readShippedText(`page/${name}`));
  const snapshot = (): StatusSnapshot => running.sidecar?.snapshot() ?? startingSnapshot();
  const operator = (): OperatorCalls => running.sidecar?.operator ?? throwNotReady();
  return startStatusServer(
    {
      healthy: () => running.sidecar?.healthy() ?? true,
      snapshot,
      metrics: () => exposeMetrics(metricsOf(tally, snapshot(), process.version)),
      page: () => page.show(snapshot(), running.sidecar?.configurations() ?? new Map(), Date.now()),
      asset: page.asset,
      onChange: watchers.watch,
    },
    {
      drain: (containers) => operator().drain(containers),
      cancelDrain: (containers) => operator().cancelDrain(containers),
      explain: (target, instance) => operator().explain(target, instance),
    },
    await socketPlaces(place.path),
    listen,
    allowHost,
    boundary,
  );
}

/** In the folder of the instance's published file. */
const ownerFile = '.owner.json';

async function assemble(
  engine: EngineClient,
  place: OutPlace,
  shared: Pick<SidecarParts, 'tally' | 'watchers' | 'boundary' | 'lock'>,
  options: Options,
  log: Log,
): Promise<SidecarParts> {
  const signalled = createSignalledFrontends();
  const access = createFrontendAccess(engine, options, signalled.signalled);
  const pathOf = (instance: string, name: string): string => join(ownFolder(place, instance), name);
  const inFolder = openFolders(place);
  const ownFiles = createOwnFiles(inFolder);
  const drainsFile = drainsPath(place);
  const versionsFile = versionsPath(place);
  const stage: CheckPorts['stage'] = (instance, content) =>
    inFolder(ownFolder(place, instance), () => stageFile(pathOf(instance, '.candidate.conf'), content));
  const script = readShippedText('nginx-tree.sh') + readShippedText('candidate-check.sh');
  const instances = await instancesIn(place, options.instance);
  const kept = await readEach(instances, (one) => readKept(ownFiles.read(pathOf(one, '.editions.json')), one, log));
  const ownerFiles: OwnerFiles = {
    read: (instance) => ownFiles.read(pathOf(instance, ownerFile)),
    save: (instance, text) => ownFiles.write(pathOf(instance, ownerFile), text),
  };
  return {
    prover: { ask: askGeneration, visit: askAsVisitor, ...access.prover, nowMs },
    images: await keepImageVersions(ownFiles.read(versionsFile), (text) => ownFiles.write(versionsFile, text), log),
    check: access.exec && createCandidateCheck({ exec: access.exec, script, stage }),
    publisher: createPublisher(place, inFolder, nowMs),
    ownFiles,
    drains: await keepDrains(ownFiles.read(drainsFile), (text) => ownFiles.write(drainsFile, text), log),
    owners: await keepOwners(instances, ownerFiles, log),
    signalled,
    trialFiles: keepTrials(pathOf, ownFiles.write),
    kept,
    ...shared,
  };
}

/** Reads the kept state of each instance; without instances that have no kept state. */
async function readEach<Kept>(
  instances: readonly string[],
  read: (instance: string) => Promise<Kept | undefined>,
): Promise<ReadonlyMap<string, Kept>> {
  const pairs = await Promise.all(instances.map(async (instance) => [instance, await read(instance)] as const));
  return new Map(pairs.flatMap(([instance, kept]) => (kept === undefined ? [] : [[instance, kept]])));
}

/** Throws a single error with all reasons that make a start impossible. */
async function refuseUnusable(checks: readonly (readonly [what: string, check: Promise<unknown>])[]): Promise<void> {
  const results = await Promise.allSettled(checks.map(([, check]) => check));
  const lines = results.flatMap((result, index) =>
    result.status === 'rejected' ? [`${checks[index]?.[0] ?? ''}: ${messageOf(result.reason)}`] : [],
  );
  if (lines.length > 0) throw new OptionsError(lines);
}

const noLock: VolumeLock = { problems: () => [], onChange: () => undefined, release: () => Promise.resolve() };

/** @throws OptionsError when another meet-gen publishes to the same place */
async function lockPlace(place: OutPlace, boundary: ErrorBoundary): Promise<VolumeLock> {
  const path = lockPath(place);
  if (path === undefined) return noLock;
  return lockVolume(path, boundary).catch((error: unknown) => {
    throw new OptionsError([messageOf(error)]);
  });
}

function throwNotReady(): never {
  throw new OperatorError('meet-gen is starting and knows no container yet; try again in a moment');
}

function startingSnapshot(): StatusSnapshot {
  return {
    version,
    ready: false,
    converged: false,
    engine: { connected: false, lastSyncAt: null },
    instances: [],
    problems: [],
    changes: [],
  };
}
