import type { EventEmitter } from 'node:events';
import type { ControllerHooks } from '../loop/controller.ts';
import type { Cause } from '../loop/loop-state.ts';
import type { PassResult } from '../loop/pass.ts';
import { byId } from '../model/by-id.ts';
import type { Container, Note } from '../model/container.ts';
import { showUntrustedText } from '../model/untrusted-text.ts';
import { ownOf } from '../model/in-rotation.ts';
import { mergeNotes } from '../model/notes.ts';
import type { Prover } from '../reload/prover.ts';
import type { Trials } from '../rollout/trials.ts';
import type { Source } from '../source/source.ts';
import { EngineError } from '../source/engine-error.ts';
import { nowMs } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Knowledge } from './knowledge.ts';
import { probeTargets } from './probe/probe-targets.ts';
import type { HealthProber } from './probe/health-prober.ts';
import { trialReports } from './proof-reports.ts';
import type { Records } from './records.ts';
import type { Journal } from './journal.ts';
import type { SidecarParts } from './parts.ts';

/** Events between the parts of the sidecar. */
export interface SidecarEvents {
  /** The proof of an instance's frontend changed. */
  proof: [instance: string, versionChanged: boolean];
  /** Asks for a pass, with the reason in words. */
  look: [why: string];
}

/** The parts that passes and proofs are reported to. */
export interface Whole extends Pick<SidecarParts, 'drains' | 'owners' | 'ownFiles' | 'signalled' | 'tally' | 'watchers' | 'boundary'> {
  readonly records: Records;
  readonly journal: Journal;
  readonly prover: Prover;
  readonly prober: HealthProber;
  readonly trials: Trials;
  readonly knowledge: Knowledge;
  readonly events: EventEmitter<SidecarEvents>;
  readonly log: Log;
  /** The engine was connected before, so the next connection is a reconnect. */
  wasConnected: boolean;
}

const msPerSecond = 1000;
const passPart = 'a pass';

/** The sidecar's answers to the loop's calls. */
export function loopHooks(whole: Whole, { place }: Pick<Source, 'place'>): ControllerHooks {
  const { tally, knowledge, boundary, watchers, drains, prover, prober, trials, ownFiles, owners, signalled, events, log } = whole;
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
      if (error instanceof EngineError) knowledge.passFailed(error, new Date());
      else boundary.failed(passPart, error);
      reportProblems(whole);
    },
    onConnected() {
      if (!knowledge.connected()) return;
      if (whole.wasConnected) tally.count('engine_reconnects_total');
      whole.wasConnected = true;
      log.write('engineConnected', { engine: place });
      // A pass, which would report this, may not follow.
      reportProblems(whole);
    },
    onDisconnected(error) {
      knowledge.disconnected(error, new Date());
      reportProblems(whole);
    },
    onRestart({ action, containerId }, atMs) {
      if (action === 'start') for (const part of [signalled, trials]) part.started(containerId);
      else signalled.ended(containerId);
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

/** Passes a changed proof on to the trials and to the journal. */
export function takeProof(whole: Whole, instance: string): void {
  const { prover, trials, journal } = whole;
  const reports = prover.report(instance);
  trials.observe(instance, trialReports(reports));
  journal.proven(instance, reports, nowMs());
}

export function reportProblems({ journal, knowledge, watchers }: Whole): void {
  journal.problems(knowledge.problems());
  watchers.tell();
}

function takePass(whole: Whole, result: PassResult, cause: Cause, tookMs: number): void {
  const { tally, owners, knowledge, records, prover, prober, signalled, journal, boundary } = whole;
  tally.count('passes_total', result.passes.some(({ publication }) => publication === 'written') ? 'published' : 'unchanged');
  tally.observe('pass_duration_seconds', tookMs / msPerSecond);
  const present = new Set(result.instances.map(({ name }) => name));
  owners.note(result.passes.map(({ instance }) => instance));
  const date = new Date();
  knowledge.passed(result, nowMs(), date);
  for (const holder of [records, prover]) holder.retain(present);
  signalled.retain(new Set(result.instances.flatMap(({ frontends }) => frontends.map(({ container }) => container.id))));
  journal.seen(result.instances, date);
  prober.aim(result.instances.flatMap(probeTargets));
  for (const pass of result.passes) {
    journal.passed(pass, cause);
    takeProof(whole, pass.instance.name);
  }
  reportProblems(whole);
  boundary.worked(passPart);
}

function takeCrash({ knowledge, trials, signalled }: Whole, containerId: string): void {
  signalled.crashed(containerId);
  for (const instance of knowledge.instances()) {
    const crashed = ownOf(instance, instance.frontends).find(({ container }) => container.id === containerId);
    if (crashed !== undefined) trials.ended(instance.name, showUntrustedText(crashed.container.name));
  }
}

function probeNotes(prober: HealthProber, containers: readonly Container[]): ReadonlyMap<string, Note> {
  const there = byId(containers);
  return new Map([...prober.verdicts()].flatMap(([id, probe]) => (there.has(id) ? [[id, { probe }] as const] : [])));
}
