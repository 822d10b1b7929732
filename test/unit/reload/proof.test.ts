import { describe, expect, it } from 'vitest';
import type { VisitorAnswer } from '../../../src/reload/visitor-probe.ts';
import type { GenerationAnswer } from '../../../src/reload/generation-probe.ts';
import { proofProblem } from '../../../src/reload/proof-problem.ts';
import {
  aimAt,
  disarm,
  doubt,
  newProof,
  noteAnswer,
  noteInquiry,
  noteOvertakenReload,
  noteRival,
  noteRivalSearch,
  noteReload,
  noteVisits,
  relocate,
} from '../../../src/reload/proof.ts';
import { ignoresReloads, isShadowed, phaseOf } from '../../../src/reload/proof-phase.ts';
import { askTimeoutMs, nextStep } from '../../../src/reload/next-step.ts';
import type { Proof, ProofOptions, Target } from '../../../src/reload/proof.ts';
import type { Step } from '../../../src/reload/next-step.ts';
import { noneWay } from '../../../src/reload/ways/none.ts';
import { signalWay } from '../../../src/reload/ways/signal.ts';
import type { InquiryAnswer, ReloadWay } from '../../../src/reload/ways/way.ts';

const options: ProofOptions = { reloadedBy: 'meet-gen', inquire: false, verifyTimeoutMs: 5000 };
const found = 1_000_000;
const oldGeneration = 'aaaaaaaaaaaaaaaa';
const newGeneration = 'bbbbbbbbbbbbbbbb';
const target: Target = { generation: newGeneration, sha256: '', writtenAtMs: found - 10 };

const answerOf = (generation: string, tookMs = 1): GenerationAnswer => ({
  kind: 'generation',
  generation,
  nginxVersion: '1.30.3',
  endpoint: '',
  tookMs,
});
const silent: GenerationAnswer = { kind: 'silent', reason: 'connect ECONNREFUSED' };
const denied: GenerationAnswer = { kind: 'denied' };

/** A proof with a target and one answer. */
const answered = (answer: GenerationAnswer, at = found): Proof => noteAnswer(aimAt(newProof(found), target), answer, at);

const frontend = {
  id: 'f',
  life: 'f 1',
  name: 'meet-frontend-1',
  imageId: 'i',
  running: true,
  statusEndpoints: ['172.18.0.2:8084'],
  isForeign: false,
};
const entrance = { port: 8083, hosts: [], path: '/live' };
const rival = 'the server "localhost" of /etc/nginx/conf.d/docs.conf';
const seen: Target = { ...target, entrance };
const other: VisitorAnswer = { kind: 'other', answer: 'status 200' };
const nobody: VisitorAnswer = { kind: 'silent', answer: 'no answer in time' };

/** Without a rival, visitors get the generation that the status port shows. */
function visitorGets(answer: GenerationAnswer): VisitorAnswer {
  return answer.kind === 'generation' && answer.generation === newGeneration ? { kind: 'target', tookMs: 1 } : other;
}

interface World {
  /** nginx's answer at this time. */
  readonly answer: (atMs: number, reloads: readonly number[]) => GenerationAnswer;
  readonly reloadFails?: (count: number) => string | undefined;
  /** The visitors' answer at this time; by default it follows from `answer`. */
  readonly visitorsGet?: (atMs: number) => VisitorAnswer;
  /** The result of an inquiry at this time. */
  readonly says?: (atMs: number) => InquiryAnswer;
}

interface Run {
  readonly proof: Proof;
  readonly asks: readonly number[];
  readonly reloads: readonly number[];
  readonly inquiries: readonly number[];
  readonly visits: readonly number[];
  readonly looks: readonly number[];
}

/** Runs the steps of `nextStep` in a simulated world: a wait only advances the time. */
function play(start: Proof, fromMs: number, untilMs: number, world: World, how: ProofOptions = options): Run {
  let proof = start;
  let now = fromMs;
  const asks: number[] = [];
  const reloads: number[] = [];
  const inquiries: number[] = [];
  const visits: number[] = [];
  const looks: number[] = [];
  while (now < untilMs) {
    const step: Step = nextStep(proof, now, how);
    if (step.do === 'wait') {
      expect(step.ms, 'a wait of 0 ms would spin').toBeGreaterThan(0);
      now += step.ms;
    } else if (step.do === 'ask') {
      asks.push(...Array.from({ length: step.times }, () => now));
      now += 1;
      for (let time = 0; time < step.times; time += 1) proof = noteAnswer(proof, world.answer(now, reloads), now);
    } else if (step.do === 'visit') {
      visits.push(...Array.from({ length: step.times }, () => now));
      now += 1;
      const got = world.visitorsGet?.(now) ?? visitorGets(world.answer(now, reloads));
      proof = noteVisits(
        proof,
        Array.from({ length: step.times }, () => got),
        now,
      );
    } else if (step.do === 'find-rival') {
      looks.push(now);
      now += 1;
      proof = noteRival(noteRivalSearch(proof), rival);
    } else if (step.do === 'inquire') {
      inquiries.push(now);
      now += 1;
      proof = noteInquiry(proof, world.says?.(now) ?? { kind: 'nothing' }, now);
    } else {
      reloads.push(now);
      now += 1;
      proof = noteReload(proof, now, world.reloadFails?.(reloads.length));
    }
  }
  return { proof, asks, reloads, inquiries, visits, looks };
}

