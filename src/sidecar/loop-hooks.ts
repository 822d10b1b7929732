import type { EventEmitter } from 'node:events';
import type { ControllerHooks } from '../loop/controller.ts';
import type { Cause } from '../loop/loop-state.ts';
import type { PassResult } from '../loop/pass.ts';
import type { ReloadTally } from '../metrics/reload-tally.ts';
import { byId } from '../model/by-id.ts';
import type { Container, Note } from '../model/container.ts';
import { showForeignText } from '../model/foreign-text.ts';
import { ownOf } from '../model/in-rotation.ts';
import { mergeNotes } from '../model/notes.ts';
import type { Options } from '../options.ts';
import type { Prover } from '../reload/prover.ts';
import type { Trials } from '../rollout/trials.ts';
import { EngineError } from '../source/engine-error.ts';
import { nowMs } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Knowledge } from './knowledge.ts';
import { probeTargets } from './probe/probe-targets.ts';
import type { HealthProber } from './probe/health-prober.ts';
import { summarizeProofs, trialReports } from './proof-reports.ts';
import type { Records } from './records.ts';
import type { Reporter } from './reporter.ts';
import type { SidecarParts } from './parts.ts';

/** What the parts of the sidecar tell each other. */
export interface SidecarEvents {
  /** A proof of an instance's frontends came further. */
  proof: [instance: string, versionChanged: boolean];
  /** Another pass is worth while; why, in words. */
  look: [why: string];
}

/** All parts that hear of passes and proofs. */
export interface Whole extends Pick<SidecarParts, 'drains' | 'owners' | 'ownFiles' | 'tally' | 'watchers' | 'boundary'> {
  readonly records: Records;
  readonly reporter: Reporter;
  readonly prover: Prover;
  readonly prober: HealthProber;
  readonly trials: Trials;
  readonly knowledge: Knowledge;
  readonly reloads: ReloadTally;
  readonly events: EventEmitter<SidecarEvents>;
  readonly options: Options;
  readonly log: Log;
  /** Whether events have been heard before: then the next connection is another one. */
  wasConnected: boolean;
}

const msPerSecond = 1000;
const passPart = 'a pass';

/** What happens when the loop has looked, decided, or heard of something. */
export function loopHooks(whole: Whole): ControllerHooks {
  const { tally, knowledge, boundary, watchers, drains, prover, prober, trials, ownFiles, owners, events, options, log } = whole;
  const restoreOwners = boundary.guard('keeping owners', async () => {
    if (await owners.restore()) events.emit('look', 'a remembered owner');
  });
  return {
    notesFor: (containers) => mergeNotes(drains.notesFor(containers), probeNotes(prober, containers)),
    onPass: (result, cause, tookMs) => takePass(whole, result, cause, tookMs),
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
      reportProblems(whole);
    },
    onConnected() {
      if (!knowledge.connected()) return;
      if (whole.wasConnected) tally.count('engine_reconnects_total');
      whole.wasConnected = true;
      log.write('engineConnected', { engine: options.dockerHost.url });
      // No pass need follow that would report it.
      reportProblems(whole);
    },
    onDisconnected(error) {
      knowledge.disconnected(error);
      reportProblems(whole);
    },
    onRestart(containerId, atMs) {
      prover.restarted(containerId);
      prober.restarted(containerId);
      drains.restarted(containerId, atMs);
    },
    onCrash: (containerId) => takeCrash(whole, containerId),
    onResync() {
      prover.recheckAll();
      trials.retry(nowMs(), false);
      ownFiles.retry();
      restoreOwners();
    },
  };
}

/** A proof came further: the trials learn from it, and it is reported. */
export function takeProof(whole: Whole, instance: string): void {
  const { prover, trials, reloads, reporter } = whole;
  const reports = prover.report(instance);
  trials.observe(instance, trialReports(reports));
  reloads.note(reports, Date.now() / msPerSecond);
  reporter.proven(instance, summarizeProofs(reports), nowMs());
}

export function reportProblems({ reporter, knowledge, watchers }: Whole): void {
  reporter.problems(knowledge.problems());
  watchers.tell();
}

function takePass(whole: Whole, result: PassResult, cause: Cause, tookMs: number): void {
  const { tally, owners, knowledge, records, prover, prober, reporter, boundary } = whole;
  tally.count('passes_total', result.passes.some(({ publication }) => publication === 'written') ? 'published' : 'unchanged');
  tally.observe('pass_duration_seconds', tookMs / msPerSecond);
  const present = new Set(result.instances.map(({ name }) => name));
  owners.note(result.passes.map(({ instance }) => instance));
  knowledge.passed(result, nowMs(), new Date());
  for (const holder of [records, prover]) holder.retain(present);
  prober.aim(result.instances.flatMap(probeTargets));
  for (const pass of result.passes) {
    reporter.published(pass, cause);
    takeProof(whole, pass.instance.name);
  }
  reportProblems(whole);
  boundary.worked(passPart);
}

function takeCrash({ knowledge, trials }: Whole, containerId: string): void {
  for (const instance of knowledge.instances()) {
    const crashed = ownOf(instance, instance.frontends).find(({ container }) => container.id === containerId);
    if (crashed !== undefined) trials.ended(instance.name, showForeignText(crashed.container.name));
  }
}

function probeNotes(prober: HealthProber, containers: readonly Container[]): ReadonlyMap<string, Note> {
  const there = byId(containers);
  return new Map([...prober.verdicts()].flatMap(([id, probe]) => (there.has(id) ? [[id, { probe }] as const] : [])));
}
