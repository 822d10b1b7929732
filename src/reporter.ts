import type { Logger } from 'pino';
import { problemKey } from './model/problem.ts';
import type { Problem } from './model/problem.ts';
import type { InstancePass } from './pipeline.ts';
import { describeChange } from './routes/change.ts';
import type { RoutingView } from './routes/routing-view.ts';

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
  published(pass: InstancePass, causedAtMs: number): void;
  proven(instance: string, proof: InstanceProof, nowMs: number): void;
  problems(now: readonly Problem[]): void;
  /** Forgets all instances but these. */
  retain(instances: ReadonlySet<string>): void;
}

interface Pending {
  readonly generation: string;
  readonly view: RoutingView;
  readonly causedAtMs: number;
}

export function createReporter(log: Logger): Reporter {
  const pending = new Map<string, Pending>();
  const live = new Map<string, Pending>();
  let known = new Map<string, Problem>();

  return {
    published({ instance, rendered, view, written }, causedAtMs) {
      const { generation } = rendered;
      const waiting = pending.get(instance.name);
      if (waiting?.generation === generation || (waiting === undefined && live.get(instance.name)?.generation === generation)) return;
      if (written) log.debug({ instance: instance.name, generation }, 'published');
      // What an overtaken change waited for counts from its own beginning.
      pending.set(instance.name, { generation, view, causedAtMs: waiting?.causedAtMs ?? causedAtMs });
    },
    proven(instance, proof, nowMs) {
      const change = pending.get(instance);
      if (change === undefined || !proof.live || proof.frontends === 0) return;
      const before = live.get(instance);
      const changes = describeChange(before?.view, change.view);
      pending.delete(instance);
      live.set(instance, change);
      const times =
        proof.servingAtMs === undefined
          ? {}
          : {
              servingMs: Math.max(0, Math.round(proof.servingAtMs - change.causedAtMs)),
              liveMs: Math.max(0, Math.round(nowMs - change.causedAtMs)),
            };
      const facts = {
        instance,
        generation: change.generation,
        changes,
        ...times,
        ...(proof.unverified > 0 ? { unverified: proof.unverified } : {}),
      };
      if (proof.unverified === proof.frontends)
        log.warn(facts, 'routes are published, but no frontend answers: it is not proven that they are served');
      else if (before?.generation === change.generation) log.debug(facts, 'routes are live');
      else log.info(facts, 'routes are live');
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
      for (const [key, item] of known)
        if (!next.has(key))
          log.info({ problem: { code: item.code, instance: item.instance, container: item.container, key: item.key } }, 'problem is gone');
      known = next;
    },
  };
}
