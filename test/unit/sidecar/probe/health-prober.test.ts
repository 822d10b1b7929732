import { EventEmitter, once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ProbeAnswer, ProbeTarget } from '../../../../src/sidecar/probe/probe.ts';
import { createHealthProber } from '../../../../src/sidecar/probe/health-prober.ts';
import type { HealthProber } from '../../../../src/sidecar/probe/health-prober.ts';
import { quietBoundary } from '../../../support/quiet-boundary.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const target = (by: 'tcp' | 'http', endpoint = '172.18.0.5:8000'): ProbeTarget => ({
  containerId: 'c',
  endpoint,
  health: by === 'tcp' ? { by } : { by, path: '/' },
});
const ready: ProbeAnswer = { answer: 'ready', detail: 'yes' };
const notReady: ProbeAnswer = { answer: 'not-ready', detail: 'no' };
const unclear: ProbeAnswer = { answer: 'unclear', detail: 'nothing' };

interface Probing {
  readonly prober: HealthProber;
  /** How often it was asked. */
  asked(): number;
  changes(): number;
  /** How often it had been asked when a verdict changed last. */
  askedAtChange(): number;
}

/** A prober whose container gives these answers in turn, the last one for ever. */
function probing(...answers: readonly (ProbeAnswer | Promise<ProbeAnswer>)[]): Probing {
  let asked = 0;
  let changes = 0;
  let askedAtChange = 0;
  const prober = createHealthProber(
    async () => (await answers[Math.min(asked++, answers.length - 1)]) ?? unclear,
    () => {
      changes += 1;
      askedAtChange = asked;
    },
    quietBoundary().repeat,
  );
  onTestFinished(prober.stop);
  return { prober, asked: () => asked, changes: () => changes, askedAtChange: () => askedAtChange };
}

describe('probing again and again', () => {
  it('tells once that a container became ready', async () => {
    const { prober, askedAtChange, changes } = probing(notReady, notReady, ready);
    prober.aim([target('http')]);
    expect(prober.verdicts().get('c')).toBeUndefined();
    await waitUntil('it is ready', () => prober.verdicts().get('c')?.answer === 'ready');
    expect(askedAtChange()).toBe(3);
    expect(changes()).toBe(2);
    expect(prober.verdicts().get('c')).toEqual({ ...ready, wasReady: true });
  });

  it('remembers that one that fails was ready before', async () => {
    const { prober } = probing(ready, notReady);
    prober.aim([target('tcp')]);
    await waitUntil('it fails', () => prober.verdicts().get('c')?.answer === 'not-ready');
    expect(prober.verdicts().get('c')?.wasReady).toBe(true);
  });

  it('believes a refused connection at once, an HTTP failure only the second time', async () => {
    const gate = new EventEmitter();
    const second = once(gate, 'open').then(() => notReady);
    const hiccup = probing(ready, notReady, second, ready);
    hiccup.prober.aim([target('http')]);
    await waitUntil('it has failed once', () => hiccup.asked() === 3);
    expect(hiccup.prober.verdicts().get('c')?.answer).toBe('ready');
    gate.emit('open');
    await waitUntil('it has failed twice', () => hiccup.prober.verdicts().get('c')?.answer === 'not-ready');
    expect(hiccup.askedAtChange()).toBe(3);
  });

  it('never changes a verdict for want of an answer', async () => {
    const { prober, asked, changes } = probing(ready, unclear);
    prober.aim([target('tcp')]);
    await waitUntil('it got no answer, and asks again', () => asked() >= 3);
    expect(prober.verdicts().get('c')?.answer).toBe('ready');
    expect(changes()).toBe(1);
  });

  it('goes on with a container that stays, and starts again with one at another address', async () => {
    const { prober, asked } = probing(ready);
    prober.aim([target('tcp')]);
    await waitUntil('it is ready', () => prober.verdicts().get('c')?.answer === 'ready');
    prober.aim([target('tcp')]);
    expect(prober.verdicts().get('c')?.answer).toBe('ready');
    expect(asked()).toBe(1);
    prober.aim([target('tcp', '172.18.0.6:8000')]);
    expect(prober.verdicts().get('c')).toBeUndefined();
    await waitUntil('it is asked there', () => asked() === 2);
  });

  it('forgets a container that is gone, or was restarted', async () => {
    for (const forget of [
      (prober: HealthProber) => prober.aim([]),
      (prober: HealthProber) => prober.restarted('c'),
      (prober: HealthProber) => prober.stop(),
    ]) {
      const { prober } = probing(ready);
      prober.aim([target('tcp')]);
      await waitUntil('it is ready', () => prober.verdicts().get('c')?.answer === 'ready');
      forget(prober);
      expect(prober.verdicts().get('c')).toBeUndefined();
    }
  });
});
