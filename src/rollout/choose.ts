import type { Problem } from '../model/problem.ts';
import type { Rendered } from '../render/generation.ts';
import type { TemplateSet } from '../render/template-store.ts';
import type { RoutingPlan } from '../routes/plan.ts';
import { fillStructure } from '../routes/structure.ts';
import type { RoutingAddresses } from '../routes/structure.ts';
import { defined } from '../util/defined.ts';
import { startCheck } from './check.ts';
import type { Rollout } from './check.ts';
import { editionFor } from './edition.ts';
import type { Edition } from './edition.ts';
import { compareEditions } from './left-out.ts';
import { checkImpossible, notRendered, refusalProblems } from './refusal-problems.ts';
import { findBest } from './search.ts';
import type { Finding, Verdict } from './search.ts';
import {
  endsBeforeRefusal,
  forgetTemplates,
  hasFallback,
  isComplete,
  isRefused,
  isUntestable,
  noteAway,
  noteLives,
  setWanted,
} from './trial-state.ts';
import type { TrialState } from './trial-state.ts';
import type { Choice, Chosen, TrialFrontend } from './trial-types.ts';

// In: the plan of an instance, and nginx's verdicts about its earlier files.
// Out: the file that may be published now, and the problems of refused files.

/** For an edition whose templates are lost or fail: nginx is not asked, and the verdict is not stored. */
const unrendered: Verdict = { accepted: false, words: '', content: '' };

/** Chooses the file to publish now, and updates `state`. See `Trials.choose`. */
export function choose(
  rollout: Rollout,
  state: TrialState,
  plan: RoutingPlan,
  newest: { readonly templates: TemplateSet; readonly rendered: Rendered } | undefined,
  frontends: readonly TrialFrontend[],
  away: readonly string[],
): Choice {
  state.running = frontends.length;
  noteAway(state, away);
  if (isComplete(state)) noteLives(state, frontends);
  if (newest !== undefined) state.templates.set(newest.templates.key, newest.templates);
  const wanted = newest === undefined ? state.good : editionFor(state.wanted, newest.templates.key, plan.structure);
  if (wanted === undefined) return { desired: '', isRollback: false, isOnTrial: false, withdraw: false, problems: [] };
  if (wanted.key !== state.wanted?.key) setWanted(state, wanted);
  const finding = findBest(wanted, {
    good: state.good,
    earlier: state.earlier,
    verdictOf: (one) =>
      state.verdicts.get(one.key) ?? (one.key === wanted.key || render(state, one, plan.addresses) !== undefined ? undefined : unrendered),
  });
  const edition = decide(rollout, state, finding, plan.addresses, frontends);
  forgetTemplates(state);
  const asWanted = newest === undefined ? undefined : { edition: wanted, rendered: newest.rendered, view: plan.view };
  const published =
    edition === undefined
      ? undefined
      : edition.key === wanted.key && asWanted !== undefined
        ? asWanted
        : render(state, edition, plan.addresses);
  const isRollback = isRefused(state, state.current?.edition);
  return {
    ...defined({ published }),
    desired: newest?.rendered.generation ?? published?.rendered.generation ?? '',
    isRollback,
    isOnTrial: state.checking,
    withdraw: published === undefined && isRollback,
    problems: problemsOf(rollout, state, wanted, edition, published, finding),
  };
}

function problemsOf(
  rollout: Rollout,
  state: TrialState,
  wanted: Edition,
  edition: Edition | undefined,
  published: Chosen | undefined,
  finding: Finding,
): readonly Problem[] {
  const { instance } = state;
  const verdict = state.verdicts.get(wanted.key);
  const refused =
    verdict?.accepted === false
      ? refusalProblems(
          instance,
          finding.words ?? [verdict.words],
          {
            leftOut: edition === undefined ? undefined : compareEditions(wanted, edition),
            stage: finding.next !== undefined ? 'asking' : finding.words === undefined ? 'nothing' : 'part',
            hasGood: hasFallback(state),
          },
          rollout.ports.rejectedPath(instance),
        )
      : [];
  const isNotRendered = edition !== undefined && published === undefined && !awaitsVerdict(state, wanted);
  return [
    ...refused,
    ...(isNotRendered ? [notRendered(instance, !state.templates.has(edition.templates))] : []),
    ...(isBlockedByStrict(rollout, state, wanted, edition) ? [checkImpossible(instance, state.untestable.get(wanted.key)?.reason)] : []),
  ];
}

/** The edition to publish now; starts a test if nginx must be asked first. */
function decide(
  rollout: Rollout,
  state: TrialState,
  { best, next }: Finding,
  addresses: RoutingAddresses,
  frontends: readonly TrialFrontend[],
): Edition | undefined {
  const { ports, options, isCheckDenied } = rollout;
  if (next === undefined) return best;
  // This edition is already published, and its reload not yet proven.
  if (next.key === state.current?.edition.key) return next;
  const isFirst = (best === undefined || !state.templates.has(best.templates)) && state.verdicts.size === 0;
  if (isFirst && best === undefined && state.current === undefined && options.trustsTemplates && !options.strict) return next;
  const isChecked = ports.check !== undefined && !isCheckDenied && !isUntestable(state, next);
  if (isChecked && frontends.length > 0) {
    const candidate = render(state, next, addresses);
    if (candidate !== undefined) startCheck(rollout, ports.check, state, candidate, frontends);
    return fallbackEdition(state, best);
  }
  if (options.unwatched && !options.strict) return next;
  // Without a running frontend, an untested file waits: nginx starts with the published file. But a published file that
  // ends frontends again and again is worse than an untested file.
  const endsFrontends = (state.current?.ends ?? 0) >= endsBeforeRefusal;
  const mayTry = !options.strict && !state.isRollingBack && (frontends.length > 0 || isFirst || endsFrontends);
  return mayTry ? next : fallbackEdition(state, best);
}

/** Whether `--check exec` blocks the wanted edition, since it can't be tested. */
function isBlockedByStrict({ options, isCheckDenied }: Rollout, state: TrialState, wanted: Edition, chosen: Edition | undefined): boolean {
  const isUntested = isCheckDenied || state.untestable.has(wanted.key);
  return options.strict && isUntested && wanted.key !== chosen?.key && state.verdicts.get(wanted.key) === undefined;
}

function render(state: TrialState, edition: Edition, addresses: RoutingAddresses): Chosen | undefined {
  const templates = state.templates.get(edition.templates);
  if (templates === undefined) return undefined;
  const view = fillStructure(edition.structure, addresses);
  try {
    return { edition, rendered: templates.render(view), view };
  } catch {
    return undefined;
  }
}

/** Whether nginx is testing the wanted edition; the published file stays unchanged meanwhile. */
function awaitsVerdict(state: TrialState, wanted: Edition): boolean {
  return state.checking && state.verdicts.get(wanted.key) === undefined;
}

/** The edition to publish until nginx's verdict about the next edition. */
function fallbackEdition(state: TrialState, best: Edition | undefined): Edition | undefined {
  const current = state.current?.edition;
  const isAccepted = current !== undefined && (current.key === state.good?.key || state.verdicts.get(current.key)?.accepted === true);
  return isAccepted ? current : best;
}
