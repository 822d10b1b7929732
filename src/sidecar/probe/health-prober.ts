import { setTimeout as sleep } from 'node:timers/promises';
import type { Repeat } from '../../util/error-boundary.ts';
import type { ProbeVerdict } from '../../model/container.ts';
import type { ProbeAnswer, ProbeTarget } from './probe.ts';

/** Probes containers at intervals; containers with `meet.health` → ready or not. */
export interface HealthProber {
  /** Probes only these containers from now on. */
  aim(targets: readonly ProbeTarget[]): void;
  /** The last result of each, by container id. */
  verdicts(): ReadonlyMap<string, ProbeVerdict>;
  /** Drops the results of a container that started or ended. */
  restarted(containerId: string): void;
  stop(): void;
}

/** Intervals: a container that refuses may be ready any moment, so it is asked more often. */
const steadyPauseMs = 2000;
const impatientPauseMs = 250;
/** A ready container turns unready after so many failures in a row: one HTTP failure may be a hiccup. */
const failuresThatCount = 2;

interface Probing {
  readonly target: ProbeTarget;
  readonly abort: AbortController;
  verdict?: ProbeVerdict;
}

/**
 * @param onChange called when a result differs from the last result
 * @param repeat runs the loop of each container, and retries a step that throws
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
    let reported: ProbeVerdict['answer'] | undefined;
    const step = async (): Promise<(() => Promise<unknown>) | undefined> => {
      const answer = await probe(target, abort.signal);
      if (abort.signal.aborted) return undefined;
      failures = answer.answer === 'not-ready' ? failures + 1 : 0;
      const before = probing.verdict;
      if (decides(answer, before, failures, target)) {
        probing.verdict = { ...answer, wasReady: before?.wasReady === true || answer.answer === 'ready' };
      }
      if (probing.verdict?.answer !== reported) onChange();
      reported = probing.verdict?.answer;
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

/** No answer keeps the last result. A ready container turns unready at once only if it refuses connections. */
function decides(answer: ProbeAnswer, before: ProbeVerdict | undefined, failures: number, target: ProbeTarget): boolean {
  if (answer.answer === 'unclear') return before === undefined || before.answer === 'unclear';
  if (answer.answer === 'ready' || before?.answer !== 'ready') return true;
  return target.health.by === 'tcp' || failures >= failuresThatCount;
}