describe('a frontend that has just been found', () => {
  it('waits before the first publication', () => {
    expect(nextStep(newProof(found), found, options)).toMatchObject({ do: 'wait' });
  });

  it('is asked before any reload', () => {
    expect(nextStep(aimAt(newProof(found), target), found, options)).toEqual({ do: 'ask', times: 1 });
  });

  it('gets no reload if it already serves the target', () => {
    const { reloads, proof } = play(aimAt(newProof(found), target), found, found + 60_000, { answer: () => answerOf(newGeneration) });
    expect(reloads).toEqual([]);
    expect(phaseOf(proof, found + 60_000, options)).toBe('live');
  });

  it.each([oldGeneration, 'none'])('gets a reload when it answers %s', (generation) => {
    expect(nextStep(answered(answerOf(generation)), found, options)).toEqual({ do: 'reload' });
  });

  it('gets no reload while it does not answer: a signal could kill it', () => {
    const { reloads, asks, proof } = play(aimAt(newProof(found), target), found, found + 600_000, { answer: () => silent });
    expect(reloads).toEqual([]);
    expect(asks.length).toBeGreaterThan(200);
    expect(phaseOf(proof, found + 600_000, options)).toBe('unverified');
  });

  it('gets a reload as soon as it answers with another generation', () => {
    const upAt = found + 800;
    const { reloads } = play(aimAt(newProof(found), target), found, found + 900, {
      answer: (at) => (at < upAt ? silent : answerOf(oldGeneration)),
    });
    expect(reloads[0]).toBeGreaterThanOrEqual(upAt);
    expect(reloads[0]).toBeLessThan(upAt + 50);
  });
});

describe('a long-running frontend that does not answer after a publication', () => {
  const newer: Target = { generation: newGeneration, sha256: '', writtenAtMs: found + 60_000 };
  const start = aimAt(newProof(found), newer);

  it('gets a single reload after the timeout', () => {
    const from = found + 60_000;
    const { reloads, proof } = play(start, from, from + 600_000, { answer: () => silent });
    expect(reloads).toHaveLength(1);
    expect(reloads[0]).toBeGreaterThanOrEqual(from + options.verifyTimeoutMs);
    expect(phaseOf(proof, from + 600_000, options)).toBe('unverified');
  });

  it('gets no reload with `--reload none`', () => {
    const from = found + 60_000;
    expect(play(start, from, from + 600_000, { answer: () => silent }, { ...options, reloadedBy: 'operator' }).reloads).toEqual([]);
  });

  it('gets one reload for each later target', () => {
    const from = found + 60_000;
    const first = play(start, from, from + 20_000, { answer: () => silent }).proof;
    const next = aimAt(first, { generation: 'cccccccccccccccc', sha256: '', writtenAtMs: from + 20_000 });
    expect(play(next, from + 20_000, from + 60_000, { answer: () => silent }).reloads).toHaveLength(1);
  });
});

const serveAfter =
  (delayMs: number): World['answer'] =>
  (at, reloads) =>
    reloads[0] !== undefined && at >= reloads[0] + delayMs ? answerOf(newGeneration) : answerOf(oldGeneration);

const untilSeen = ({ asks, proof }: Run): number => asks.filter((at) => at < (proof.servingAtMs ?? 0)).length;

