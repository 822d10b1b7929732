import { expect } from 'vitest';
import type { LoadSummary } from '../load/load-words.ts';
import type { Load } from '../load/start-load.ts';
import type { ErrorLine } from './error-log.ts';
import type { Removed } from './replace.ts';
import type { RollingMeet } from './rolling-meet.ts';
import { askedTooLate, figures, judgeFailures, sentAgain, type Excuse } from './verdict.ts';

/** Something to be done to a Meet under load. */
interface Change {
  /** Names the load, and so its requests' ids. */
  readonly name: string;
  /** At least so many of each method, however quickly the change is over. */
  readonly requestsOfEach: number;
  /** Does it; returns who was removed, for the question whether they were asked too late. */
  act(load: Load): Promise<readonly Removed[]>;
  /** Why a request may fail, given the replicas that were removed; without it none may. */
  excuse?(removed: readonly Removed[]): Excuse;
}

/** What came of a load that nothing failed in but what was excused. */
export interface Outcome {
  readonly summary: LoadSummary;
  readonly excused: number;
  /** How many hosts have answered. */
  readonly hosts: number;
  readonly reloads: number;
  /** How many requests nginx has sent once more, successfully. */
  readonly sentAgain: number;
}

/** What was measured, before anybody has judged it. */
interface Measured {
  readonly summary: LoadSummary;
  /** What nginx has logged about the load's requests. */
  readonly lines: readonly ErrorLine[];
  readonly removed: readonly Removed[];
  readonly reloads: number;
}

/** Does something to a Meet under load, and prints the figures. */
export async function measureLoad(rolling: RollingMeet, { name, requestsOfEach, act }: Change): Promise<Measured> {
  const reloadsBefore = await rolling.meet.countHups();
  const load = await rolling.load(name);
  const removed = await act(load);
  const missing = (): number => requestsOfEach - Math.min(load.progress().GET, load.progress().POST);
  while (missing() > 0) await load.more(missing() * 2);
  const summary = await load.stop();
  const lines = await rolling.errorLines(name);
  const reloads = (await rolling.meet.countHups()) - reloadsBefore;
  console.log(`${name}: ${figures(summary, lines, reloads)}`);
  return { summary, lines, removed, reloads };
}

/**
 * Does something to a Meet under load, and judges every request: none has failed without an excuse, no replica was asked
 * after having been proven out of rotation. Prints the figures, and each excused failure.
 */
export async function underLoad(rolling: RollingMeet, change: Change): Promise<Outcome> {
  const { summary, lines, removed, reloads } = await measureLoad(rolling, change);
  const judged = judgeFailures(summary.failures, lines, change.excuse?.(removed));
  for (const { excused, inWords } of judged) console.log(`  ${excused ? 'excused' : 'NOT EXCUSED'}: ${inWords}`);
  expect(judged.filter(({ excused }) => !excused).map(({ inWords }) => inWords)).toEqual([]);
  expect(summary.failed.GET + summary.failed.POST).toBe(judged.length);
  expect(askedTooLate(summary, removed)).toEqual([]);
  const hosts = Object.keys(summary.backends).length;
  return { summary, excused: judged.length, hosts, reloads, sentAgain: sentAgain(summary, lines) };
}
