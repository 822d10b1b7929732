import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ErrorBoundary } from '../util/error-boundary.ts';
import { nowMs } from '../util/clock.ts';
import { startController } from '../loop/controller.ts';
import type { Engine } from '../loop/controller.ts';
import type { Cause } from '../loop/loop-state.ts';
import { createKnowledge, patienceMs } from './knowledge.ts';
import { EngineError } from '../source/engine-error.ts';
import { createDrainControl } from './drain/drain-control.ts';
import type { Drains } from './drain/drains.ts';
import { explain } from '../explain/explain.ts';
import { byId } from '../model/by-id.ts';
import type { Container, Note } from '../model/container.ts';
import { showForeignText } from '../model/foreign-text.ts';
import { mergeNotes } from '../model/notes.ts';
import { createReloadTally } from '../metrics/reload-tally.ts';
import type { Tally } from '../metrics/tally.ts';
import type { Owners } from './keep-owners.ts';
import type { Options } from '../options.ts';
import { ownOf } from '../model/in-rotation.ts';
import type { PassResult, Renderer } from '../loop/pass.ts';
import type { OwnFiles } from '../publish/own-files.ts';
import type { Publisher } from '../publish/publisher.ts';
import type { VolumeLock } from '../publish/volume-lock.ts';
import type { ProverPorts } from '../reload/frontend-prover.ts';
import type { ImageVersions } from '../reload/image-versions.ts';
import { probeOnce } from './probe/probe.ts';
import { createProber } from './probe/prober.ts';
import { probeTargets } from './probe/probe-targets.ts';
import { createProver } from '../reload/prover.ts';
import type { FrontendReport } from '../reload/prover.ts';
import type { Rendered } from '../render/generation.ts';
import type { TemplateSet, TemplateStore } from '../render/template-store.ts';
import type { RoutingView } from '../routes/view.ts';
import { createRecords } from './records.ts';
import { createReporter } from './reporter.ts';
import { keepaliveMinTimeoutMs } from '../routes/plan.ts';
import type { InstanceProof } from './reporter.ts';
import { createHistory } from '../status/history.ts';
import type { OperatorDesk } from '../server/answers.ts';
import type { Watchers } from '../server/watchers.ts';
import type { StatusSnapshot } from '../status/snapshot.ts';
import { createSink } from './sink.ts';
import type { CandidateCheck } from '../rollout/candidate-check.ts';
import { createTrials } from '../rollout/trials.ts';
import type { Diary } from '../rollout/keep-trials.ts';
import type { KeptTrials, TrialReport } from '../rollout/trial-types.ts';

/** The running whole: the loop, the proofs and what is known about them. */
export interface Sidecar {
  healthy(): boolean;
  snapshot(): StatusSnapshot;
  /** The published files, by instance. */
  configurations(): ReadonlyMap<string, string>;
  readonly desk: OperatorDesk;
  resync(): void;
  readonly ended: Promise<void>;
}

const msPerSecond = 1000;
const passPart = 'a pass';
const localReconnectCapMs = 500;
const remoteReconnectCapMs = 5000;

/** What the sidecar is made of, besides the engine and the templates. */
export interface SidecarParts {
  readonly prover: Omit<ProverPorts, 'repeat'>;
  readonly images: ImageVersions;
  /** Absent where nothing can be tested before it is published. */
  readonly check: CandidateCheck | undefined;
  readonly publisher: Publisher;
  readonly ownFiles: Pick<OwnFiles, 'retry' | 'problems' | 'onChange'>;
  readonly drains: Drains;
  readonly owners: Owners;
  /** Where is kept what was good and what was refused. */
  readonly diary: Diary;
  readonly kept: ReadonlyMap<string, KeptTrials>;
  readonly tally: Tally;
  readonly lock: Pick<VolumeLock, 'problems' | 'onChange'>;
  /** Who wants to know that the snapshot has changed. */
  readonly watchers: Watchers;
  readonly boundary: ErrorBoundary;
}

