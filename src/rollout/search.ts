import { editionOf } from './edition.ts';
import type { Edition } from './edition.ts';
import { withoutNamed } from './named-locations.ts';

/** nginx's answer about an edition. */
export interface Verdict {
  readonly accepted: boolean;
  readonly words: string;
  /** The refused file. */
  readonly content: string;
}

export interface Evidence {
  /** The last good edition: nginx is never asked about it. */
  readonly good: Edition | undefined;
  /** Without a good edition: the edition published before, if replaced before its reload was proven. */
  readonly earlier?: Edition | undefined;
  /** Undefined if nginx has not been asked. An edition that can't be rendered is refused. */
  verdictOf(edition: Edition): Verdict | undefined;
}

/** The best accepted edition so far. If `next` is set, nginx must be asked about that better edition. */
export interface Finding {
  readonly best: Edition | undefined;
  readonly next?: Edition;
  /** nginx's words about the parts that `best` lacks; absent if `best` has no part of a refused change. */
  readonly words?: readonly string[];
}

type Search<Result> = Generator<Edition, Result, Verdict>;

/** Each round costs a test, or without tests a reload and a rollback. Even two bad labels at once are rare. */
const maxRounds = 8;
const acceptedVerdict: Verdict = { accepted: true, words: '', content: '' };

/**
 * Finds the best edition to publish. First choice is the wanted edition, then a variant with IPv4 only or with the last
 * good templates. Next come the same editions without the locations that nginx names, then the last good edition.
 * Each call needs at most one more verdict.
 */
export function findBest(wanted: Edition, evidence: Evidence): Finding {
  const { good } = evidence;
  const search = searchEditions(wanted, evidence);
  let best = good;
  let step = search.next();
  while (step.done !== true) {
    const edition = step.value;
    const verdict = edition.key === good?.key ? acceptedVerdict : evidence.verdictOf(edition);
    if (verdict === undefined) return { best, next: edition };
    if (verdict.accepted) best = edition;
    step = search.next(verdict);
  }
  return step.value;
}

function* searchEditions(wanted: Edition, evidence: Evidence): Search<Finding> {
  const { accepted, words } = yield wanted;
  if (accepted) return { best: wanted };
  const { earlier } = evidence;
  const good = evidence.good ?? (earlier !== undefined && (yield earlier).accepted ? earlier : undefined);
  const variants = variantsOf(wanted, good);
  // Before leaving out locations: a template's fault inside a location must not cost that location.
  for (const edition of variants) if ((yield edition).accepted) return { best: edition, words: [words] };
  for (const edition of [wanted, ...variants]) {
    const found = yield* leaveOut(edition);
    if (found !== undefined) return { ...found, words: [words, ...found.words] };
  }
  return { best: good };
}

/** The wanted structure without a new IPv6 listener, and with the last good templates. */
function variantsOf({ templates, structure }: Edition, good: Edition | undefined): readonly Edition[] {
  const { listensOnIpv6, ...onIpv4 } = structure;
  // The engine can show an IPv6 address for a container without IPv6, whose nginx refuses `listen [::]`.
  const isNewOnIpv6 = listensOnIpv6 === true && good?.structure.listensOnIpv6 !== true;
  const hasOther = good !== undefined && good.templates !== templates;
  return [...(isNewOnIpv6 ? [editionOf(templates, onIpv4)] : []), ...(hasOther ? [editionOf(good.templates, structure)] : [])];
}

/** Leaves out the locations that nginx names, in rounds, since nginx names only the first fault. */
function* leaveOut(whole: Edition): Search<{ readonly best: Edition; readonly words: readonly string[] } | undefined> {
  let edition = whole;
  let verdict = yield whole;
  const words: string[] = [];
  for (let round = 0; !verdict.accepted && round < maxRounds; round += 1) {
    words.push(verdict.words);
    const less = withoutNamed(edition, verdict);
    if (less === undefined) return undefined;
    edition = less;
    verdict = yield edition;
  }
  return verdict.accepted ? { best: edition, words } : undefined;
}