describe('a reload', () => {
  it('is asked about only after the usual duration of a reload', () => {
    const first = play(answered(answerOf(oldGeneration)), found, found + 30_000, { answer: serveAfter(30) });
    const second = (delayMs: number): Run => {
      const from = found + 30_000;
      const third = { ...target, generation: 'cccccccccccccccc' };
      return play(aimAt(first.proof, third), from, from + 5000, {
        answer: (at, reloads) => answerOf(reloads[0] !== undefined && at >= reloads[0] + delayMs ? third.generation : newGeneration),
      });
    };
    expect(untilSeen(first)).toBeGreaterThanOrEqual(5);
    expect(untilSeen(second(30))).toBeLessThanOrEqual(3);
    // A quicker reload is noticed a little late, and the next reload is asked about sooner.
    expect(second(3).proof.reloadMs).toBeLessThan(first.proof.reloadMs ?? 0);
    expect(second(300).proof.servingAtMs).toBeLessThan(found + 30_000 + 370);
  });

  it('that works is sent once, and noticed within milliseconds of its effect', () => {
    const { reloads, proof } = play(answered(answerOf(oldGeneration)), found, found + 30_000, { answer: serveAfter(27) });
    expect(reloads).toEqual([found]);
    expect(proof.servingAtMs).toBeGreaterThanOrEqual(found + 27);
    expect(proof.servingAtMs).toBeLessThan(found + 40);
  });

  it('is repeated only after another question: on a busy host the last answer may be old', () => {
    const signalled = noteReload(answered(answerOf(oldGeneration)), found);
    const late = found + 700;
    expect(nextStep(signalled, late, options)).toEqual({ do: 'ask', times: 1 });
    // Asked soon after the reload; the answer was read much later.
    const readLate = noteAnswer(signalled, answerOf(oldGeneration, 690), late);
    expect(nextStep(readLate, late, options)).toEqual({ do: 'ask', times: 1 });
    const asked = noteAnswer(readLate, answerOf(oldGeneration, 2), late + 2);
    expect(nextStep(asked, late + 2, options)).toEqual({ do: 'reload' });
    const reloaded = noteAnswer(readLate, answerOf(newGeneration, 2), late + 2);
    expect(nextStep(reloaded, late + 2, options)).not.toEqual({ do: 'reload' });
  });

  it('that gets lost is repeated, with back-off up to 30 seconds', () => {
    const { reloads, proof } = play(answered(answerOf(oldGeneration)), found, found + 300_000, { answer: () => answerOf(oldGeneration) });
    const gaps = reloads.slice(1).map((at, index) => at - (reloads[index] ?? 0));
    expect(gaps.slice(0, 6).map((gap) => Math.round(gap / 100) * 100)).toEqual([500, 1000, 2000, 4000, 8000, 16_000]);
    expect(Math.max(...gaps)).toBeLessThan(31_000);
    expect(phaseOf(proof, found + 300_000, options)).toBe('pending');
  });

  it('that gets lost once is repeated successfully', () => {
    const answer: World['answer'] = (at, reloads) =>
      reloads[1] !== undefined && at > reloads[1] + 20 ? answerOf(newGeneration) : answerOf(oldGeneration);
    const { reloads, proof } = play(answered(answerOf(oldGeneration)), found, found + 5000, { answer });
    expect(reloads).toHaveLength(2);
    expect(phaseOf(proof, found + 5000, options)).toBe('live');
  });

  it('that could not be sent is repeated, and the failure is shown until one succeeds', () => {
    const refused = play(answered(answerOf(oldGeneration)), found, found + 400, {
      answer: () => answerOf(oldGeneration),
      reloadFails: () => 'refused (403)',
    });
    expect(phaseOf(refused.proof, found + 400, options)).toBe('pending');
    expect(refused.proof.reloads.failure).toBe('refused (403)');
    const again = play(refused.proof, found + 400, found + 700, { answer: () => answerOf(oldGeneration) });
    expect(again.reloads).toHaveLength(1);
    expect(again.proof.reloads).not.toHaveProperty('failure');
  });

  it('is never sent with `--reload none`', () => {
    const quiet: ProofOptions = { ...options, reloadedBy: 'operator' };
    const later: World['answer'] = (at) => (at > found + 60_000 ? answerOf(newGeneration) : answerOf(oldGeneration));
    const waiting = play(answered(answerOf(oldGeneration)), found, found + 60_000, { answer: later }, quiet);
    expect(waiting.reloads).toEqual([]);
    expect(phaseOf(waiting.proof, found + 60_000, quiet)).toBe('pending');
    expect(phaseOf(play(waiting.proof, found + 60_000, found + 90_000, { answer: later }, quiet).proof, found + 90_000, quiet)).toBe(
      'live',
    );
  });
});

describe('a target that changes', () => {
  const third: Target = { generation: 'cccccccccccccccc', sha256: '', writtenAtMs: found + 10 };

  it('during a reload causes another reload: nginx may have read the older file', () => {
    const reloaded = noteReload(answered(answerOf(oldGeneration)), found + 5);
    expect(nextStep(aimAt(reloaded, third), found + 10, options)).toEqual({ do: 'reload' });
  });

  it('back to the served generation during a reload causes another reload too', () => {
    const reloaded = noteReload(answered(answerOf(oldGeneration)), found + 5);
    const back = aimAt(reloaded, { generation: oldGeneration, sha256: '', writtenAtMs: found + 10 });
    expect(nextStep(back, found + 10, options)).toEqual({ do: 'reload' });
    expect(phaseOf(back, found + 10, options)).not.toBe('live');
  });

  it('after a proven reload causes one reload', () => {
    const { proof } = play(answered(answerOf(newGeneration)), found, found + 1000, { answer: () => answerOf(newGeneration) });
    const { reloads } = play(aimAt(proof, third), found + 1000, found + 5000, {
      answer: (_, sent) => answerOf(sent.length > 0 ? third.generation : newGeneration),
    });
    expect(reloads).toHaveLength(1);
  });

  it('to the same generation changes nothing', () => {
    const proof = answered(answerOf(oldGeneration));
    expect(aimAt(proof, { ...target, writtenAtMs: found + 500 })).toBe(proof);
  });

  it('keeps the reason of a failed reload until a reload succeeds', () => {
    const next = aimAt(noteReload(answered(answerOf(oldGeneration)), found + 10, 'no access'), third);
    expect(phaseOf(next, found + 20, options)).toBe('pending');
    expect(next).toMatchObject({ reloads: { count: 0, failure: 'no access' } });
    expect(noteReload(next, found + 30).reloads).not.toHaveProperty('failure');
  });

  it('resets the count of answers', () => {
    const { proof } = play(answered(answerOf(newGeneration)), found, found + 1000, { answer: () => answerOf(newGeneration) });
    expect(proof.settledAnswers).toBe(10);
    expect(aimAt(proof, third)).toMatchObject({ settledAnswers: 0, reloads: { count: 0 } });
    expect(aimAt(proof, third)).not.toHaveProperty('servingAtMs');
  });
});

