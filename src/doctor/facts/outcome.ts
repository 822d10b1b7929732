import type { Facts, Subject } from './facts.ts';
import { meetOf } from './meet-of.ts';
import { defined } from '../../util/defined.ts';

/** How to fix something: a sentence, and lines that can be pasted. */
export interface Cure {
  readonly say: string;
  readonly paste?: readonly string[];
}

/** What a check came to, for one thing that it looked at. */
export type Outcome =
  | { readonly kind: 'ok' }
  | {
      readonly kind: 'finding';
      /** Another weight than the check's own. */
      readonly severity?: Weight;
      readonly container?: string;
      /** The Meet it belongs to. */
      readonly meet?: string;
      readonly what: string;
      readonly cure: Cure;
      /** Checks whose findings in the same Meet explain this one, which then is no cause of its own. */
      readonly unless?: readonly string[];
    }
  | { readonly kind: 'unchecked'; readonly reason: string };

export type Weight = 'failure' | 'warning';

/** One row of the table that the doctor, its report and `docs/troubleshooting.md` are made from. */
export interface Check {
  readonly id: string;
  /** What is right when nothing is found. */
  readonly title: string;
  /** What people see when it isn't. */
  readonly symptom: string;
  /** What the check looks at. */
  readonly looksAt: string;
  readonly why: string;
  /** How to fix it, in general; a finding says it for the container. */
  readonly cure: string;
  readonly weight: Weight;
  /** No outcome: there is nothing of the kind to look at. */
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

/** Something that is wrong with a container (or with nothing in particular), and how to fix it. */
export function finding(subject: Subject | undefined, what: string, say: string, details: FindingDetails = {}): Outcome {
  const { severity, unless, paste } = details;
  return {
    kind: 'finding',
    ...defined({ severity, unless }),
    ...(subject === undefined ? {} : { container: subject.container.name, meet: meetOf(subject) }),
    what,
    cure: { say, ...defined({ paste }) },
  };
}
