import type { Rendered } from '../render/generation.ts';
import type { TemplateSet } from '../render/template-store.ts';
import type { RoutingPlan } from '../routes/plan.ts';
import { fillStructure } from '../routes/structure.ts';
import type { RoutingAddresses } from '../routes/structure.ts';
import { editionFor } from './edition.ts';
import type { Edition } from './edition.ts';
import { compareEditions } from './left-out.ts';
import { checkImpossible, notRendered, refusalProblems } from './refusal-problems.ts';
import { findBest } from './search.ts';
import type { Finding, Verdict } from './search.ts';
import {
  forgetRefusals,
  forgetTemplates,
  hasFallback,
  isComplete,
  isDueAgain,
  isRefused,
  isUntestable,
  maxKept,
  newState,
  noteAway,
  noteLives,
  triesOfACheck,
  turnTo,
} from './trial-state.ts';
import type { State } from './trial-state.ts';
import type { CheckOutcome, Choice, Chosen, KeptTrials, TrialFrontend, TrialOptions, TrialPorts, TrialReport } from './trial-types.ts';
import { defined } from '../util/defined.ts';
import { messageOf } from '../util/error-message.ts';

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
  givesWay(instance: string): boolean;
  /** A frontend ended by itself. */
  ended(instance: string, frontend: string): void;
  /** Asks again about what was refused for a reason that lies outside of labels and templates, or, `all`, for any reason. */
  retry(nowMs: number, all: boolean): void;
  retain(instances: ReadonlySet<string>): void;
}

const endsOfARefusal = 2;
/** Of an edition whose templates are gone, or fail: nobody is asked about it, and nothing of this is kept. */
const unrendered: Verdict = { accepted: false, words: '', content: '' };