describe('live', () => {
  it('needs ten answers in a row, from 150 ms after the first answer', () => {
    const { asks, proof } = play(answered(answerOf(newGeneration)), found, found + 1000, { answer: () => answerOf(newGeneration) });
    expect(asks).toHaveLength(10);
    expect(asks[0]).toBeGreaterThanOrEqual(found + 150);
    expect(phaseOf(proof, found + 1000, options)).toBe('live');
  });

  it('takes longer after a slow answer, before or after the first answer with the target', () => {
    const slow = { ...answered(answerOf(oldGeneration, 60)), running: oldGeneration };
    const first = play(slow, found, found + 2000, { answer: (at) => answerOf(at < found + 20 ? oldGeneration : newGeneration) });
    expect(first.asks.find((at) => at > (first.proof.servingAtMs ?? 0))).toBeGreaterThanOrEqual(found + 20 + 60 * 8);
    const burst = play(answered(answerOf(newGeneration)), found, found + 2000, {
      answer: (at) => answerOf(newGeneration, at < found + 300 ? 50 : 1),
    });
    expect(burst.asks.filter((at) => at >= found + 50 * 8)).toHaveLength(10);
    for (const { proof } of [first, burst]) expect(phaseOf(proof, found + 2000, options)).toBe('live');
  });

  it('takes two extra seconds at most, and the next target ignores earlier slow answers', () => {
    const { asks, proof } = play(answered(answerOf(newGeneration, 900)), found, found + 4000, { answer: () => answerOf(newGeneration) });
    expect(asks[0]).toBeGreaterThanOrEqual(found + 2000);
    expect(asks[0]).toBeLessThan(found + 2100);
    expect(aimAt(proof, { ...target, generation: 'c'.repeat(16) })).not.toHaveProperty('slowestAnswerMs');
  });

  it('needs more than nine answers', () => {
    let proof = answered(answerOf(newGeneration));
    for (let at = found + 150; at < found + 159; at += 1) proof = noteAnswer(proof, answerOf(newGeneration), at);
    expect(phaseOf(proof, found + 159, options)).toBe('serving');
    expect(phaseOf(noteAnswer(proof, answerOf(newGeneration), found + 160), found + 160, options)).toBe('live');
  });

  it('ignores answers before the old workers have stopped accepting', () => {
    let proof = answered(answerOf(newGeneration));
    for (let at = found + 1; at < found + 150; at += 1) proof = noteAnswer(proof, answerOf(newGeneration), at);
    expect(phaseOf(proof, found + 150, options)).toBe('serving');
  });

  it('restarts the count when an old worker answers in between', () => {
    let proof = answered(answerOf(newGeneration));
    for (let at = found + 150; at < found + 159; at += 1) proof = noteAnswer(proof, answerOf(newGeneration), at);
    proof = noteAnswer(proof, answerOf(oldGeneration), found + 160);
    expect(proof.settledAnswers).toBe(0);
    expect(phaseOf(noteAnswer(proof, answerOf(newGeneration), found + 161), found + 161, options)).toBe('serving');
  });

  it.each([silent, denied])('starts again when it falls silent in between (%j)', (answer) => {
    let proof = answered(answerOf(newGeneration));
    for (let at = found + 150; at < found + 159; at += 1) proof = noteAnswer(proof, answerOf(newGeneration), at);
    proof = noteAnswer(noteAnswer(proof, answer, found + 160), answerOf(newGeneration), found + 161);
    expect(phaseOf(proof, found + 161, options)).toBe('serving');
  });

  it('stops asking', () => {
    const { proof } = play(answered(answerOf(newGeneration)), found, found + 1000, { answer: () => answerOf(newGeneration) });
    expect(nextStep(proof, found + 1000, options)).toMatchObject({ do: 'wait', ms: 30_000 });
  });
});

describe('a frontend after a gap in the events', () => {
  const live = play(answered(answerOf(newGeneration)), found, found + 1000, { answer: () => answerOf(newGeneration) }).proof;

  it('is asked again immediately', () => {
    expect(nextStep(doubt(live), found + 2000, options)).toEqual({ do: 'ask', times: 1 });
  });

  it('is live again after one answer, without a reload', () => {
    const { asks, reloads, proof } = play(doubt(live), found + 2000, found + 2500, { answer: () => answerOf(newGeneration) });
    expect({ asks: asks.length, reloads }).toEqual({ asks: 1, reloads: [] });
    expect(phaseOf(proof, found + 2500, options)).toBe('live');
  });

  it('gets a reload if it serves another generation', () => {
    const { reloads } = play(doubt(live), found + 2000, found + 2100, { answer: () => answerOf(oldGeneration) });
    expect(reloads).toHaveLength(1);
  });
});

describe('phases', () => {
  it.each([
    ['asking, before the first answer', aimAt(newProof(found), target), found + 1, 'asking'],
    ['asking, while the silence is short', answered(silent), found + 4999, 'asking'],
    ['unverified, after silence for the whole timeout', answered(silent), found + 5000, 'unverified'],
    ['unverified, after refusing meet-gen for the whole timeout', answered(denied), found + 5000, 'unverified'],
    ['reloading, after a reload request', noteReload(answered(answerOf(oldGeneration)), found), found + 4999, 'reloading'],
    ['pending, after the timeout of a reload request', noteReload(answered(answerOf(oldGeneration)), found), found + 5000, 'pending'],
    ['serving, from the first answer', answered(answerOf(newGeneration)), found, 'serving'],
  ] as const)('%s', (_, proof, at, expected) => {
    expect(phaseOf(proof, at, options)).toBe(expected);
  });
});

