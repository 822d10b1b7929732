import type { Logger } from 'pino';
import type { Cause } from './controller.ts';
import { showForeignText } from './model/foreign-text.ts';
import { problemKey } from './model/problem.ts';
import type { Problem } from './model/problem.ts';
import type { InstancePass } from './pipeline.ts';
import { describeChange } from './routes/change.ts';
import type { RoutingView } from './routes/routing-view.ts';
import type { LiveChange } from './status/history.ts';
import { unifiedDiff } from './text-diff.ts';

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
  /** Forgets all instances but these. */
  retain(instances: ReadonlySet<string>): void;
}

interface Change {
  readonly generation: string;
  readonly view: RoutingView;
  readonly content: string;
  readonly cause: Cause;
  /** That it isn't proven has been told; it is told again when it is. */
  readonly toldUnproven?: boolean;
}

/** @param onLive hears of each change that is proven to be served */
export function createReporter(log: Logger, onLive: (change: LiveChange) => void): Reporter {
  const pending = new Map<string, Change>();
  const live = new Map<string, Change>();
  let known = new Map<string, Problem>();

  return {
    published({ instance, rendered, view, publication }, cause) {
      // What is held back is published by a later pass.
      if (typeof publication === 'object') return;
      const { generation, content } = rendered;
      const waiting = pending.get(instance.name);
      if (waiting?.generation === generation || (waiting === undefined && live.get(instance.name)?.generation === generation)) return;
      if (publication === 'written') log.debug({ instance: instance.name, generation }, 'published');
      // What an overtaken change waited for counts from its own beginning.
      pending.set(instance.name, { generation, view, content, cause: together(waiting?.cause, cause) });
    },
    proven(instance, proof, nowMs) {
      const change = pending.get(instance);
      if (change === undefined || !proof.live || proof.frontends === 0) return;
      const before = live.get(instance);
      const isProven = proof.unverified < proof.frontends;
      if (!isProven && change.toldUnproven === true) return;
      const told = {
        instance,
        generation: change.generation,
        changes: describeChange(before?.view, change.view),
        why: change.cause.why.map((text) => showForeignText(text)),
        ...times(change, proof, nowMs),
      };
      const facts = proof.unverified > 0 ? { ...told, unverified: proof.unverified } : told;
      if (!isProven) {
        pending.set(instance, { ...change, toldUnproven: true });
        log.warn(facts, 'routes are published, but no frontend answers: it is not proven that they are served');
        return;
      }
      pending.delete(instance);
      live.set(instance, change);
      if (before?.generation === change.generation) {
        log.debug(facts, 'routes are live');
        return;
      }
      log.info(facts, 'routes are live');
      const diff = before === undefined ? undefined : unifiedDiff(['before', 'after'], before.content, change.content);
      // A line of the log has no lines of its own.
      if (diff !== undefined) log.debug({ instance, generation: change.generation, diff: diff.split('\n') }, 'what changed in the file');
      onLive({ ...told, at: new Date().toISOString(), ...(diff === undefined ? {} : { diff }) });
    },
    retain(instances) {
      for (const changes of [pending, live]) for (const name of changes.keys()) if (!instances.has(name)) changes.delete(name);
    },
    problems(now) {
      const next = new Map(now.map((item) => [problemKey(item), item]));
      for (const [key, item] of next) {
        if (known.has(key)) continue;
        if (item.severity === 'error') log.error({ problem: item }, 'problem');
        else if (item.severity === 'warning') log.warn({ problem: item }, 'problem');
        else log.info({ problem: item }, 'notice');
      }
      // What is only told in other words now is not gone.
      const stay = new Set(now.map((item) => JSON.stringify(subjectOf(item))));
      const gone = new Map([...known.values()].map((item) => [JSON.stringify(subjectOf(item)), subjectOf(item)]));
      for (const [key, subject] of gone) if (!stay.has(key)) log.info({ problem: subject }, 'problem is gone');
      known = next;
    },
  };
}

/** Both, from the beginning of the first. */
function together(first: Cause | undefined, second: Cause): Cause {
  return first === undefined ? second : { atMs: first.atMs, why: [...new Set([...first.why, ...second.why])] };
}

/** What a problem is about, whatever is said of it. */
function subjectOf({ code, instance, container, key, value }: Problem): object {
  return { code, instance, container, key, value };
}

function times(change: Change, { servingAtMs }: InstanceProof, nowMs: number): { servingMs?: number; liveMs?: number } {
  if (servingAtMs === undefined) return {};
  const sinceCause = (atMs: number): number => Math.max(0, Math.round(atMs - change.cause.atMs));
  return { servingMs: sinceCause(servingAtMs), liveMs: sinceCause(nowMs) };
}
