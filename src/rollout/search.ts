import { editionOf } from './edition.ts';
import type { Edition } from './edition.ts';
import { withoutNamed } from './named-locations.ts';

/** What nginx said about an edition. */
export interface Verdict {
  readonly accepted: boolean;
  readonly words: string;
  /** The file that it is about. */
  readonly content: string;
}

/** What is known about editions so far. */
export interface Evidence {
  /** What was good last: nginx is never asked about it. */
  readonly good: Edition | undefined;
  /** With nothing good: what was published before the wanted edition, and replaced before its reload was proven. */
  readonly earlier?: Edition | undefined;
  /** Undefined for an edition that nginx has not been asked about. An edition that can't be rendered is refused. */
  verdictOf(edition: Edition): Verdict | undefined;
}

/** The best edition that is known to be accepted; while `next` is there, nginx is to be asked about a better one. */
export interface Finding {
  readonly best: Edition | undefined;
  readonly next?: Edition;
  /** What nginx said about the parts that `best` lacks; absent where `best` has nothing of a refused change. */
  readonly words?: readonly string[];
}

type Search<Result> = Generator<Edition, Result, Verdict>;

/** Each round costs a test, or without tests a reload and a roll-back. Two bad labels at once are rare already. */
const maxRounds = 8;
const acceptedVerdict: Verdict = { accepted: true, words: '', content: '' };

/**
 * Finds what to publish of the wanted edition: all of it; else with IPv4 alone or the last good templates; else without the
 * locations that nginx names; else what was good last. Called again with one more verdict, it goes on where it was.
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
  // Before any location is left out: a fault of the template inside a location must not cost the location.
  for (const edition of variants) if ((yield edition).accepted) return { best: edition, words: [words] };
  for (const edition of [wanted, ...variants]) {
    const found = yield* leaveOut(edition);
    if (found !== undefined) return { ...found, words: [words, ...found.words] };
  }
  return { best: good };
}

/** The wanted routes without IPv6 where only now nginx is to listen there, and with the last good templates. */
function variantsOf({ templates, structure }: Edition, good: Edition | undefined): readonly Edition[] {
  const { listensOnIpv6, ...onIpv4 } = structure;
  // A container can be kept from IPv6 although the engine shows an address of it.
  const isNewOnIpv6 = listensOnIpv6 === true && good?.structure.listensOnIpv6 !== true;
  const hasOther = good !== undefined && good.templates !== templates;
  return [...(isNewOnIpv6 ? [editionOf(templates, onIpv4)] : []), ...(hasOther ? [editionOf(good.templates, structure)] : [])];
}

/** Leaves out what nginx names, again and again, since it names the first fault alone. */
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