const problemOf = (
  phase: Parameters<typeof proofProblem>[1]['phase'],
  proof: Proof,
  way: ReloadWay = signalWay,
): ReturnType<typeof proofProblem> =>
  proofProblem('meet', { frontend, phase, ignoresReloads: false, isShadowed: phase === 'shadowed', proof }, way);

describe('the problem of a proof', () => {
  it.each(['asking', 'reloading', 'serving', 'live'] as const)('is nothing while it is %s', (phase) => {
    expect(problemOf(phase, answered(answerOf(oldGeneration)))).toBeUndefined();
  });

  it('names reason, address and cure if the frontend does not answer', () => {
    const item = problemOf('unverified', answered(silent));
    expect(item).toMatchObject({ code: 'reload-unverified', severity: 'warning', container: 'meet-frontend-1' });
    expect(item?.message).toContain('ECONNREFUSED');
    expect(item?.message).toContain('172.18.0.2:8084');
    expect(item?.cure).toContain('stub');
  });

  it('names the cure for host mode if a frontend there does not answer', () => {
    const hosted = { ...frontend, statusEndpoints: ['127.0.0.1:8084', '172.18.0.1:8084'] };
    const about = { frontend: hosted, phase: 'unverified', ignoresReloads: false, isShadowed: false, proof: answered(silent) } as const;
    const item = proofProblem('meet', about, signalWay);
    expect(item?.message).toContain('127.0.0.1:8084, 172.18.0.1:8084');
    expect(item?.cure).toContain('in host mode too, or');
  });

  it('shows that the frontend serves another configuration', () => {
    expect(problemOf('pending', noteReload(answered(answerOf('none')), found))).toMatchObject({ code: 'reload-pending' });
    expect(problemOf('pending', answered(answerOf(oldGeneration)), noneWay)?.cure).toContain('--reload none');
  });

  it('shows why the reload could not be sent, with the reason made safe to print', () => {
    const item = problemOf('pending', noteReload(answered(answerOf(oldGeneration)), found, 'signalling x\u001b[2J was refused'));
    expect(item).toMatchObject({ code: 'signal-failed' });
    expect(item?.message).toContain('x\\u{1b}[2J was refused');
  });
});

describe('a reload that was not sent, since a signal would end the restart policy', () => {
  const unsafe = noteReload(answered(answerOf(oldGeneration)), found, 'exec was refused (403)', true);

  it('is a problem of its own, with the reason and both cures', () => {
    const item = problemOf('pending', unsafe);
    expect(item).toMatchObject({ code: 'signal-unsafe', severity: 'error' });
    expect(item?.message).toContain('exec was refused (403)');
    expect(item?.cure).toMatch(/--reload hook .*POST \/containers\/<frontend>\/exec/);
  });

  it('stays one with the next file, until a reload is sent', () => {
    const next = aimAt(unsafe, { generation: 'cccccccccccccccc', sha256: '', writtenAtMs: found + 10 });
    expect(problemOf('pending', next)).toMatchObject({ code: 'signal-unsafe' });
    expect(noteReload(next, found + 20).reloads).not.toHaveProperty('isUnsafe');
  });

  it('is tried again at a resync, also during a long pause', () => {
    const { proof } = play(unsafe, found, found + 120_000, { answer: () => answerOf(oldGeneration), reloadFails: () => 'refused' });
    const { reloads } = play(doubt(proof), found + 120_000, found + 120_100, { answer: () => answerOf(oldGeneration) });
    expect(reloads).toHaveLength(1);
  });
});

describe('a frontend with a status server that refuses meet-gen', () => {
  const fresh: Target = { generation: 'cccccccccccccccc', sha256: '', writtenAtMs: found + 1000 };

  it('gets one reload even if the file is older than the first contact', () => {
    const older = { ...fresh, writtenAtMs: found - 100 };
    const { reloads } = play(aimAt(newProof(found), older), found, found + 20_000, { answer: () => denied });
    expect(reloads).toHaveLength(1);
  });

  it('gets one immediate reload for a newer file, since it is up', () => {
    const { reloads } = play(aimAt(noteAnswer(aimAt(newProof(found), target), denied, found + 500), fresh), found + 1000, found + 20_000, {
      answer: () => denied,
    });
    expect(reloads).toEqual([found + 1000]);
  });

  it('is asked often after that: the new file may let meet-gen in', () => {
    const long = play(aimAt(newProof(found), target), found, found + 120_000, { answer: () => denied }).proof;
    const { asks } = play(
      aimAt(long, { generation: newGeneration.replace('b', 'c'), sha256: '', writtenAtMs: found + 120_000 }),
      found + 120_000,
      found + 121_000,
      {
        answer: () => denied,
      },
    );
    expect(asks.length).toBeGreaterThan(20);
  });
});

describe('a frontend with changed addresses', () => {
  it('is asked there immediately, even after a long silence', () => {
    const { proof } = play(aimAt(newProof(found), target), found, found + 120_000, { answer: () => silent });
    expect(nextStep(proof, found + 120_000, options)).toMatchObject({ do: 'wait' });
    expect(nextStep(relocate(proof), found + 120_000, options)).toEqual({ do: 'ask', times: 1 });
  });
});

