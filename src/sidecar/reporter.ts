import type { Logger } from 'pino';
import type { Cause } from '../loop/loop-state.ts';
import { showForeignText } from '../model/foreign-text.ts';
import type { Instance } from '../model/instance.ts';
import { problemKey } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import type { InstancePass } from '../loop/pass.ts';
import { describeChange } from '../routes/change.ts';
import type { RoutingView } from '../routes/view.ts';
import type { LiveChange } from '../status/history.ts';
import { turnsSince } from './turns.ts';
import type { NotedTurns, Turns } from './turns.ts';
import { lazyDiff } from '../util/text-diff.ts';

/** What is seen of an instance's frontends when a report is due; times in milliseconds since 1970. */
export interface InstanceProof {
  /** Running frontends. */
  readonly frontends: number;
  /** Those that don't answer, so that nothing is known of them. */
  readonly unverified: number;
  /** All that answer serve the target, for good. */
  readonly live: boolean;
  readonly servingAtMs: number | undefined;
}

/** Tells operators what went live, once, and which problems came and went. */
export interface Reporter {
  published(pass: InstancePass, cause: Cause): void;
  proven(instance: string, proof: InstanceProof, nowMs: number): void;
  problems(now: readonly Problem[]): void;
}

/** Where the reporter keeps what it has reported of an instance, and what it is about to. */
export interface ReportSlot {
  readonly instance: string;
  readonly report: {
    /** What led to a change that waits for nginx's word, or for the next reload. */
    waiting?: Cause | undefined;
    pending?: Change | undefined;
    live?: Change;
    turns?: NotedTurns;
  };
}

interface Change {
  readonly generation: string;
  readonly view: RoutingView;
  readonly content: string;
  readonly cause: Cause;
  /** As the newest pass saw it that came to this. */
  readonly instance: Instance;
  /** That it isn't proven has been told, and what has become of containers; it is told again when it is. */
  readonly toldUnproven?: Turns;
}

/** A line of the log tells of so many containers. */
const maxTurns = 20;

/** What reports are made with. */
interface Reporting {
  readonly log: Logger;
  readonly onLive: OnLive;
}

/** Hears of each change that is proven to be served, and how to make its difference to the file before. */
type OnLive = (change: Omit<LiveChange, 'diff'>, diff: (() => string) | undefined) => void;

/** @param slotOf where the report of an instance is kept */
export function createReporter(log: Logger, slotOf: (instance: string) => ReportSlot, onLive: OnLive): Reporter {
  const reporting: Reporting = { log, onLive };
  let known = new Map<string, Problem>();
  return {
    published: (pass, cause) => notePublished(log, slotOf(pass.instance.name).report, pass, cause),
    proven: (instance, proof, nowMs) => noteProof(reporting, slotOf(instance), proof, nowMs),
    problems(now) {
      const next = new Map(now.map((item) => [problemKey(item), item]));
      for (const [key, item] of next) if (!known.has(key)) logProblem(log, item);
      // What is only told in other words now is not gone.
      const stay = new Set(now.map((item) => JSON.stringify(subjectOf(item))));
      const gone = new Map([...known.values()].map((item) => [JSON.stringify(subjectOf(item)), subjectOf(item)]));
      for (const [key, subject] of gone) if (!stay.has(key)) log.info({ problem: subject }, 'problem is gone');
      known = next;
    },
  };
}

function logProblem(log: Logger, item: Problem): void {
  if (item.severity === 'error') log.error({ problem: item }, 'problem');
  else if (item.severity === 'warning') log.warn({ problem: item }, 'problem');
  else log.info({ problem: item }, 'notice');
}

