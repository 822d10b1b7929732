import type { Cause } from '../loop/loop-state.ts';
import type { InstancePass } from '../loop/pass.ts';
import { showUntrustedText } from '../model/untrusted-text.ts';
import type { Instance } from '../model/instance.ts';
import { problemKey } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import type { FrontendReport } from '../reload/prover.ts';
import { describeChange } from '../routes/change.ts';
import type { RoutingView } from '../routes/view.ts';
import { defined } from '../util/defined.ts';
import { lazyDiff } from '../util/text-diff.ts';
import { summarizeProofs } from './proof-reports.ts';
import type { InstanceProof } from './proof-reports.ts';
import { reloadsAfter } from './reload-results.ts';
import type { FrontendReload, ReloadSeen } from './reload-results.ts';
import { sinceAfter } from './since.ts';
import type { Since } from './since.ts';
import { turnsSince } from './turns.ts';
import type { NotedTurns, Turns } from './turns.ts';

/** One change. The history, the log of routes and problems, and the times until live come from entries. */
export type Entry =
  | { readonly kind: 'problem'; readonly problem: Problem }
  | { readonly kind: 'problem-over'; readonly problem: ProblemSubject }
  | { readonly kind: 'published'; readonly instance: string; readonly generation: string }
  /** A file is published, but no frontend answers. */
  | { readonly kind: 'unproven'; readonly change: RoutesChange; readonly unverified: number }
  /** @property isAgain the same generation was live before; `diff` is absent for an instance's first file */
  | { readonly kind: 'live'; readonly change: RoutesChange; readonly isAgain: boolean; readonly diff?: () => string }
  /** Replicas came into rotation or left it, and the routes stay. */
  | { readonly kind: 'containers'; readonly instance: string; readonly containers: readonly string[]; readonly why: readonly string[] }
  | ({ readonly kind: 'reload' } & ReloadSeen);

/** A change of an instance's routes, in words for an operator. */
interface RoutesChange {
  readonly instance: string;
  readonly generation: string;
  readonly changes: readonly string[];
  readonly why: readonly string[];
  /** Milliseconds from the event that caused the change. */
  readonly servingMs?: number;
  readonly liveMs?: number;
  readonly containers?: readonly string[];
  /** Frontends that don't answer. */
  readonly unverified?: number;
}

/** The subject of a problem, without its message and cure. */
type ProblemSubject = Pick<Problem, 'code' | 'instance' | 'container' | 'key' | 'value'>;

/** Compares each new state with the state before, once, and writes the changes. */
export interface Journal {
  /** @param date when the instances were read, by the machine's clock */
  seen(instances: readonly Instance[], date: Date): void;
  passed(pass: InstancePass, cause: Cause): void;
  proven(instance: string, reports: readonly FrontendReport[], nowMs: number): void;
  problems(now: readonly Problem[]): void;
}

/** The journal's state of an instance, with which the next state is compared. */
export interface JournalSlot {
  readonly instance: string;
  readonly journal: {
    /** The cause of a change that waits for nginx's answer, or for the next reload. */
    waiting?: Cause | undefined;
    /** Published, and not proven yet. */
    pending?: Change | undefined;
    live?: Change;
    turns?: NotedTurns;
    since?: Since;
    reloads?: ReadonlyMap<string, FrontendReload>;
  };
}

interface Change {
  readonly generation: string;
  readonly view: RoutingView;
  readonly content: string;
  readonly cause: Cause;
  /** From the newest pass with this generation. */
  readonly instance: Instance;
  /** The replicas that the entry `unproven` named. They are named again once the change is proven. */
  readonly namedUnproven?: Turns;
}

type Write = (entry: Entry) => void;

/** An entry names at most so many containers. */
const maxTurns = 20;

/**
 * @param slotOf the slot of an instance
 * @param write takes each entry. If it throws, the state stays unchanged, so that the entry is written at the next comparison
 */
export function createJournal(slotOf: (instance: string) => JournalSlot, write: Write): Journal {
  let known: ReadonlyMap<string, Problem> = new Map();
  return {
    seen(instances, date) {
      for (const instance of instances) {
        const { journal } = slotOf(instance.name);
        journal.since = sinceAfter(journal.since, instance, date);
      }
    },
    passed: (pass, cause) => notePublished(write, slotOf(pass.instance.name).journal, pass, cause),
    proven(instance, reports, nowMs) {
      const slot = slotOf(instance);
      const { reloads, seen } = reloadsAfter(slot.journal.reloads, reports);
      for (const reload of seen) write({ kind: 'reload', ...reload });
      slot.journal.reloads = reloads;
      noteProof(write, slot, summarizeProofs(reports), nowMs);
    },
    problems: (now) => void (known = noteProblems(write, known, now)),
  };
}