describe('a reload without an answer that could not be sent', () => {
  it('is repeated with back-off until it works, and reported meanwhile', () => {
    const fresh: Target = { generation: 'cccccccccccccccc', sha256: '', writtenAtMs: found + 1000 };
    const start = aimAt(noteAnswer(aimAt(newProof(found), target), denied, found + 500), fresh);
    const failing = play(start, found + 1000, found + 2000, { answer: () => denied, reloadFails: () => 'refused' });
    expect(failing.reloads).toHaveLength(2);
    const report = {
      frontend: { id: 'f', life: 'f 1', name: 'f', imageId: 'i', running: true, statusEndpoints: [], isForeign: false },
      phase: 'unverified' as const,
      ignoresReloads: false,
      isShadowed: false,
      proof: failing.proof,
    };
    expect(proofProblem('meet', report, signalWay)).toMatchObject({ code: 'signal-failed' });
    const { reloads } = play(failing.proof, found + 2000, found + 20_000, { answer: () => denied });
    expect(reloads).toHaveLength(1);
  });
});

describe('a frontend that refuses the new file', () => {
  it('is asked less and less often', () => {
    const { asks } = play(answered(answerOf(oldGeneration)), found, found + 60_000, { answer: () => answerOf(oldGeneration) });
    expect(asks.filter((at) => at > found + 30_000).length).toBeLessThan(100);
  });
});

describe('three reloads without effect', () => {
  const stuck: ProofOptions = { ...options, inquire: false };
  const afterThree = (running: string): boolean => {
    const { proof } = play(answered(answerOf(running)), found, found + 10_000, { answer: () => answerOf(running) });
    return ignoresReloads(proof, found + 10_000, stuck);
  };

  it('count as a refusal if an older configuration is served', () => {
    expect(afterThree(oldGeneration)).toBe(true);
  });

  it('do not count as a refusal if nginx has read no file: it reads elsewhere', () => {
    expect(afterThree('none')).toBe(false);
  });
});

describe('a reload during which the target changed', () => {
  it('causes another reload: nginx may have read the older file', () => {
    const back = aimAt(answered(answerOf(newGeneration)), { generation: newGeneration, sha256: '', writtenAtMs: found + 10 });
    const noted = noteOvertakenReload(back, { generation: 'cccccccccccccccc', sha256: '', writtenAtMs: found + 5 });
    expect(nextStep(noted, found + 20, options)).toEqual({ do: 'reload' });
  });
});

describe('a frontend that meet-gen does not reload', () => {
  const how: ProofOptions = { ...options, reloadedBy: 'operator' };
  it('has time to reload before it counts as pending', () => {
    const written: Target = { generation: 'cccccccccccccccc', sha256: '', writtenAtMs: found + 1000 };
    const proof = aimAt(answered(answerOf(newGeneration)), written);
    expect(phaseOf(proof, found + 2000, how)).toBe('reloading');
    expect(phaseOf(proof, found + 6000, how)).toBe('pending');
  });
});

describe('the reason why a frontend does not serve the target', () => {
  const withInquiry: ProofOptions = { ...options, inquire: true };
  const refused: InquiryAnswer = { kind: 'refused', words: '[emerg] no' };
  const unavailable: InquiryAnswer = { kind: 'unavailable', reason: '403' };
  const stuck: World = { answer: () => answerOf(oldGeneration) };
  const start = answered(answerOf(oldGeneration));

  it('is not asked for while a slow reload may still work', () => {
    const { inquiries } = play(
      start,
      found,
      found + 10_000,
      { answer: (at) => answerOf(at < found + 300 ? oldGeneration : newGeneration) },
      withInquiry,
    );
    expect(inquiries).toEqual([]);
  });

  it('is asked for once after each reload except the first, and never if inquiries are off', () => {
    const { inquiries, reloads } = play(start, found, found + 4000, stuck, withInquiry);
    expect(inquiries.length).toBe(reloads.length - 1);
    for (const [index, at] of inquiries.entries()) {
      expect(at).toBeGreaterThanOrEqual((reloads[index + 1] ?? 0) + 400);
      expect(at).toBeLessThan(reloads[index + 2] ?? Number.MAX_SAFE_INTEGER);
    }
    expect(play(start, found, found + 4000, stuck).inquiries).toEqual([]);
  });

  it('is not asked for again once it is unavailable, even for later targets', () => {
    const { proof, inquiries } = play(start, found, found + 4000, { ...stuck, says: () => unavailable }, withInquiry);
    expect(inquiries).toHaveLength(1);
    const next = aimAt(proof, { generation: 'cccccccccccccccc', sha256: '', writtenAtMs: found + 4000 });
    expect(play(next, found + 4000, found + 8000, stuck, withInquiry).inquiries).toEqual([]);
  });

  it('leads to the phase rejected, and the reload is still repeated', () => {
    const { proof, reloads } = play(start, found, found + 4000, { ...stuck, says: () => refused }, withInquiry);
    expect(phaseOf(proof, found + 4000, withInquiry)).toBe('rejected');
    expect(reloads.length).toBeGreaterThan(2);
    const healed = noteAnswer(proof, answerOf(newGeneration), found + 4001);
    expect(phaseOf(healed, found + 4001, withInquiry)).toBe('serving');
  });

  it('is dropped with the target', () => {
    const { proof } = play(start, found, found + 4000, { ...stuck, says: () => refused }, withInquiry);
    const next = aimAt(proof, { generation: 'cccccccccccccccc', sha256: '', writtenAtMs: found + 4000 });
    expect(phaseOf(next, found + 4000, withInquiry)).not.toBe('rejected');
  });

  it('stays known if a later inquiry finds nothing', () => {
    const says: World['says'] = (at) => (at < found + 2000 ? refused : { kind: 'nothing' });
    expect(phaseOf(play(start, found, found + 4000, { ...stuck, says }, withInquiry).proof, found + 4000, withInquiry)).toBe('rejected');
  });

  it.each([
    ['not after two reloads', found + 1400, 0, options, false],
    ['after three, if inquiries are impossible', found + 4000, 0, options, true],
    ['not after three that could not be sent', found + 4000, 3, options, false],
    ['not if the log is readable and has no reason', found + 60_000, 0, withInquiry, false],
    ['not if meet-gen does not send the reloads', found + 60_000, 0, { ...options, reloadedBy: 'frontend' as const }, false],
  ])('is assumed to be a refusal %s', (_, until, failures, how, expected) => {
    const world: World = { ...stuck, reloadFails: (count) => (count <= failures ? 'refused' : undefined) };
    expect(ignoresReloads(play(start, found, until, world, how).proof, until, how)).toBe(expected);
  });
});

