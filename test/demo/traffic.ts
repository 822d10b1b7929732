import { apiPath, describeAnswer, isJson, isPoliteRefusal, isSpa, roomPath } from './visitor.ts';
import type { Answer, Visit } from './visitor.ts';

/** The results of a step's background requests. */
export interface Tally {
  ok: number;
  /** 503 with Retry-After, in a step with an outage. */
  refused: number;
  failed: number;
  slowestMs: number;
}

/** Background requests without a pause, for the API and for a room in turn. */
export interface Traffic {
  start(): void;
  /** Counts new requests for the next step. `mayRefuse` accepts 503 with Retry-After from the API. */
  beginStep(mayRefuse: boolean): Tally;
  /** Resolves when the current requests are answered. */
  settle(): Promise<void>;
  /** The first failures, in words. */
  failures(): readonly string[];
  /** Resolves after the last answer. */
  stop(): Promise<void>;
}

const everyMs = 50;
const shownFailures = 10;

export function createTraffic(visit: Visit): Traffic {
  const failures: string[] = [];
  const underWay = new Set<Promise<void>>();
  let step = { tally: newTally(), mayRefuse: false };
  let turn = 0;
  let timer: NodeJS.Timeout | undefined;
  const settle = async (): Promise<void> => void (await Promise.all(underWay));

  const judge = (path: string, answer: Answer, { tally, mayRefuse }: typeof step): void => {
    tally.slowestMs = Math.max(tally.slowestMs, answer.tookMs);
    if (path === roomPath ? isSpa(answer) : isJson(answer)) tally.ok += 1;
    else if (path === apiPath && mayRefuse && isPoliteRefusal(answer)) tally.refused += 1;
    else {
      tally.failed += 1;
      const at = new Date().toISOString().slice(11, 23);
      if (failures.length < shownFailures) failures.push(`${at} GET ${path}: ${describeAnswer(answer)} (${Math.round(answer.tookMs)} ms)`);
    }
  };
  const visitNext = (): void => {
    const path = turn % 2 === 0 ? apiPath : roomPath;
    turn += 1;
    // A request belongs to the step in which it began.
    const begunIn = step;
    const request = visit(path).then((answer) => judge(path, answer, begunIn));
    underWay.add(request);
    void request.finally(() => underWay.delete(request));
  };

  return {
    start: () => void (timer = setInterval(visitNext, everyMs)),
    settle,
    beginStep(mayRefuse) {
      step = { tally: newTally(), mayRefuse };
      return step.tally;
    },
    failures: () => failures,
    async stop() {
      clearInterval(timer);
      await settle();
    },
  };
}

function newTally(): Tally {
  return { ok: 0, refused: 0, failed: 0, slowestMs: 0 };
}
