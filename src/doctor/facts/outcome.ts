import type { Facts, Subject } from './facts.ts';
import { meetOf } from './meet-of.ts';
import { defined } from '../../util/defined.ts';

/** How to fix a fault: a sentence, and lines to paste. */
export interface Cure {
  readonly advice: string;
  readonly paste?: readonly string[];
}

/** The result of a check for one subject. */
export type Outcome =
  | { readonly kind: 'ok' }
  | {
      readonly kind: 'finding';
      /** Replaces the weight of the check. */
      readonly severity?: Weight;
      readonly container?: string;
      /** The container's Meet. */
      readonly meet?: string;
      readonly what: string;
      readonly cure: Cure;
      /** Checks whose findings in the same Meet explain this finding, which is then left out. */
      readonly unless?: readonly string[];
    }
  | { readonly kind: 'unchecked'; readonly reason: string };

export type Weight = 'failure' | 'warning';

/** One row of the table of checks; the report and `docs/troubleshooting.md` are made from it. */
export interface Check {
  readonly id: string;
  /** The statement that is true if the check finds no fault. */
  readonly title: string;
  /** The effect of the fault that people notice. */
  readonly symptom: string;
  readonly looksAt: string;
  /** Why the fault matters. */
  readonly why: string;
  /** The general cure; a finding has the cure for its container. */
  readonly cure: string;
  readonly weight: Weight;
  /** Empty if no subject fits the check. */
  readonly run: (facts: Facts) => readonly Outcome[];
}

export const ok: Outcome = { kind: 'ok' };

export function unchecked(reason: string): Outcome {
  return { kind: 'unchecked', reason };
}

interface FindingDetails {
  readonly severity?: Weight;
  readonly unless?: readonly string[];
  readonly paste?: readonly string[];
}

/** A fault with its cure. @param subject undefined if the fault is not about one container */
export function finding(subject: Subject | undefined, what: string, advice: string, details: FindingDetails = {}): Outcome {
  const { severity, unless, paste } = details;
  return {
    kind: 'finding',
    ...defined({ severity, unless }),
    ...(subject === undefined ? {} : { container: subject.container.name, meet: meetOf(subject) }),
    what,
    cure: { advice, ...defined({ paste }) },
  };
}
