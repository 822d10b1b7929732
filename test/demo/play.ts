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
  /** Failed background requests, in words. */
  readonly failures: readonly string[];
}

/**
 * Plays the story step by step. From the end of the first step on, background requests run all the time.
 * @throws ProofFailed at the first failed proof
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
  if (stray !== undefined) throw new ProofFailed(`meet-gen should log only JSON, but logs: ${stray}`);
  return { results, failures: traffic.failures() };
}

async function playStep(number: number, step: Step, stage: DirectedStage, traffic: Traffic, screen: Screen): Promise<StepResult> {
  stage.signal.throwIfAborted();
  screen.line();
  screen.line(screen.paint('bold', `${String(number).padStart(2)} ${step.title} ${'─'.repeat(Math.max(0, 90 - step.title.length))}`));
  stage.beginStep();
  const tally = traffic.beginStep(step.hasOutage ?? false);
  await step.play(stage);
  // Requests of this step are answered before the next step removes more containers.
  await traffic.settle();
  const entries = stage.logOfStep();
  assertExpected(entries, step);
  const slowest = entries.filter(isLive).toSorted((left, right) => (right.servingMs ?? 0) - (left.servingMs ?? 0))[0];
  const { servingMs, liveMs } = slowest ?? {};
  return { title: step.title, tally, ...(servingMs === undefined ? {} : { servingMs }), ...(liveMs === undefined ? {} : { liveMs }) };
}

/** The step must expect every warning and error of meet-gen. */
function assertExpected(entries: readonly LogEntry[], { problems = [], hasOutage = false, title }: Step): void {
  const expectedCodes = [...problems, ...(hasOutage ? ['nobody-in-rotation'] : [])];
  const unexpected = entries.find(
    ({ level, problem }) => level !== 'info' && level !== 'debug' && !expectedCodes.some((code) => code === problem?.code),
  );
  if (unexpected !== undefined)
    throw new ProofFailed(`meet-gen should log no other problem in "${title}", but logs: ${JSON.stringify(unexpected)}`);
}
