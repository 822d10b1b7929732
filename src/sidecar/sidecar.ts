import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { startController } from '../loop/controller.ts';
import type { ControllerOptions } from '../loop/controller.ts';
import type { SidecarParts } from './parts.ts';

import { createKnowledge, silenceLimitMs } from './knowledge.ts';
import { createDrainControl } from './drain/drain-control.ts';
import type { Source } from '../source/source.ts';
import { defined } from '../util/defined.ts';
import { explain } from '../explain/explain.ts';
import type { Options } from '../options.ts';
import { probeOnce } from './probe/probe.ts';
import { createHealthProber } from './probe/health-prober.ts';
import { createProver } from '../reload/prover.ts';
import type { TemplateStore } from '../render/template-store.ts';
import { createRecords } from './records.ts';
import { createJournal } from './journal.ts';
import { keepEntry } from './journal-history.ts';
import { logEntry } from './journal-log.ts';
import { countEntry } from './journal-metrics.ts';
import { keepaliveMinTimeoutMs } from '../routes/plan.ts';
import { createHistory } from '../status/history.ts';
import type { OperatorCalls } from '../server/answers.ts';
import type { StatusSnapshot } from '../status/snapshot.ts';
import { createSink } from './sink.ts';

import { loopHooks, reportProblems, takeProof } from './loop-hooks.ts';
import type { SidecarEvents, Whole } from './loop-hooks.ts';
import { createRenderer } from './renderer.ts';
import { createSidecarTrials } from './sidecar-trials.ts';

// In: a source, templates and options. Out: the running process: passes, proofs, records, problems and its status.

/** The running process behind `meet-gen run`: the loop, the proofs, their state, and answers about it. */
export interface Sidecar {
  healthy(): boolean;
  snapshot(): StatusSnapshot;
  /** The published files, by instance. */
  configurations(): ReadonlyMap<string, string>;
  readonly operator: OperatorCalls;
  resync(): void;
  readonly ended: Promise<void>;
}

/** Starts the sidecar. It runs until the signal aborts; bad input doesn't end it. */
export function startSidecar(
  source: Source,
  templates: TemplateStore,
  parts: SidecarParts,
  options: Options,
  log: Log,
  signal: AbortSignal,
): Sidecar {
  const { publisher, drains, boundary } = parts;
  const whole = createWhole(source, templates, parts, options, log, signal);
  const { records, prover, prober, trials, knowledge, events, tally } = whole;
  const sink = createSink(publisher, records, prover, trials, boundary, () => tally.count('rollbacks_total'));
  const renderer = createRenderer(templates, trials);
  const controller = startController(
    source,
    renderer,
    sink,
    loopHooks(whole, source),
    loopOptions(source, options, parts),
    boundary,
    signal,
  );
  events.on('look', controller.lookOnce);
  events.on('proof', (instance, versionChanged) => {
    takeProof(whole, instance);
    reportProblems(whole);
    if (versionChanged) controller.lookOnce('the version of an nginx');
  });
  for (const holder of [parts.ownFiles, parts.lock]) holder.onChange(() => reportProblems(whole));
  templates.watch(
    boundary.guard(
      'the watch of templates',
      () => controller.look('a template'),
      () => controller.lookOnce('a template'),
    ),
    signal,
  );
  for (const { stop } of [prover, prober]) signal.addEventListener('abort', boundary.guard('the stop', stop), { once: true });
  const drainControl = createDrainControl(drains, {
    instances: knowledge.instances,
    missingProof: knowledge.missingProof,
    // An nginx without keepalive_min_timeout closes idle connections at the reload.
    lingerMs: (instance) => (knowledge.view(instance)?.keepaliveMinTimeout === undefined ? 0 : keepaliveMinTimeoutMs),
    look: () => controller.lookOnce('a drain'),
    nowMs,
    ...defined({ advice: source.drainAdvice }),
  });
  return {
    healthy: () => nowMs() - controller.lastTurnAtMs() < silenceLimitMs(options),
    snapshot: () => knowledge.snapshot(nowMs()),
    configurations: knowledge.configurations,
    operator: {
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

/** Creates the parts that passes and proofs are reported to. They reach the loop, which is created later, by events. */
function createWhole(
  source: Source,
  templates: TemplateStore,
  parts: SidecarParts,
  options: Options,
  log: Log,
  signal: AbortSignal,
): Whole {
  const { prover: proverPorts, images, publisher, ownFiles, lock, signalled, tally, boundary } = parts;
  const events = new EventEmitter<SidecarEvents>();
  const look = (why: string): void => void events.emit('look', why);
  const records = createRecords(parts.kept);
  const history = createHistory();
  const journal = createJournal(records.of, (entry) => {
    logEntry(log, entry);
    keepEntry(history, entry);
    countEntry(tally, entry);
  });
  const prover = createProver(
    { ...proverPorts, repeat: boundary.repeat },
    images,
    (instance) => records.published(instance)?.target,
    {
      reloadedBy: options.reload.reloadedBy,
      inquire: proverPorts.inquire !== undefined,
      verifyTimeoutMs: options.verifyTimeoutMs,
    },
    (instance, versionChanged) => void events.emit('proof', instance, versionChanged),
  );
  const trials = createSidecarTrials(parts, records, options, log, look, signal);
  const knowledge = createKnowledge(options, {
    place: () => source.place,
    records,
    proofs: prover.report,
    downProblems: signalled.problems,
    isPublishedRefused: trials.isPublishedRefused,
    isOnTrial: trials.isOnTrial,
    templateFailure: templates.failure,
    fileOf: publisher.fileOf,
    fileProblems: () => [...publisher.problems(records.all()), ...ownFiles.problems(), ...lock.problems()],
    failures: boundary.failures,
    changes: history.changes,
  });
  const prober = createHealthProber(probeOnce, () => look("a probe's answer"), boundary.repeat);
  return { ...parts, records, journal, prover, prober, trials, knowledge, events, log, wasConnected: false };
}

function loopOptions({ reconnectCapMs }: Source, options: Options, { owners }: Pick<SidecarParts, 'owners'>): ControllerOptions {
  return {
    choice: {
      only: options.instance,
      strict: options.strictInstance,
      given: options.project,
      remembered: owners.remembered,
      unread: owners.unread,
    },
    wait: options.wait,
    resyncMs: options.resyncMs,
    reconnectCapMs,
  };
}

/** Waits for the work to end, at most as long as a stop may take. */
export async function endWithin(ended: Promise<void>, limitMs: number): Promise<void> {
  await Promise.race([ended, sleep(limitMs, undefined, { ref: false })]);
}
