import { describe, expect, it, onTestFinished } from 'vitest';
import { createErrorBoundary } from '../../../src/util/error-boundary.ts';
import type { ErrorBoundary } from '../../../src/util/error-boundary.ts';
import { recordLog } from '../../support/recorded-log.ts';
import { waitUntil } from '../../support/wait-until.ts';

interface Watched {
  readonly boundary: ErrorBoundary;
  /** The lines of the log: `failed <part>: <message>` or `works <part>`. */
  log(): readonly string[];
  later(ms: number): void;
}

function watched(): Watched {
  const { log, lines } = recordLog();
  let nowMs = 0;
  const boundary = createErrorBoundary(log, () => nowMs);
  return {
    boundary,
    log: () =>
      lines.map(({ name, part, err }) =>
        name === 'partFailed' ? `failed ${String(part)}: ${(err as Error).message}` : `works ${String(part)}`,
      ),
    later: (ms) => (nowMs += ms),
  };
}

const failing = ({ boundary }: Watched): readonly string[] => boundary.failures().map(({ part }) => part);

describe('an error boundary', () => {
  it('logs a failure once for all retries, keeps it as a problem, and logs the recovery', () => {
    const w = watched();
    for (let time = 0; time < 5; time += 1) {
      w.boundary.failed('a', new Error('no'));
      w.later(3_600_000);
    }
    expect(failing(w)).toEqual(['a']);
    w.boundary.worked('a');
    w.boundary.worked('a');
    expect(failing(w)).toEqual([]);
    expect(w.log()).toEqual(['failed a: no', 'works a']);
  });

  it('logs another reason, and each part separately', () => {
    const w = watched();
    for (const [part, reason] of [
      ['a', 'no'],
      ['a', 'never'],
      ['b', 'no'],
    ] as const)
      w.boundary.failed(part, new Error(reason));
    expect(w.log()).toEqual(['failed a: no', 'failed a: never', 'failed b: no']);
  });

  it('logs what fails and works in turns once a minute', () => {
    const w = watched();
    for (let time = 0; time < 120; time += 1) {
      w.boundary.failed('a', new Error('no'));
      w.boundary.worked('a');
      w.later(1000);
    }
    expect(w.log().filter((line) => line.startsWith('failed'))).toHaveLength(2);
  });

  it('keeps a limited number of parts, failing parts first', () => {
    const w = watched();
    w.boundary.failed('lasting', new Error('no'));
    for (let part = 0; part < 500; part += 1) {
      w.boundary.failed(`part ${part}`, new Error('no'));
      w.boundary.worked(`part ${part}`);
    }
    expect(failing(w)).toEqual(['lasting']);
    w.boundary.failed('lasting', new Error('no'));
    expect(w.log().filter((line) => line === 'failed lasting: no')).toHaveLength(1);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
    // oxlint-disable-next-line prefer-promise-reject-errors -- a library may
    ['rejects with no error at all', () => Promise.reject('no')],
  ])('guards a callback that %s, and recovers, even where that fails too', async (_, work) => {
    const w = watched();
    let recovered = 0;
    w.boundary.guard('a', work, () => {
      recovered += 1;
      throw new Error('neither');
    })();
    await waitUntil('both errors are logged', () => w.log().length === 2);
    expect(recovered).toBe(1);
    expect(w.log()).toEqual(['failed a: no', 'failed the retry of a: neither']);
    expect(await w.boundary.attempt('b', () => Promise.reject(new Error('no')))).toBeUndefined();
    expect(await w.boundary.attempt('b', () => Promise.resolve(7))).toBe(7);
  });

  it('passes the arguments on, and runs a callback at once', () => {
    const heard: number[] = [];
    watched().boundary.guard('a', (one: number) => void heard.push(one))(7);
    expect(heard).toEqual([7]);
  });

  it('repeats a failed step after a pause, a good step after its own pause, and ends with the signal', async () => {
    const w = watched();
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    let steps = 0;
    let pauses = 0;
    const step = (): Promise<() => Promise<void>> => {
      steps += 1;
      if (steps <= 2) return Promise.reject(new Error('no'));
      return Promise.resolve(() => {
        pauses += 1;
        if (pauses === 3) abort.abort();
        return Promise.resolve();
      });
    };
    w.boundary.repeat('a', step, abort.signal);
    await waitUntil('the last step is over', () => abort.signal.aborted);
    expect({ steps, pauses, log: w.log() }).toEqual({ steps: 5, pauses: 3, log: ['failed a: no', 'works a'] });
  });
});
