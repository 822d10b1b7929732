import type { Action } from './action.ts';
import { createActor } from './actor.ts';
import { judgeQuietPoint } from './oracle.ts';
import type { Place } from './place.ts';
import { describeAction, describeRound, planWalk, type Round, type WalkOptions } from './walk.ts';

const actionLimitMs = 60_000;

export interface WalkReport {
  readonly steps: number;
  /** For each round: milliseconds from its end until the Meet was right. */
  readonly quietAfterMs: readonly number[];
}

/**
 * Takes a random walk through a Meet, and judges the Meet at every quiet point.
 * @throws Error at the first difference, with the seed, the steps so far, and the status and log of meet-gen
 */
export async function takeWalk(place: Place, options: WalkOptions): Promise<WalkReport> {
  const rounds = planWalk(options);
  const actor = createActor(place);
  const act = (action: Action): Promise<void> => inTime(describeAction(action), actor.act(action));
  const quietAfterMs: number[] = [];
  for (const [index, round] of rounds.entries()) {
    try {
      if (round.together) await Promise.all(round.actions.map(act));
      else for (const action of round.actions) await act(action);
      quietAfterMs.push(await judgeQuietPoint(place, actor, round.world));
    } catch (cause) {
      throw new Error(await describeFailure(place, options, rounds.slice(0, index + 1), cause), { cause });
    }
  }
  return { steps: rounds.flatMap(({ actions }) => actions).length, quietAfterMs };
}

/** Limits an action's time. Without a limit, an endless action shows only as a test's timeout. */
async function inTime(what: string, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`"${what}" has not ended within ${actionLimitMs} ms`)), actionLimitMs);
  });
  try {
    await Promise.race([work, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

async function describeFailure(place: Place, { seed }: WalkOptions, taken: readonly Round[], cause: unknown): Promise<string> {
  const status = await place.meetGen.status().catch(String);
  const words = await place.meetGen.lastLogLines().catch(String);
  return [
    `CHAOS_SEED=${seed}: wrong after round ${taken.length}`,
    cause instanceof Error ? cause.message : String(cause),
    ...taken.map((round, index) => `${index + 1}. ${describeRound(round)}`),
    `status: ${JSON.stringify(status)}`,
    `the last log lines of meet-gen:\n${words}`,
  ].join('\n');
}