/** Starts everything; it runs until the signal aborts, and no bad input ends it. */
export function startSidecar(
  engine: Engine,
  templates: TemplateStore,
  { prover: proverPorts, images, check, publisher, ownFiles, lock, drains, owners, diary, kept, tally, watchers, boundary }: SidecarParts,
  options: Options,
  log: Logger,
  signal: AbortSignal,
): Sidecar {
  const records = createRecords();
  const history = createHistory();
  const reporter = createReporter(log, records.of, (change, diff) => {
    history.add(change, diff);
    // What was there at the start was caused by no event.
    const { servingMs } = change;
    if (diff !== undefined && servingMs !== undefined) tally.observe('event_to_live_seconds', servingMs / msPerSecond);
  });
  const reloads = createReloadTally(tally);
  const prover = createProver(
    { ...proverPorts, repeat: boundary.repeat },
    images,
    (instance) => records.published(instance)?.target,
    {
      reloadedBy: options.reload.reloadedBy,
      inquire: proverPorts.inquire !== undefined,
      verifyTimeoutMs: options.verifyTimeoutMs,
    },
    (instance, versionChanged) => {
      trials.observe(instance, trialReports(prover.report(instance)));
      reportProof(instance);
      reportProblems();
      if (versionChanged) controller.lookOnce('the version of an nginx');
    },
  );
  const knowledge = createKnowledge(options, {
    records,
    proofs: prover.report,
    givesWay: (instance) => trials.givesWay(instance),
    isOnTrial: (instance) => trials.isOnTrial(instance),
    templateFailure: templates.failure,
    fileOf: publisher.fileOf,
    fileProblems: () => [...publisher.problems(records.all()), ...ownFiles.problems(), ...lock.problems()],
    failures: boundary.failures,
    changes: history.changes,
  });

  const prober = createProber(probeOnce, () => controller.lookOnce("a probe's answer"), boundary.repeat);

  const trials = createTrials(
    {
      ...(check === undefined ? {} : { check: (instance, rendered, frontends) => check(instance, rendered, frontends, signal) }),
      onLearnt: () => controller.lookOnce('what nginx said'),
      guard: (part, work) => boundary.guard(part, work, () => controller.lookOnce('what nginx said')),
      onCheckDenied(reason) {
        log.info({ reason }, 'the frontends can not be asked to test a file before it is published; a reload tells what they say to it');
      },
      onCheckFailed(instance, reason, again) {
        if (again) log.debug({ instance, reason }, 'the frontends gave no verdict on a file; they are asked again');
        else
          log.info(
            { instance, reason },
            'the frontends gave no verdict on a file, so it is not tested; a reload tells what they say to it',
          );
      },
      rejectedPath: diary.rejectedPath,
      keep: boundary.guard('keeping what nginx said', diary.keep),
      keepRejected: boundary.guard('keeping what nginx said', diary.keepRejected),
    },
    {
      strict: options.check === 'exec',
      trustsTemplates: options.templates === undefined,
      unwatched: options.reload.reloadedBy === 'operator',
    },
    kept,
  );
  const renderer: Renderer & Pick<TemplateStore, 'begin'> = {
    begin: templates.begin,
    failure: templates.failure,
    choose(plan, frontends) {
      const running = frontends.filter((frontend) => frontend.running);
      const away = frontends.flatMap((frontend) => (frontend.running ? [] : [frontend.id]));
      return trials.choose(plan, renderNewest(plan.view), running, away);
    },
  };
  /** Without any template that works now, what was good last is all there is. */
  const renderNewest = (view: RoutingView): { templates: TemplateSet; rendered: Rendered } | undefined => {
    try {
      const rendered = templates.render(view);
      return { templates: rendered.templates, rendered };
    } catch (error) {
      if (!trials.hasFallback(view.instance)) throw error;
      return undefined;
    }
  };
  const sink = createSink(publisher, records, prover, trials, boundary, () => tally.count('rollbacks_total'));

  const reportProof = (instance: string): void => {
    const reports = prover.report(instance);
    reloads.note(reports, Date.now() / msPerSecond);
    const own = reports.filter(({ frontend }) => !frontend.isForeign);
    // Nobody waits for a stranger's, unless there are no others.
    reporter.proven(instance, summarize(own.length > 0 ? own : reports), nowMs());
  };
  const probeNotes = (containers: readonly Container[]): ReadonlyMap<string, Note> => {
    const there = byId(containers);
    return new Map([...prober.verdicts()].flatMap(([id, probe]) => (there.has(id) ? [[id, { probe }] as const] : [])));
  };
  const reportProblems = (): void => {
    reporter.problems(knowledge.problems());
    watchers.tell();
  };
  for (const source of [ownFiles, lock]) source.onChange(reportProblems);

  const restoreOwners = boundary.guard('keeping owners', async () => {
    if (await owners.restore()) controller.lookOnce('a remembered owner');
  });

  let hasBeenConnected = false;

  const takePass = (result: PassResult, cause: Cause, tookMs: number): void => {
    tally.count('passes_total', result.passes.some(({ publication }) => publication === 'written') ? 'published' : 'unchanged');
    tally.observe('pass_duration_seconds', tookMs / msPerSecond);
    const present = new Set(result.instances.map(({ name }) => name));
    owners.note(result.passes.map(({ instance }) => instance));
    knowledge.passed(result, nowMs(), new Date());
    for (const holder of [records, prover, trials]) holder.retain(present);
    prober.aim(result.instances.flatMap(probeTargets));
    for (const pass of result.passes) {
      reporter.published(pass, cause);
      trials.observe(pass.instance.name, trialReports(prover.report(pass.instance.name)));
      reportProof(pass.instance.name);
    }
    reportProblems();
    boundary.worked(passPart);
  };

  const controller = startController(
    engine,
    renderer,
    sink,
    {
      notesFor: (containers) => mergeNotes(drains.notesFor(containers), probeNotes(containers)),
      onPass: takePass,
      onNothingNew() {
        tally.count('passes_total', 'unchanged');
        knowledge.confirmed(nowMs(), new Date());
        boundary.worked(passPart);
        watchers.tell();
      },
      onEvent({ action }, atMs) {
        tally.count('events_total', action);
        tally.heard(atMs / msPerSecond);
      },
      onPassFailed(error) {
        tally.count('passes_total', 'failed');
        if (error instanceof EngineError) knowledge.passFailed(error);
        else boundary.failed(passPart, error);
        reportProblems();
      },
      onConnected() {
        if (!knowledge.connected()) return;
        if (hasBeenConnected) tally.count('engine_reconnects_total');
        hasBeenConnected = true;
        log.info({ engine: options.dockerHost.url }, 'connected to the engine');
        // No pass need follow that would tell it.
        reportProblems();
      },
      onDisconnected(error) {
        knowledge.disconnected(error);
        reportProblems();
      },
      onRestart(containerId, atMs) {
        prover.restarted(containerId);
        prober.restarted(containerId);
        drains.restarted(containerId, atMs);
      },
      onCrash(containerId) {
        for (const instance of knowledge.instances()) {
          const crashed = ownOf(instance, instance.frontends).find(({ container }) => container.id === containerId);
          if (crashed !== undefined) trials.ended(instance.name, showForeignText(crashed.container.name));
        }
      },
      onResync() {
        prover.recheckAll();
        trials.retry(nowMs(), false);
        ownFiles.retry();
        restoreOwners();
      },
    },
    {
      choice: {
        only: options.instance,
        strict: options.strictInstance,
        given: options.project,
        remembered: owners.remembered,
        unread: owners.unread,
      },
      wait: options.wait,
      resyncMs: options.resyncMs,
      reconnectCapMs: 'socketPath' in options.dockerHost ? localReconnectCapMs : remoteReconnectCapMs,
    },
    boundary,
    signal,
  );
  templates.watch(
    boundary.guard(
      'the watch of templates',
      () => controller.look('a template'),
      () => controller.lookOnce('a template'),
    ),
    signal,
  );
  const drainControl = createDrainControl(drains, {
    instances: knowledge.instances,
    whatIsUnproven: knowledge.whatIsUnproven,
    // Where nginx doesn't know keepalive_min_timeout, it closes idle connections at the reload.
    lingerMs: (instance) => (knowledge.view(instance)?.keepaliveMinTimeout === undefined ? 0 : keepaliveMinTimeoutMs),
    look: () => controller.lookOnce('a drain'),
    nowMs,
  });
  for (const { stop } of [prover, prober]) signal.addEventListener('abort', boundary.guard('the stop', stop), { once: true });
  return {
    healthy: () => nowMs() - controller.lastTurnAtMs() < patienceMs(options),
    snapshot: () => knowledge.snapshot(nowMs()),
    configurations: knowledge.configurations,
    desk: {
      drain: drainControl.drain,
      cancelDrain: drainControl.cancel,
      explain: (target, instance) => explain(target, knowledge.facts(), instance),
    },
    resync() {
      trials.retry(nowMs(), true);
      controller.resync();
    },
    ended: controller.ended,
  };
}

