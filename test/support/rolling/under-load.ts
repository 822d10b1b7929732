import { expect } from 'vitest';
import type { LoadSummary } from '../load/load-messages.ts';
import type { Load } from '../load/start-load.ts';
import type { ErrorLine } from './error-log.ts';
import type { Removed } from './replace.ts';
import type { RollingMeet } from './rolling-meet.ts';
import { askedTooLate, figures, judgeFailures, sentAgain, type Excuse } from './verdict.ts';

/** A change of a Meet under load. */
interface Change {
  /** The name of the load, and the prefix of its request ids. */
  readonly name: string;
  /** The least number of requests of each method, even if the change is quick. */
  readonly requestsOfEach: number;
  /** Makes the change; returns the removed replicas, to check for late requests. */
  act(load: Load): Promise<readonly Removed[]>;
  /** The failures that are allowed for the removed replicas. By default, no failure is. */
  excuse?(removed: readonly Removed[]): Excuse;
}

/** The results of a load without disallowed failures. */
export interface Outcome {
  readonly summary: LoadSummary;
  readonly excused: number;
  /** The number of hosts that answered. */
  readonly hosts: number;
  readonly reloads: number;
  /** The number of requests that nginx repeated successfully. */
  readonly sentAgain: number;
}

/** The measurements before any judgement. */
interface Measured {
  readonly summary: LoadSummary;
  /** nginx's error lines about the load's requests. */
  readonly lines: readonly ErrorLine[];
  readonly removed: readonly Removed[];
  readonly reloads: number;
}

/** Changes a Meet under load, and prints the figures. */
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
 * Changes a Meet under load, and checks every request. Failures need an excuse. A replica that was proven out of
 * rotation must get no request. Prints the figures, and each excused failure.
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
