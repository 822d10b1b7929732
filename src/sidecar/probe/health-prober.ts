import { setTimeout as sleep } from 'node:timers/promises';
import type { Repeat } from '../../util/error-boundary.ts';
import type { ProbeVerdict } from '../../model/container.ts';
import type { ProbeAnswer, ProbeTarget } from './probe.ts';

/** Probes containers again and again, and knows what each answered last. */
export interface HealthProber {
  /** These are to be probed from now on, and no others. */
  aim(targets: readonly ProbeTarget[]): void;
  /** What each of them answered last, by container. */
  verdicts(): ReadonlyMap<string, ProbeVerdict>;
  /** The container started or ended: what it answered before counts no more. */
  restarted(containerId: string): void;
  stop(): void;
}

/** How often one is asked that refuses, and may be ready any moment, and any other. */
const steadyPauseMs = 2000;
const impatientPauseMs = 250;
/** An HTTP answer can be a hiccup; one that was ready has to fail so often in a row. */
const failuresThatCount = 2;

interface Probing {
  readonly target: ProbeTarget;
  readonly abort: AbortController;
  verdict?: ProbeVerdict;
}

/**
 * @param onChange a verdict is another one than before
 * @param repeat runs the loop of each container; a step that throws is reported and retried
 */
export function createHealthProber(
  probe: (target: ProbeTarget, signal: AbortSignal) => Promise<ProbeAnswer>,
  onChange: () => void,
  repeat: Repeat,
): HealthProber {
  const probings = new Map<string, Probing>();

  const keepProbing = (probing: Probing): void => {
    const { target, abort } = probing;
    let failures = 0;
    let told: ProbeVerdict['answer'] | undefined;
    const step = async (): Promise<(() => Promise<unknown>) | undefined> => {
      const answer = await probe(target, abort.signal);
      if (abort.signal.aborted) return undefined;
      failures = answer.answer === 'not-ready' ? failures + 1 : 0;
      const before = probing.verdict;
      if (decides(answer, before, failures, target)) {
        probing.verdict = { ...answer, wasReady: before?.wasReady === true || answer.answer === 'ready' };
      }
      if (probing.verdict?.answer !== told) onChange();
      told = probing.verdict?.answer;
      const pauseMs = answer.answer === 'not-ready' ? impatientPauseMs : steadyPauseMs;
      return () => sleep(pauseMs, undefined, { signal: abort.signal }).catch(() => undefined);
    };
    repeat(`the probe of ${target.endpoint}`, step, abort.signal);
  };

  const end = (id: string): void => {
    probings.get(id)?.abort.abort();
    probings.delete(id);
  };

  return {
    aim(targets) {
      const wanted = new Map(targets.map((target) => [target.containerId, target]));
      for (const id of probings.keys()) if (!wanted.has(id)) end(id);
      for (const [id, target] of wanted) {
        if (JSON.stringify(probings.get(id)?.target) === JSON.stringify(target)) continue;
        end(id);
        const probing: Probing = { target, abort: new AbortController() };
        probings.set(id, probing);
        keepProbing(probing);
      }
    },
    verdicts: () => new Map([...probings].flatMap(([id, { verdict }]) => (verdict === undefined ? [] : [[id, verdict] as const]))),
    restarted: end,
    stop() {
      for (const id of probings.keys()) end(id);
    },
  };
}

/** No answer changes nothing that was decided; one that was ready has to fail more than once, unless it refuses connections. */
function decides(answer: ProbeAnswer, before: ProbeVerdict | undefined, failures: number, target: ProbeTarget): boolean {
  if (answer.answer === 'unclear') return before === undefined || before.answer === 'unclear';
  if (answer.answer === 'ready' || before?.answer !== 'ready') return true;
  return target.health.by === 'tcp' || failures >= failuresThatCount;
}