function notePublished(
  log: Logger,
  report: ReportSlot['report'],
  { instance, rendered, view, isOnTrial, publication }: InstancePass,
  lastCause: Cause,
): void {
  const isHeldBack = typeof publication === 'object';
  const cause = together(report.waiting, lastCause);
  report.waiting = isHeldBack || isOnTrial ? cause : undefined;
  if (isHeldBack) return;
  const { generation, content } = rendered;
  const before = report.pending;
  if (before?.generation === generation) {
    report.pending = { ...before, instance };
    return;
  }
  if (before === undefined && report.live?.generation === generation) {
    logTurns(log, instance.name, noteTurns(report, instance, view), lastCause);
    return;
  }
  if (publication === 'written') log.debug({ instance: instance.name, generation }, 'published');
  // What an overtaken change waited for counts from its own beginning.
  report.pending = { generation, view, content, instance, cause: together(before?.cause, cause) };
}

function noteProof({ log, onLive }: Reporting, { instance, report }: ReportSlot, proof: InstanceProof, nowMs: number): void {
  const { pending: change, live: before } = report;
  if (change === undefined || !proof.live || proof.frontends === 0) return;
  const isProven = proof.unverified < proof.frontends;
  if (!isProven && change.toldUnproven !== undefined) return;
  const turns = new Map([...(change.toldUnproven ?? []), ...noteTurns(report, change.instance, change.view)]);
  const told = {
    instance,
    generation: change.generation,
    changes: describeChange(before?.view, change.view),
    why: reasonsOf(change.cause),
    ...times(change, proof, nowMs),
  };
  const facts = { ...told, ...containersOf(turns), ...(proof.unverified > 0 ? { unverified: proof.unverified } : {}) };
  if (!isProven) {
    report.pending = { ...change, toldUnproven: turns };
    log.warn(facts, 'routes are published, but no frontend answers: it is not proven that they are served');
    return;
  }
  const isNews = before?.generation !== change.generation;
  // First: a line that could not be written is written at the next proof.
  if (isNews) log.info(facts, 'routes are live');
  else log.debug(facts, 'routes are live');
  report.pending = undefined;
  report.live = change;
  if (!isNews) {
    logTurns(log, instance, turns, change.cause);
    return;
  }
  const diff = before === undefined ? undefined : lazyDiff(['before', 'after'], before.content, change.content);
  // A line of the log has no lines of its own.
  if (diff !== undefined && log.isLevelEnabled('debug'))
    log.debug({ instance, generation: change.generation, diff: diff().split('\n') }, 'what changed in the file');
  onLive({ ...told, ...containersOf(turns), at: new Date().toISOString() }, diff);
}

/** Containers that turned without a change of what is served: nobody would hear of a replica that is unhealthy from the start. */
function logTurns(log: Logger, instance: string, turns: Turns, cause: Cause): void {
  if (turns.size > 0) log.info({ instance, ...containersOf(turns), why: reasonsOf(cause) }, 'containers have changed, the routes stay');
}

function noteTurns(report: ReportSlot['report'], instance: Instance, view: RoutingView): Turns {
  const { turns, noted } = turnsSince(report.turns, instance, view);
  report.turns = noted;
  return turns;
}

/** Both, from the beginning of the first. */
function together(first: Cause | undefined, second: Cause): Cause {
  return first === undefined ? second : { atMs: first.atMs, why: [...new Set([...first.why, ...second.why])] };
}

/** What a problem is about, whatever is said of it. */
function subjectOf({ code, instance, container, key, value }: Problem): object {
  return { code, instance, container, key, value };
}

function reasonsOf({ why }: Cause): readonly string[] {
  return why.map((text) => showForeignText(text));
}

function containersOf(turns: Turns): { readonly containers?: readonly string[] } {
  if (turns.size === 0) return {};
  const left = turns.size - maxTurns;
  return { containers: [...[...turns.values()].slice(0, maxTurns), ...(left > 0 ? [`and ${left} more`] : [])] };
}

function times(change: Change, { servingAtMs }: InstanceProof, nowMs: number): { servingMs?: number; liveMs?: number } {
  if (servingAtMs === undefined) return {};
  const sinceCause = (atMs: number): number => Math.max(0, Math.round(atMs - change.cause.atMs));
  return { servingMs: sinceCause(servingAtMs), liveMs: sinceCause(nowMs) };
}
