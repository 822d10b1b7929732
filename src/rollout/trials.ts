import type { Rendered } from '../render/generation.ts';
import type { TemplateSet } from '../render/template-store.ts';
import type { RoutingPlan } from '../routes/plan.ts';
import type { Rollout } from './check.ts';
import { choose } from './choose.ts';
import { noteEnd, observe, retry } from './rollback.ts';
import { hasFallback, isRefused, noteStart } from './trial-state.ts';
import type { TrialState } from './trial-state.ts';
import type { Choice, Chosen, TrialFrontend, TrialOptions, TrialPorts, TrialReport } from './trial-types.ts';

/**
 * Decides which structure may be published, and learns from nginx's verdicts. A change of structure is tested first if
 * possible, else published and observed. After a refusal the last good structure goes back, with current addresses, until
 * nginx accepts a newer structure.
 */
export interface Trials {
  /**
   * @param wanted the newest templates that render this plan, and the rendered file
   * @param frontends the running frontends
   * @param away ids of the stopped frontends
   */
  choose(
    plan: RoutingPlan,
    wanted: { readonly templates: TemplateSet; readonly rendered: Rendered } | undefined,
    frontends: readonly TrialFrontend[],
    away?: readonly string[],
  ): Choice;
  /** Whether nginx is testing a candidate; its verdict starts another pass. */
  isOnTrial(instance: string): boolean;
  /** Whether a rollback is possible. */
  hasFallback(instance: string): boolean;
  published(instance: string, chosen: Chosen): void;
  /** Notes that the published file was removed. */
  withdrawn(instance: string): void;
  /** Takes the frontends' reactions to the published file. */
  observe(instance: string, reports: readonly TrialReport[]): void;
  /** Whether nginx refused the published file, so that the next pass replaces it. */
  isPublishedRefused(instance: string): boolean;
  /** A container started: if it is a frontend, its refusals may be outdated. */
  started(containerId: string): void;
  /** Counts a crash of a frontend. */
  ended(instance: string, frontend: string): void;
  /** Forgets refusals whose reason lies outside of labels and templates, or with `all` every refusal. */
  retry(nowMs: number, all: boolean): void;
}

export interface TrialStates {
  /** Creates the state of a new instance. */
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
    started(containerId) {
      for (const state of states.all()) noteStart(state, containerId);
    },
    ended: (instance, frontend) => noteEnd(ports, states.of(instance), frontend),
    retry(nowMs, all) {
      // `--check exec` publishes only tested files, so meet-gen always retries a denied test.
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
