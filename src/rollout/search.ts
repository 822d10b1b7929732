import { editionOf } from './edition.ts';
import type { Edition } from './edition.ts';
import { changedLocations, locationsOf, mix, settingsDiffer } from './mixture.ts';
import type { Mixture, Substitute } from './mixture.ts';

/** What is known about editions so far. */
export interface Evidence {
  /** What was good last: it is never asked about. */
  readonly good: Edition | undefined;
  /** With nothing good: what was published before the wanted one, and given up before anybody told how it was taken. */
  readonly earlier?: Edition | undefined;
  /** Whether these templates can be rendered: those of an earlier process are gone where other ones are there now. */
  hasTemplates(key: string): boolean;
  /** Undefined for one that nginx has not been asked about. */
  accepts(edition: Edition): boolean | undefined;
  /** The locations that nginx's words about the wanted edition point at, by their keys. */
  readonly suspects: readonly string[];
}

/** The best edition that is known to be accepted; while `next` is there, a better one may turn up when nginx is asked about it. */
export interface Finding {
  readonly best: Edition | undefined;
  readonly next?: Edition;
}

type Search<Result> = Generator<Edition, Result, boolean>;

/**
 * Finds as much of the wanted edition as nginx accepts: all of it; else without what nginx's words point at; else on IPv4 alone; else
 * with the last good templates; else as many of the changed locations as it takes, found by halving. Deterministic: called again with one
 * more answer, it goes on where it was.
 */
export function findBest(wanted: Edition, evidence: Evidence): Finding {
  const { good } = evidence;
  const search = look(wanted, evidence);
  let best = good;
  let step = search.next();
  while (step.done !== true) {
    const edition = step.value;
    const accepted = edition.key === good?.key ? true : evidence.accepts(edition);
    if (accepted === undefined) return { best, next: edition };
    if (accepted) best = edition;
    step = search.next(accepted);
  }
  return { best: step.value };
}

function* look(wanted: Edition, evidence: Evidence): Search<Edition | undefined> {
  if (yield wanted) return wanted;
  const { earlier, suspects, hasTemplates } = evidence;
  const good = evidence.good ?? (earlier !== undefined && (yield earlier) ? earlier : undefined);
  const plain: Mixture = { templates: wanted.templates, settingsAsBefore: false, locations: new Map() };
  const present = locationsOf(wanted.structure);
  const named = suspects.filter((key) => present.has(key));
  const less = named.length === 0 ? undefined : yield* without(wanted, good, plain, named);
  if (less !== undefined) return less;
  const onIpv4 = good?.structure.listensOnIpv6 ? undefined : withoutIpv6(wanted);
  if (onIpv4 !== undefined && (yield onIpv4)) return onIpv4;
  if (good !== undefined && good.templates !== wanted.templates && hasTemplates(good.templates)) {
    const older = mix(wanted, good, { ...plain, templates: good.templates });
    if (yield older) return older;
  }
  for (const base of bases(wanted, good, plain)) {
    if (!hasTemplates(base.templates)) continue;
    if (!(yield mix(wanted, good, base))) continue;
    const found = yield* add(wanted, good, base, [...base.locations.keys()]);
    return mix(wanted, good, found);
  }
  return good;
}

/** A container can be kept from IPv6 although the engine shows an address of it. */
function withoutIpv6({ templates, structure }: Edition): Edition | undefined {
  const { listensOnIpv6, ...onIpv4 } = structure;
  return listensOnIpv6 ? editionOf(templates, onIpv4) : undefined;
}

/** The same without some locations, in the mildest way that is accepted. */
function* without(wanted: Edition, good: Edition | undefined, base: Mixture, keys: readonly string[]): Search<Edition | undefined> {
  const before = good === undefined ? new Map<string, unknown>() : locationsOf(good.structure);
  const ways: readonly Substitute[] = [...(keys.some((key) => before.has(key)) ? (['as-before'] as const) : []), 'unavailable', 'absent'];
  for (const way of ways) {
    const edition = mix(wanted, good, { ...base, locations: new Map(keys.map((key) => [key, way])) });
    if (edition.key !== wanted.key && (yield edition)) return edition;
  }
  return undefined;
}

/** Everything that changed is left out, with the newest templates and settings first. */
function bases(wanted: Edition, good: Edition | undefined, plain: Mixture): readonly Mixture[] {
  const locations = new Map(changedLocations(wanted.structure, good?.structure).map((key) => [key, 'as-before'] as const));
  const templates = [wanted.templates, ...(good === undefined || good.templates === wanted.templates ? [] : [good.templates])];
  const settings = good !== undefined && settingsDiffer(wanted.structure, good.structure) ? [false, true] : [false];
  return templates.flatMap((name) => settings.map((settingsAsBefore) => ({ ...plain, templates: name, settingsAsBefore, locations })));
}

/** As many of these locations as can be added to an accepted mixture, by halving. */
function* add(wanted: Edition, good: Edition | undefined, base: Mixture, keys: readonly string[]): Search<Mixture> {
  if (keys.length === 0) return base;
  const all = { ...base, locations: withoutKeys(base.locations, keys) };
  if (yield mix(wanted, good, all)) return all;
  const [only] = keys;
  if (keys.length === 1 && only !== undefined) return yield* replaceBy503(wanted, good, base, only);
  const half = Math.ceil(keys.length / 2);
  const first = yield* add(wanted, good, base, keys.slice(0, half));
  return yield* add(wanted, good, first, keys.slice(half));
}

/** A path that isn't there at all would be answered by the SPA, with HTML and status 200. */
function* replaceBy503(wanted: Edition, good: Edition | undefined, base: Mixture, key: string): Search<Mixture> {
  const wasThere = good !== undefined && locationsOf(good.structure).has(key);
  if (wasThere) return base;
  const replaced: Mixture = { ...base, locations: new Map([...base.locations, [key, 'unavailable']]) };
  return (yield mix(wanted, good, replaced)) ? replaced : base;
}

function withoutKeys(map: ReadonlyMap<string, Substitute>, keys: readonly string[]): ReadonlyMap<string, Substitute> {
  return new Map([...map].filter(([key]) => !keys.includes(key)));
}
