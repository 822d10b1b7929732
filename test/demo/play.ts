import { isLive } from './meet-gen-log.ts';
import type { LogEntry } from './meet-gen-log.ts';
import type { Screen } from './screen.ts';
import type { DirectedStage } from './stage.ts';
import type { Step } from './story.ts';
import type { StepResult } from './summary.ts';
import type { Traffic } from './traffic.ts';
import { ProofFailed } from './wait-for.ts';

export interface Played {
  readonly results: readonly StepResult[];
  /** Of the requests that ran all the time, in words. */
  readonly failures: readonly string[];
}

/**
 * Plays the story, step by step; from the end of the first one on, requests run all the time.
 * @throws ProofFailed at the first proof that does not hold
 */
export async function playStory(story: readonly Step[], stage: DirectedStage, traffic: Traffic, screen: Screen): Promise<Played> {
  const results: StepResult[] = [];
  try {
    for (const [index, step] of story.entries()) {
      results.push(await playStep(index + 1, step, stage, traffic, screen));
      if (index === 0) traffic.start();
    }
  } finally {
    await traffic.stop();
  }
  const [stray] = stage.log.strayLines();
  if (stray !== undefined) throw new ProofFailed(`meet-gen should log JSON alone, but there is also: ${stray}`);
  return { results, failures: traffic.failures() };
}

async function playStep(number: number, step: Step, stage: DirectedStage, traffic: Traffic, screen: Screen): Promise<StepResult> {
  stage.signal.throwIfAborted();
  screen.line();
  screen.line(screen.paint('bold', `${String(number).padStart(2)} ${step.title} ${'─'.repeat(Math.max(0, 90 - step.title.length))}`));
  stage.beginStep();
  const tally = traffic.beginStep(step.leavesNobody ?? false);
  await step.play(stage);
  // What began in this step is answered before the next one takes more containers away.
  await traffic.settled();
  const said = stage.saidInStep();
  assertExpected(said, step);
  const slowest = said.filter(isLive).toSorted((left, right) => (right.servingMs ?? 0) - (left.servingMs ?? 0))[0];
  const { servingMs, liveMs } = slowest ?? {};
  return { title: step.title, tally, ...(servingMs === undefined ? {} : { servingMs }), ...(liveMs === undefined ? {} : { liveMs }) };
}

/** What meet-gen complains of must have been meant. */
function assertExpected(said: readonly LogEntry[], { problems = [], leavesNobody = false, title }: Step): void {
  const meant = [...problems, ...(leavesNobody ? ['nobody-in-rotation'] : [])];
  const complaint = said.find(
    ({ level, problem }) => level !== 'info' && level !== 'debug' && !meant.some((expected) => expected === problem?.code),
  );
  if (complaint !== undefined)
    throw new ProofFailed(`meet-gen should have no reason to complain in "${title}", but says: ${JSON.stringify(complaint)}`);
}