export function createTrials(ports: TrialPorts, options: TrialOptions, kept: ReadonlyMap<string, KeptTrials>): Trials {
  const states = new Map<string, State>();
  let isCheckDenied = false;

  const stateOf = (instance: string): State => {
    const known = states.get(instance) ?? newState(kept.get(instance));
    states.set(instance, known);
    return known;
  };

  const keep = (instance: string, state: State): void => {
    const refused = [...state.verdicts].flatMap(([key, { accepted, words, content }]) => (accepted ? [] : [{ key, words, content }]));
    ports.keep(instance, {
      ...defined({ good: state.good }),
      refused: refused.slice(-maxKept),
      lives: state.lives,
    });
  };

  const refuse = (instance: string, state: State, edition: Edition, content: string, words: string): void => {
    state.verdicts.set(edition.key, { accepted: false, words, content });
    if (edition.key === state.wanted?.key) ports.keepRejected(instance, content, words);
    keep(instance, state);
  };

  const startCheck = (
    check: NonNullable<TrialPorts['check']>,
    instance: string,
    state: State,
    candidate: Chosen,
    frontends: readonly TrialFrontend[],
  ): void => {
    if (state.checking) return;
    state.checking = true;
    const { edition, rendered } = candidate;
    const take = ports.guard('taking in what nginx said to a test', (outcome: CheckOutcome) => {
      state.checking = false;
      if (outcome.verdict === 'accepted') state.verdicts.set(edition.key, { accepted: true, words: '', content: '' });
      else if (outcome.verdict === 'refused') refuse(instance, state, edition, rendered.content, outcome.words);
      else {
        const tries = (state.untestable.get(edition.key)?.tries ?? 0) + 1;
        state.untestable.set(edition.key, { reason: outcome.reason, tries });
        if (outcome.denied) {
          if (!isCheckDenied) ports.onCheckDenied(outcome.reason);
          isCheckDenied = true;
        } else if (!options.strict) ports.onCheckFailed(instance, outcome.reason, tries < triesOfACheck);
      }
      ports.onLearnt(instance);
    });
    void check(instance, rendered, frontends).then(take, (error: unknown) =>
      take({ verdict: 'unknown', reason: messageOf(error), denied: false }),
    );
  };

  /** What to publish, and what to ask nginx about first. */
  const decide = (
    instance: string,
    state: State,
    { best, next }: Finding,
    addresses: RoutingAddresses,
    frontends: readonly TrialFrontend[],
  ): Edition | undefined => {
    if (next === undefined) return best;
    // It is on trial already.
    if (next.key === state.current?.edition.key) return next;
    const isFirst = (best === undefined || !state.templates.has(best.templates)) && state.verdicts.size === 0;
    if (isFirst && best === undefined && state.current === undefined && options.trustsTemplates && !options.strict) return next;
    const isChecked = ports.check !== undefined && !isCheckDenied && !isUntestable(state, next);
    if (isChecked && frontends.length > 0) {
      const candidate = render(state, next, addresses);
      if (candidate !== undefined) startCheck(ports.check, instance, state, candidate, frontends);
      return meanwhile(state, best);
    }
    if (options.unwatched && !options.strict) return next;
    // With nobody there, what is published is what the next one starts with; unless that is what it ends with again and again.
    const isDeadly = (state.current?.ends ?? 0) >= endsOfARefusal;
    const mayTry = !options.strict && !state.isRollingBack && (frontends.length > 0 || isFirst || isDeadly);
    return mayTry ? next : meanwhile(state, best);
  };

  /** Nothing untested may be published, and it can't be tested. */
  const isKeptWaiting = (wanted: Edition, chosen: Edition | undefined): boolean => {
    const state = stateOf(wanted.structure.instance);
    const isUntested = isCheckDenied || state.untestable.has(wanted.key);
    return options.strict && isUntested && wanted.key !== chosen?.key && state.verdicts.get(wanted.key) === undefined;
  };

  return {
    choose(plan, newest, frontends, away = []) {
      const { instance } = plan.structure;
      const state = stateOf(instance);
      state.running = frontends.length;
      noteAway(state, away);
      if (isComplete(state)) noteLives(state, frontends);
      if (newest !== undefined) state.templates.set(newest.templates.key, newest.templates);
      const wanted = newest === undefined ? state.good : editionFor(state.wanted, newest.templates.key, plan.structure);
      if (wanted === undefined) return { desired: '', isRollback: false, isOnTrial: false, withdraw: false, problems: [] };
      if (wanted.key !== state.wanted?.key) turnTo(state, wanted);
      const finding = findBest(wanted, {
        good: state.good,
        earlier: state.earlier,
        verdictOf: (one) =>
          state.verdicts.get(one.key) ??
          (one.key === wanted.key || render(state, one, plan.addresses) !== undefined ? undefined : unrendered),
      });
      const edition = decide(instance, state, finding, plan.addresses, frontends);
      forgetTemplates(state);
      const asWanted = newest === undefined ? undefined : { edition: wanted, rendered: newest.rendered, view: plan.view };
      const published =
        edition === undefined
          ? undefined
          : edition.key === wanted.key && asWanted !== undefined
            ? asWanted
            : render(state, edition, plan.addresses);
      const verdict = state.verdicts.get(wanted.key);
      const isRollback = isRefused(state, state.current?.edition);
      const desired = newest?.rendered.generation ?? published?.rendered.generation ?? '';
      return {
        ...defined({ published }),
        desired,
        isRollback,
        isOnTrial: state.checking,
        withdraw: published === undefined && isRollback,
        problems: [
          ...(verdict?.accepted === false
            ? refusalProblems(
                instance,
                finding.words ?? [verdict.words],
                {
                  leftOut: edition === undefined ? undefined : compareEditions(wanted, edition),
                  stage: finding.next !== undefined ? 'asking' : finding.words === undefined ? 'nothing' : 'part',
                  hasGood: hasFallback(state),
                },
                ports.rejectedPath(instance),
              )
            : []),
          ...(edition !== undefined && published === undefined && !isAsked(state, wanted)
            ? [notRendered(instance, !state.templates.has(edition.templates))]
            : []),
          ...(isKeptWaiting(wanted, edition) ? [checkImpossible(instance, state.untestable.get(wanted.key)?.reason)] : []),
        ],
      };
    },
    isOnTrial: (instance) => states.get(instance)?.checking === true,
    hasFallback: (instance) => hasFallback(stateOf(instance)),
    published(instance, { edition, rendered }) {
      const state = stateOf(instance);
      if (state.current?.edition.key === edition.key) {
        state.current = { ...state.current, rendered };
        return;
      }
      if (state.good === undefined && state.current !== undefined && !isRefused(state, state.current.edition))
        state.earlier = state.current.edition;
      state.current = { edition, rendered, ends: 0 };
    },
    withdrawn(instance) {
      stateOf(instance).current = undefined;
    },
    observe(instance, reports) {
      const state = states.get(instance);
      const current = state?.current;
      if (state === undefined || current === undefined) return;
      const own = reports.filter(({ generation }) => generation === current.rendered.generation);
      if (own.length === 0 || own.length < reports.length) return;
      // One that has just ended or started is not reported on before the next pass.
      const areAllHeard = own.length >= state.running;
      const answering = own.filter((report) => report.state !== 'unverified');
      const isServed = own.some((report) => report.state === 'serving' || report.state === 'live');
      // Without anything to go back to, neither a guess nor one of several is enough to take the routes away.
      const isBound = !hasFallback(state);
      const refused = own.find((report) => report.state === 'refused' && !(isBound && (report.isGuess === true || isServed)));
      const isGood = current.edition.key === state.good?.key;
      if (!isGood && refused !== undefined && !isRefused(state, current.edition)) {
        state.isRollingBack = hasFallback(state);
        refuse(instance, state, current.edition, current.rendered.content, refused.words ?? '');
        ports.onLearnt(instance);
      } else if (
        !isGood &&
        areAllHeard &&
        isComplete(state) &&
        answering.length > 0 &&
        answering.every((report) => report.state === 'serving' || report.state === 'live')
      ) {
        state.good = current.edition;
        state.earlier = undefined;
        state.verdicts.set(current.edition.key, { accepted: true, words: '', content: '' });
        keep(instance, state);
        // Otherwise this was all that there is to learn.
        if (state.wanted?.key !== current.edition.key) ports.onLearnt(instance);
      }
      if (areAllHeard && own.every((report) => report.state === 'live' || report.state === 'unverified')) settle(instance, state);
    },
    givesWay(instance) {
      const state = states.get(instance);
      return state?.current !== undefined && state.current.edition.key !== state.good?.key && isRefused(state, state.current.edition);
    },
    ended(instance, frontend) {
      const state = states.get(instance);
      const current = state?.current;
      if (state === undefined || current === undefined) return;
      current.ends += 1;
      if (current.ends < endsOfARefusal || current.edition.key === state.good?.key || isRefused(state, current.edition)) return;
      state.isRollingBack = true;
      const words = `${frontend} ended by itself ${endsOfARefusal} times since this file was published`;
      refuse(instance, state, current.edition, current.rendered.content, words);
      ports.onLearnt(instance);
    },
    retry(nowMs, all) {
      // Where nothing else can go on, a test is worth asking for again and again.
      const asksAgain = options.strict || all;
      if (asksAgain) isCheckDenied = false;
      for (const [instance, state] of states) {
        for (const [id, resyncs] of state.away) state.away.set(id, resyncs + 1);
        if (asksAgain && state.untestable.size > 0) {
          for (const [key, { reason }] of state.untestable) state.untestable.set(key, { reason, tries: triesOfACheck - 1 });
          ports.onLearnt(instance);
        }
        const verdict = state.wanted === undefined ? undefined : state.verdicts.get(state.wanted.key);
        if (state.wanted === undefined || verdict?.accepted !== false) continue;
        if (all) forgetRefusals(state);
        else if (isDueAgain(state, verdict, nowMs)) state.verdicts.delete(state.wanted.key);
        else continue;
        ports.onLearnt(instance);
      }
    },
    retain(instances) {
      for (const instance of states.keys()) if (!instances.has(instance)) states.delete(instance);
    },
  };

  /** All that answer serve what was published: now something else may be tried. */
  function settle(instance: string, state: State): void {
    const wasRollingBack = state.isRollingBack;
    // One that ends and starts again and again is no new one.
    const hadNewLives = state.newLives && isComplete(state);
    state.isRollingBack = false;
    if (hadNewLives) state.newLives = false;
    if (hadNewLives && forgetRefusals(state)) keep(instance, state);
    else if (!wasRollingBack) return;
    ports.onLearnt(instance);
  }
}

function render(state: State, edition: Edition, addresses: RoutingAddresses): Chosen | undefined {
  const templates = state.templates.get(edition.templates);
  if (templates === undefined) return undefined;
  const view = fillStructure(edition.structure, addresses);
  try {
    return { edition, rendered: templates.render(view), view };
  } catch {
    return undefined;
  }
}

/** Nobody has been told yet what nginx says to it: until then the file stays as it is. */
function isAsked(state: State, wanted: Edition): boolean {
  return state.checking && state.verdicts.get(wanted.key) === undefined;
}

/** The edition to publish while it isn't known what nginx says to the next one. */
function meanwhile(state: State, best: Edition | undefined): Edition | undefined {
  const current = state.current?.edition;
  const isAccepted = current !== undefined && (current.key === state.good?.key || state.verdicts.get(current.key)?.accepted === true);
  return isAccepted ? current : best;
}