/** Waits for the work to end, but not longer than a stop may take. */
export async function endWithin(ended: Promise<void>, limitMs: number): Promise<void> {
  await Promise.race([ended, sleep(limitMs, undefined, { ref: false })]);
}

function summarize(reports: readonly FrontendReport[]): InstanceProof {
  const answering = reports.filter((report) => report.phase !== 'unverified');
  const servedAtMs = answering.flatMap((report) => report.proof.servingAtMs ?? []);
  return {
    frontends: reports.length,
    unverified: reports.length - answering.length,
    live: answering.every((report) => report.phase === 'live'),
    servingAtMs: servedAtMs.length === 0 ? undefined : Math.max(...servedAtMs),
  };
}

const unheeded = 'it goes on with the older configuration after three signals, and its log, which says why, can not be read from here';

/** Of several it has to be told which one refuses. */
function trialReports(all: readonly FrontendReport[]): readonly TrialReport[] {
  const reports = all.filter(({ frontend }) => !frontend.isForeign);
  return reports.map((report) => {
    const told = trialReport(report);
    if (told.words === undefined || reports.length === 1) return told;
    return { ...told, words: `${showForeignText(report.frontend.name)}: ${told.words}` };
  });
}

function trialReport({ phase, proof, isUnheeded }: FrontendReport): TrialReport {
  const generation = proof.target?.generation ?? '';
  if (phase === 'rejected') {
    const found = proof.inquiry?.found;
    return { generation, state: 'refused', words: found?.kind === 'refused' ? found.words : '' };
  }
  if (isUnheeded) return { generation, state: 'refused', words: unheeded, isGuess: true };
  // nginx took the file, whatever visitors get.
  if (phase === 'shadowed' || (phase === 'unverified' && proof.running === generation)) return { generation, state: 'live' };
  const isKnown = phase === 'live' || phase === 'serving' || phase === 'unverified';
  return { generation, state: isKnown ? phase : 'under-way' };
}