function noteProblems(write: Write, known: ReadonlyMap<string, Problem>, all: readonly Problem[]): ReadonlyMap<string, Problem> {
  const current = new Map(all.map((item) => [problemKey(item), item]));
  for (const [key, item] of current) if (!known.has(key)) write({ kind: 'problem', problem: item });
  // A problem with other words than before isn't over.
  const stay = new Set(all.map((item) => JSON.stringify(subjectOf(item))));
  const before = new Map([...known.values()].map((item) => [JSON.stringify(subjectOf(item)), subjectOf(item)]));
  for (const [key, subject] of before) if (!stay.has(key)) write({ kind: 'problem-over', problem: subject });
  return current;
}

function notePublished(
  write: Write,
  journal: JournalSlot['journal'],
  { instance, rendered, view, isOnTrial, publication }: InstancePass,
  lastCause: Cause,
): void {
  const isThrottled = typeof publication === 'object';
  const cause = together(journal.waiting, lastCause);
  journal.waiting = isThrottled || isOnTrial ? cause : undefined;
  if (isThrottled) return;
  const { generation, content } = rendered;
  const before = journal.pending;
  if (before?.generation === generation) {
    journal.pending = { ...before, instance };
    return;
  }
  if (before === undefined && journal.live?.generation === generation) {
    writeTurns(write, instance.name, noteTurns(journal, instance, view), lastCause);
    return;
  }
  if (publication === 'written') write({ kind: 'published', instance: instance.name, generation });
  // A change that replaces an unproven one counts from the beginning of the first.
  journal.pending = { generation, view, content, instance, cause: together(before?.cause, cause) };
}

function noteProof(write: Write, { instance, journal }: JournalSlot, proof: InstanceProof, nowMs: number): void {
  const { pending: change, live: before } = journal;
  if (change === undefined || !proof.live || proof.frontends === 0) return;
  const isProven = proof.unverified < proof.frontends;
  if (!isProven && change.namedUnproven !== undefined) return;
  const turns = new Map([...(change.namedUnproven ?? []), ...noteTurns(journal, change.instance, change.view)]);
  const entry: RoutesChange = {
    instance,
    generation: change.generation,
    changes: describeChange(before?.view, change.view),
    why: reasonsOf(change.cause),
    ...times(change, proof, nowMs),
    ...containersOf(turns),
    ...(proof.unverified > 0 ? { unverified: proof.unverified } : {}),
  };
  if (!isProven) {
    journal.pending = { ...change, namedUnproven: turns };
    write({ kind: 'unproven', change: entry, unverified: proof.unverified });
    return;
  }
  const isAgain = before?.generation === change.generation;
  const diff = before === undefined || isAgain ? undefined : lazyDiff(['before', 'after'], before.content, change.content);
  write({ kind: 'live', change: entry, isAgain, ...(diff === undefined ? {} : { diff }) });
  journal.pending = undefined;
  journal.live = change;
  if (isAgain) writeTurns(write, instance, turns, change.cause);
}

/** Replicas that turned without a change of the routes, such as a replica that is unhealthy from its start. */
function writeTurns(write: Write, instance: string, turns: Turns, cause: Cause): void {
  const { containers } = containersOf(turns);
  if (containers !== undefined) write({ kind: 'containers', instance, containers, why: reasonsOf(cause) });
}

function noteTurns(journal: JournalSlot['journal'], instance: Instance, view: RoutingView): Turns {
  const { turns, noted } = turnsSince(journal.turns, instance, view);
  journal.turns = noted;
  return turns;
}

/** Both causes, from the time of the first. */
function together(first: Cause | undefined, second: Cause): Cause {
  return first === undefined ? second : { atMs: first.atMs, why: [...new Set([...first.why, ...second.why])] };
}

function subjectOf({ code, instance, container, key, value }: Problem): ProblemSubject {
  return { code, ...defined({ instance, container, key, value }) };
}

function reasonsOf({ why }: Cause): readonly string[] {
  return why.map((text) => showUntrustedText(text));
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