const refuses = (): InquiryAnswer => ({ kind: 'refused', words: 'no' });

describe('a frontend with a hook', () => {
  const hooked: ProofOptions = { ...options, reloadedBy: 'frontend', inquire: true };
  const start = answered(answerOf(oldGeneration));

  it('gets no reloads, is asked a few times a second at first, and about refusals too', () => {
    const { reloads, asks, inquiries } = play(start, found, found + 3000, { answer: () => answerOf(oldGeneration) }, hooked);
    expect(reloads).toEqual([]);
    expect(asks.length).toBeGreaterThan(8);
    expect(inquiries.length).toBeGreaterThan(3);
    const later = play(start, found, found + 120_000, { answer: () => answerOf(oldGeneration) }, hooked);
    expect([...later.asks, ...later.inquiries].filter((at) => at > found + 60_000).length).toBeLessThan(150);
  });

  it('is rejected if the hook reports it, and live after it accepts the file', () => {
    const { proof } = play(start, found, found + 3000, { answer: () => answerOf(oldGeneration), says: refuses }, hooked);
    expect(phaseOf(proof, found + 3000, hooked)).toBe('rejected');
    const taken = play(proof, found + 3000, found + 9000, { answer: () => answerOf(newGeneration), says: refuses }, hooked).proof;
    expect(phaseOf(taken, found + 9000, hooked)).toBe('live');
  });
});

describe('a frontend with a withdrawn file', () => {
  it('gets no requests and no reloads', () => {
    const reloaded = noteReload(answered(answerOf(oldGeneration)), found + 5);
    const { asks, reloads } = play(disarm(reloaded), found + 10, found + 20_000, { answer: () => answerOf(oldGeneration) });
    expect([...asks, ...reloads]).toEqual([]);
  });
});

