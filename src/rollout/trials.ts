import type { Rendered } from '../render/generation.ts';
import type { TemplateSet } from '../render/template-store.ts';
import type { RoutingPlan } from '../routes/plan.ts';
import type { Rollout } from './check.ts';
import { choose } from './choose.ts';
import { noteEnd, observe, retry } from './rollback.ts';
import { hasFallback, isRefused } from './trial-state.ts';
import type { TrialState } from './trial-state.ts';
import type { Choice, Chosen, TrialFrontend, TrialOptions, TrialPorts, TrialReport } from './trial-types.ts';

/**
 * Decides which structure may be published, and learns from what nginx says to it. A change of structure is tested first where
 * that can be had, else tried; what is refused gives way to the last good structure, with today's addresses, until nginx accepts
 * what it was asked about instead.
 */
export interface Trials {
  /**
   * @param wanted the newest templates that render this plan, and the file
   * @param frontends those that run
   * @param away the ids of those that don't
   */
  choose(
    plan: RoutingPlan,
    wanted: { readonly templates: TemplateSet; readonly rendered: Rendered } | undefined,
    frontends: readonly TrialFrontend[],
    away?: readonly string[],
  ): Choice;
  /** Whether nginx is being asked about a candidate: there is more to come by itself. */
  isOnTrial(instance: string): boolean;
  /** Whether there is something to fall back on. */
  hasFallback(instance: string): boolean;
  published(instance: string, chosen: Chosen): void;
  /** What was published last is away. */
  withdrawn(instance: string): void;
  /** How the instance's frontends take what was published last. */
  observe(instance: string, reports: readonly TrialReport[]): void;
  /** Whether what was published last was refused, so that the next pass replaces it. */
  isPublishedRefused(instance: string): boolean;
  /** A frontend ended by itself. */
  ended(instance: string, frontend: string): void;
  /** Asks again about what was refused for a reason that lies outside of labels and templates, or, `all`, for any reason. */
  retry(nowMs: number, all: boolean): void;
}

/** Where the states of the instances are kept. */
export interface TrialStates {
  /** A new one for an instance that has none. */
  of(instance: string): TrialState;
  all(): Iterable<TrialState>;
}

export function createTrials(ports: TrialPorts, options: TrialOptions, states: TrialStates): Trials {
  const rollout: Rollout = { ports, options, isCheckDenied: false };
  return {
    choose: (plan, newest, frontends, away = []) => choose(rollout, states.of(plan.structure.instance), plan, newest, frontends, away),
    isOnTrial: (instance) => states.of(instance).checking,
    hasFallback: (instance) => hasFallback(states.of(instance)),
    published: (instance, chosen) => notePublished(states.of(instance), chosen),
    withdrawn(instance) {
      states.of(instance).current = undefined;
    },
    observe: (instance, reports) => observe(ports, states.of(instance), reports),
    isPublishedRefused(instance) {
      const { current, good } = states.of(instance);
      return current !== undefined && current.edition.key !== good?.key && isRefused(states.of(instance), current.edition);
    },
    ended: (instance, frontend) => noteEnd(ports, states.of(instance), frontend),
    retry(nowMs, all) {
      // Where nothing else can go on, a test is worth asking for again and again.
      const retriesTests = options.strict || all;
      if (retriesTests) rollout.isCheckDenied = false;
      for (const state of states.all()) if (retry(state, nowMs, retriesTests, all)) ports.onLearnt(state.instance);
    },
  };
}

function notePublished(state: TrialState, { edition, rendered }: Chosen): void {
  if (state.current?.edition.key === edition.key) {
    state.current = { ...state.current, rendered };
    return;
  }
  if (state.good === undefined && state.current !== undefined && !isRefused(state, state.current.edition))
    state.earlier = state.current.edition;
  state.current = { edition, rendered, ends: 0 };
}
