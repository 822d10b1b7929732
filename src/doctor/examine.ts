import { showUntrustedText } from '../model/untrusted-text.ts';
import { checkTable } from './check-table.ts';
import type { Facts } from './facts/facts.ts';
import type { Check, Cure, Outcome, Weight } from './facts/outcome.ts';

const maxShownLength = 600;

/** A fault with its cure. Every text is safe to show. */
export interface Finding {
  readonly check: string;
  readonly severity: Weight;
  /** All containers with this fault. */
  readonly containers: readonly string[];
  readonly what: string;
  readonly why: string;
  readonly cure: string;
  /** Lines that can be pasted. */
  readonly paste: readonly string[];
}

/** A check that could not look at everything, with the reasons. */
interface Unchecked {
  readonly check: string;
  readonly title: string;
  readonly reasons: readonly string[];
}

/** The results of all checks. */
export interface Examination {
  readonly findings: readonly Finding[];
  readonly unchecked: readonly Unchecked[];
  /** Checks that looked at something and found no fault. */
  readonly ok: readonly { readonly check: string; readonly title: string }[];
}

type Found = Extract<Outcome, { kind: 'finding' }>;
type Examined = readonly { readonly check: Check; readonly outcomes: readonly Outcome[] }[];

/** Runs every check on the facts. One cause is one finding: a fault that another finding explains is left out. */
export function examine(facts: Facts): Examination {
  const examined = checkTable.map((check) => ({ check, outcomes: check.run(facts) }));
  const explained = examined.map(({ check, outcomes }) => ({
    check,
    outcomes: outcomes.map((outcome) => explainedBy(outcome, examined) ?? outcome),
  }));
  return {
    findings: explained
      .flatMap(({ check, outcomes }) => mergeFindings(check, outcomes))
      .toSorted((left, right) => severityOrder(left) - severityOrder(right)),
    unchecked: explained.flatMap(({ check, outcomes }) => {
      const reasons = [...new Set(outcomes.flatMap((outcome) => (outcome.kind === 'unchecked' ? [show(outcome.reason)] : [])))];
      return reasons.length === 0 ? [] : [{ check: check.id, title: check.title, reasons }];
    }),
    ok: explained.flatMap(({ check, outcomes }) =>
      outcomes.length > 0 && outcomes.every(({ kind }) => kind === 'ok') ? [{ check: check.id, title: check.title }] : [],
    ),
  };
}

/** The result if the list of containers fails: one finding, and nothing checked. */
export function unreachableEngine(what: string, cure: string): Examination {
  const why = 'the doctor needs the list of containers from the engine for every check';
  return {
    findings: [{ check: 'engine', severity: 'failure', containers: [], what: show(what), why, cure: show(cure), paste: [] }],
    unchecked: checkTable.map(({ id, title }) => ({ check: id, title, reasons: ['the engine does not answer'] })),
    ok: [],
  };
}

function explainedBy(outcome: Outcome, examined: Examined): Outcome | undefined {
  if (outcome.kind !== 'finding') return undefined;
  const cause = examined.find(
    ({ check, outcomes }) =>
      outcome.unless?.includes(check.id) === true &&
      outcomes.some(
        (other) =>
          other.kind === 'finding' &&
          // A finding below the usual severity of its check explains no other fault.
          other.severity !== 'warning' &&
          (other.meet === undefined || outcome.meet === undefined || other.meet === outcome.meet),
      ),
  );
  if (cause === undefined) return undefined;
  return { kind: 'unchecked', reason: `${outcome.container ?? 'the Meet'}: fix the finding "${cause.check.id}" first` };
}

/** Merges the findings of replicas, which have the same fault for the same reason. */
function mergeFindings(check: Check, outcomes: readonly Outcome[]): readonly Finding[] {
  const groups = new Map<string, readonly [Found, ...Found[]]>();
  for (const outcome of outcomes) {
    if (outcome.kind !== 'finding') continue;
    const key = JSON.stringify([outcome.severity, outcome.meet, outcome.what, outcome.cure.advice]);
    const group = groups.get(key);
    groups.set(key, group === undefined ? [outcome] : [...group, outcome]);
  }
  return [...groups.values()].map((group) => {
    const [first] = group;
    const names = group.flatMap(({ container }) => (container === undefined ? [] : [show(container)]));
    return {
      check: check.id,
      severity: first.severity ?? check.weight,
      containers: [...new Set(names)],
      what: show(first.what),
      why: check.why,
      cure: show(first.cure.advice),
      paste: pasteOf(group.map(({ cure }) => cure)),
    };
  });
}

/** The lines to paste: once if they are the same for all containers. */
function pasteOf(cures: readonly Cure[]): readonly string[] {
  const texts = new Set(cures.map(({ paste = [] }) => paste.map(show).join('\n')));
  return [...texts].filter((text) => text !== '').flatMap((text, index) => [...(index > 0 ? [''] : []), ...text.split('\n')]);
}

function severityOrder({ severity }: Finding): number {
  return severity === 'failure' ? 0 : 1;
}

function show(text: string): string {
  return showUntrustedText(text, maxShownLength);
}