describe('a frontend that is asked on the routing port', () => {
  const start = aimAt(newProof(found), seen);

  it('is live after ten answers there, with no more requests in total', () => {
    const without = play(aimAt(newProof(found), target), found, found + 20_000, { answer: () => answerOf(newGeneration) });
    const { proof, asks, visits } = play(start, found, found + 20_000, { answer: () => answerOf(newGeneration) });
    expect(phaseOf(proof, found + 20_000, options)).toBe('live');
    expect(visits).toHaveLength(10);
    expect(asks.length + visits.length).toBeLessThanOrEqual(without.asks.length);
  });

  it('is shadowed if another server answers there: no reload, and one search for that server', () => {
    const run = play(start, found, found + 600_000, { answer: () => answerOf(newGeneration), visitorsGet: () => other });
    expect(phaseOf(run.proof, found + 600_000, options)).toBe('shadowed');
    expect(run.reloads).toEqual([]);
    expect(run.looks).toHaveLength(1);
    expect(run.visits.length).toBeLessThan(100);
  });

  it('is unverified, not shadowed, if nothing answers there: a firewall may block the port', () => {
    const run = play(start, found, found + 600_000, { answer: () => answerOf(newGeneration), visitorsGet: () => nobody });
    expect(phaseOf(run.proof, found + 600_000, options)).toBe('unverified');
    expect([run.reloads, run.looks]).toEqual([[], []]);
    const about = { frontend, phase: 'unverified', ignoresReloads: false, isShadowed: false, proof: run.proof } as const;
    const item = proofProblem('meet', about, signalWay);
    expect(item?.message).toContain("can't reach its routing port");
    expect(item?.cure).toContain('firewall');
  });

  it('gets more and more time to answer there', () => {
    const { proof } = play(start, found, found + 4000, { answer: () => answerOf(newGeneration), visitorsGet: () => nobody });
    expect(askTimeoutMs(proof, found + 4000)).toBe(1000);
  });

  it('is live once it answers there', () => {
    const visitorsGet = (at: number): VisitorAnswer => (at < found + 60_000 ? nobody : { kind: 'target', tookMs: 1 });
    const { proof } = play(start, found, found + 120_000, { answer: () => answerOf(newGeneration), visitorsGet });
    expect(phaseOf(proof, found + 120_000, options)).toBe('live');
    expect(proof.mismatch).toBeUndefined();
  });

  it('is asked with every host name', () => {
    const hosts = Array.from({ length: 14 }, (_, index) => `meet-${index}.example.com`);
    const many = aimAt(newProof(found), { ...seen, entrance: { ...entrance, hosts } });
    expect(play(many, found, found + 20_000, { answer: () => answerOf(newGeneration) }).visits).toHaveLength(14);
  });

  it('is not shadowed because of a short mismatch with an earlier file', () => {
    const third: Target = { ...seen, generation: 'cccccccccccccccc', writtenAtMs: found + 1000 };
    const mismatchedOnce = play(start, found, found + 300, { answer: () => answerOf(newGeneration), visitorsGet: () => other }).proof;
    expect(mismatchedOnce.mismatch).toBeDefined();
    // An operator reloads it, a minute later.
    const elsewhere = { ...options, reloadedBy: 'operator' } as const;
    const waiting = play(
      aimAt(mismatchedOnce, third),
      found + 1000,
      found + 61_000,
      { answer: () => answerOf(newGeneration) },
      elsewhere,
    ).proof;
    const back = play(
      waiting,
      found + 61_000,
      found + 66_500,
      { answer: () => answerOf(third.generation), visitorsGet: () => other },
      elsewhere,
    );
    expect([back.looks, phaseOf(back.proof, found + 66_500, elsewhere)]).toEqual([[], 'serving']);
  });

  it('is checked immediately with the next file, even after a long shadow', () => {
    const first = play(start, found, found + 600_000, { answer: () => answerOf(newGeneration), visitorsGet: () => other });
    const third: Target = { ...seen, generation: 'cccccccccccccccc', writtenAtMs: found + 600_000 };
    const next = play(aimAt(first.proof, third), found + 600_000, found + 602_000, {
      answer: () => answerOf(third.generation),
      visitorsGet: () => ({ kind: 'target', tookMs: 1 }),
    });
    expect(phaseOf(next.proof, found + 602_000, options)).toBe('live');
  });

  it('is not shadowed if the next file has no such location', () => {
    const first = play(start, found, found + 60_000, { answer: () => answerOf(newGeneration), visitorsGet: () => other });
    const next = aimAt(first.proof, { generation: 'cccccccccccccccc', sha256: '', writtenAtMs: found + 60_000 });
    expect(isShadowed(next, options)).toBe(false);
  });

  it('is only serving while the answer may come from an old worker', () => {
    const { proof } = play(start, found, found + 4000, { answer: () => answerOf(newGeneration), visitorsGet: () => other });
    expect(phaseOf(proof, found + 4000, options)).toBe('serving');
  });

  it('is live as soon as visitors get the target, and shadowed again when they do not', () => {
    const isThere = (at: number): boolean => (at - found) % 200_000 < 100_000;
    const visitorsGet = (at: number): VisitorAnswer => (isThere(at) ? other : { kind: 'target', tookMs: 1 });
    const first = play(start, found, found + 160_000, { answer: () => answerOf(newGeneration), visitorsGet });
    expect(phaseOf(first.proof, found + 160_000, options)).toBe('live');
    const second = play(doubt(first.proof), found + 200_001, found + 290_000, { answer: () => answerOf(newGeneration), visitorsGet });
    expect(phaseOf(second.proof, found + 290_000, options)).toBe('shadowed');
    expect([first.looks, second.looks].map(({ length }) => length)).toEqual([1, 1]);
    expect([...first.reloads, ...second.reloads]).toEqual([]);
  });

  it('stays shadowed with the next file, and gets a reload for it', () => {
    const first = play(start, found, found + 60_000, { answer: () => answerOf(newGeneration), visitorsGet: () => other });
    const next = aimAt(first.proof, { ...seen, generation: 'cccccccccccccccc', writtenAtMs: found + 60_000 });
    expect(isShadowed(next, options)).toBe(true);
    expect(nextStep(next, found + 60_000, options)).toEqual({ do: 'reload' });
  });

  it('is asked only there after a gap in the events', () => {
    const { proof } = play(start, found, found + 20_000, { answer: () => answerOf(newGeneration) });
    expect(nextStep(doubt(proof), found + 20_000, options)).toEqual({ do: 'visit', times: 1 });
    const { visits, asks } = play(doubt(proof), found + 20_000, found + 40_000, { answer: () => answerOf(newGeneration) });
    expect([visits, asks]).toEqual([[found + 20_000], []]);
  });

  it('gets a reload if it has lost the target', () => {
    const { proof } = play(start, found, found + 20_000, { answer: () => answerOf(newGeneration) });
    const { reloads } = play(doubt(proof), found + 20_000, found + 20_100, { answer: () => answerOf(oldGeneration) });
    expect(reloads).toHaveLength(1);
  });

  it('has a problem that names the server, its answer and the cure', () => {
    const { proof } = play(start, found, found + 60_000, { answer: () => answerOf(newGeneration), visitorsGet: () => other });
    const about = { frontend, phase: 'shadowed', ignoresReloads: false, isShadowed: true, proof } as const;
    const item = proofProblem('meet', about, signalWay);
    expect(item).toMatchObject({ code: 'shadowed', severity: 'error', container: 'meet-frontend-1' });
    expect(item?.message).toContain('docs.conf');
    expect(item?.message).toContain('status 200');
    expect(item?.cure).toContain('default.conf.template');
  });
});
