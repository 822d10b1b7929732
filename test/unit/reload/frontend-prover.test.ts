import { describe, expect, it, onTestFinished } from 'vitest';
import { nowMs } from '../../../src/util/clock.ts';
import { startFrontendProver } from '../../../src/reload/frontend-prover.ts';
import type { Frontend, FrontendProver, ProverPorts } from '../../../src/reload/frontend-prover.ts';
import type { GenerationAnswer } from '../../../src/reload/generation-probe.ts';
import type { VisitorAnswer } from '../../../src/reload/visitor-probe.ts';
import { quietBoundary } from '../../support/quiet-boundary.ts';
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

/** A frontend that answers at some of its addresses, and records the requests. */
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
    repeat: quietBoundary().repeat,
    inquire: () => Promise.resolve({ kind: 'nothing' } as const),
    visit: () => Promise.resolve({ kind: 'target', tookMs: 1 } as const),
    findRival: () => Promise.resolve(undefined),
    reload: () => {
      serves = newer;
      return Promise.resolve();
    },
  };
  const options = { reloadedBy: 'meet-gen', inquire: false, verifyTimeoutMs: 5000 } as const;
  const prover = startFrontendProver(frontend, ports, options, () => undefined, abort.signal);
  prover.aim({ generation: newer, sha256: '', writtenAtMs: nowMs() });
  return { asked, atOnce, prover };
}

describe('a frontend on two networks', () => {
  it('is asked at both addresses until one answers, then only there; ten times at once for the proof', async () => {
    const { asked, atOnce, prover } = proverOf(new Set(['10.0.1.1:8084']));
    await waitUntil('the frontend is live', () => prover.proof().settledAnswers === 10);
    expect(asked[0]).toEqual(frontend.statusEndpoints);
    expect(new Set(asked.slice(1).map(String))).toEqual(new Set(['10.0.1.1:8084']));
    expect(atOnce.slice(-10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('is asked at both again when the known address falls silent', async () => {
    const answersAt = new Set(['10.0.1.1:8084']);
    const { asked, prover } = proverOf(answersAt);
    await waitUntil('the frontend is live', () => prover.proof().settledAnswers === 10);
    answersAt.clear();
    answersAt.add('10.0.0.1:8084');
    asked.length = 0;
    prover.recheck();
    await waitUntil('the frontend is asked', () => asked.length >= 2);
    expect(asked.slice(0, 2)).toEqual([['10.0.1.1:8084'], frontend.statusEndpoints]);
    await waitUntil('the answer is known', () => prover.proof().running === newer && prover.proof().silent === undefined);
  });
});

/** A frontend with these answers on its routing port; records the requests. */
function visited(visit: () => VisitorAnswer, findRival: ProverPorts['findRival']) {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  let serves = old;
  const visitedAt: string[] = [];
  const asked: string[][] = [];
  const reloads: string[] = [];
  const prover = startFrontendProver(
    frontend,
    {
      ask: (endpoints) => {
        asked.push([...endpoints]);
        const [endpoint = ''] = endpoints;
        return Promise.resolve({ kind: 'generation', generation: serves, nginxVersion: '1.30.3', endpoint, tookMs: 1 });
      },
      visit(endpoint) {
        visitedAt.push(endpoint);
        return Promise.resolve(visit());
      },
      findRival,
      inquire: () => Promise.resolve({ kind: 'nothing' }),
      reload() {
        reloads.push((serves = newer));
        return Promise.resolve();
      },
      nowMs,
      repeat: quietBoundary().repeat,
    },
    { reloadedBy: 'meet-gen', inquire: false, verifyTimeoutMs: 20 },
    () => undefined,
    abort.signal,
  );
  const aim = (generation: string): void =>
    prover.aim({ generation, sha256: '', writtenAtMs: nowMs(), entrance: { port: 8083, hosts: [], path: '/live' } });
  aim(newer);
  return { prover, aim, asked, visitedAt, reloads };
}

const isTarget = (): VisitorAnswer => ({ kind: 'target', tookMs: 1 });
const isOther = (): VisitorAnswer => ({ kind: 'other', answer: 'status 200' });
const sees =
  (name: string): (() => Promise<string>) =>
  () =>
    Promise.resolve(name);

describe('a frontend that is visited', () => {
  it('is asked at its new address after a move: another container may have the old one', async () => {
    const { prover, asked, visitedAt } = visited(isTarget, sees(''));
    await waitUntil('the frontend is live', () => prover.proof().settledAnswers === 10);
    asked.length = visitedAt.length = 0;
    prover.update({ ...frontend, statusEndpoints: ['10.0.0.5:8084'] });
    await waitUntil('the frontend is asked', () => asked.length > 0);
    expect(asked).toEqual([['10.0.0.5:8084']]);
    expect(visitedAt).not.toContain('10.0.0.1:8084');
  });

  it('gets the reload for a new file during the search for a rival', async () => {
    const { prover, aim, reloads } = visited(isOther, () => new Promise(() => undefined));
    await waitUntil('the search has started', () => prover.proof().mismatch?.isRivalSearched === true);
    const before = reloads.length;
    aim('cccccccccccccccc');
    await waitUntil('the reload is sent', () => reloads.length > before);
  });

  it('knows the rival after a single search', async () => {
    let looks = 0;
    const { prover } = visited(isOther, () => {
      looks += 1;
      return Promise.resolve('the server "x"');
    });
    await waitUntil('it is known', () => prover.proof().mismatch?.rival === 'the server "x"');
    prover.recheck();
    await waitUntil('it was asked again', () => prover.proof().doubtful !== true);
    expect(looks).toBe(1);
  });
});
