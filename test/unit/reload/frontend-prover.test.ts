import { describe, expect, it, onTestFinished } from 'vitest';
import { nowMs } from '../../../src/clock.ts';
import { startFrontendProver } from '../../../src/reload/frontend-prover.ts';
import type { Frontend, FrontendProver } from '../../../src/reload/frontend-prover.ts';
import type { GenerationAnswer } from '../../../src/reload/generation-probe.ts';
import { quietBorder } from '../../support/quiet-border.ts';
import { waitUntil } from '../../support/wait-until.ts';

const [old, newer] = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'];
const frontend: Frontend = {
  id: 'id',
  life: 'id',
  name: 'frontend',
  imageId: '',
  running: true,
  statusEndpoints: ['10.0.0.1:8084', '10.0.1.1:8084'],
  isForeign: false,
};

/** A frontend that answers at some of its addresses, and what it was asked. */
function proverOf(answersAt: Set<string>): { readonly asked: string[][]; readonly atOnce: number[]; readonly prover: FrontendProver } {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  let serves = old;
  let underWay = 0;
  const asked: string[][] = [];
  const atOnce: number[] = [];
  const ask = async (endpoints: readonly string[]): Promise<GenerationAnswer> => {
    asked.push([...endpoints]);
    underWay += 1;
    atOnce.push(underWay);
    await new Promise((resolve) => setTimeout(resolve, 1));
    underWay -= 1;
    const endpoint = endpoints.find((one) => answersAt.has(one));
    return endpoint === undefined
      ? { kind: 'silent', reason: 'nobody' }
      : { kind: 'generation', generation: serves, nginxVersion: '1.30.3', endpoint, tookMs: 1 };
  };
  const ports = {
    ask,
    nowMs,
    repeat: quietBorder().repeat,
    inquire: () => Promise.resolve({ kind: 'nothing' } as const),
    visit: () => Promise.resolve({ kind: 'target', tookMs: 1 } as const),
    findRival: () => Promise.resolve(undefined),
    reload: () => {
      serves = newer;
      return Promise.resolve();
    },
  };
  const options = { reload: 'signal', inquire: false, verifyTimeoutMs: 5000 } as const;
  const prover = startFrontendProver(frontend, ports, options, () => undefined, abort.signal);
  prover.aim({ generation: newer, sha256: '', writtenAtMs: nowMs() });
  return { asked, atOnce, prover };
}

describe('a frontend on two networks', () => {
  it('is asked at both addresses until one tells, then at that one; ten times at once when it should be live', async () => {
    const { asked, atOnce, prover } = proverOf(new Set(['10.0.1.1:8084']));
    await waitUntil('it is live', () => prover.proof().settledAnswers === 10);
    expect(asked[0]).toEqual(frontend.statusEndpoints);
    expect(new Set(asked.slice(1).map(String))).toEqual(new Set(['10.0.1.1:8084']));
    expect(atOnce.slice(-10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('is asked at both again when the one that told is silent', async () => {
    const answersAt = new Set(['10.0.1.1:8084']);
    const { asked, prover } = proverOf(answersAt);
    await waitUntil('it is live', () => prover.proof().settledAnswers === 10);
    answersAt.clear();
    answersAt.add('10.0.0.1:8084');
    asked.length = 0;
    prover.recheck();
    await waitUntil('it is asked', () => asked.length >= 2);
    expect(asked.slice(0, 2)).toEqual([['10.0.1.1:8084'], frontend.statusEndpoints]);
    await waitUntil('that is what is known', () => prover.proof().running === newer && prover.proof().silent === undefined);
  });
});
