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
  /** The number of probes. */
  asked(): number;
  changes(): number;
  /** The number of probes at the last change of a verdict. */
  askedAtChange(): number;
}

/** A prober of a container that gives these answers in turn, and repeats the last. */
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

describe('the health prober', () => {
  it('reports once that a container became ready', async () => {
    const { prober, askedAtChange, changes } = probing(notReady, notReady, ready);
    prober.aim([target('http')]);
    expect(prober.verdicts().get('c')).toBeUndefined();
    await waitUntil('the container is ready', () => prober.verdicts().get('c')?.answer === 'ready');
    expect(askedAtChange()).toBe(3);
    expect(changes()).toBe(2);
    expect(prober.verdicts().get('c')).toEqual({ ...ready, wasReady: true });
  });

  it('remembers that a failing container was ready before', async () => {
    const { prober } = probing(ready, notReady);
    prober.aim([target('tcp')]);
    await waitUntil('the probe fails', () => prober.verdicts().get('c')?.answer === 'not-ready');
    expect(prober.verdicts().get('c')?.wasReady).toBe(true);
  });

  it('accepts a refused connection at once, an HTTP failure only at the second probe', async () => {
    const gate = new EventEmitter();
    const second = once(gate, 'open').then(() => notReady);
    const hiccup = probing(ready, notReady, second, ready);
    hiccup.prober.aim([target('http')]);
    await waitUntil('the probe has failed once', () => hiccup.asked() === 3);
    expect(hiccup.prober.verdicts().get('c')?.answer).toBe('ready');
    gate.emit('open');
    await waitUntil('the probe has failed twice', () => hiccup.prober.verdicts().get('c')?.answer === 'not-ready');
    expect(hiccup.askedAtChange()).toBe(3);
  });

  it('keeps the verdict if there is no answer', async () => {
    const { prober, asked, changes } = probing(ready, unclear);
    prober.aim([target('tcp')]);
    await waitUntil('the probe is repeated after no answer', () => asked() >= 3);
    expect(prober.verdicts().get('c')?.answer).toBe('ready');
    expect(changes()).toBe(1);
  });

  it('keeps the verdict of a container, and begins again at another address', async () => {
    const { prober, asked } = probing(ready);
    prober.aim([target('tcp')]);
    await waitUntil('the container is ready', () => prober.verdicts().get('c')?.answer === 'ready');
    prober.aim([target('tcp')]);
    expect(prober.verdicts().get('c')?.answer).toBe('ready');
    expect(asked()).toBe(1);
    prober.aim([target('tcp', '172.18.0.6:8000')]);
    expect(prober.verdicts().get('c')).toBeUndefined();
    await waitUntil('the new address is probed', () => asked() === 2);
  });

  it('forgets a container that was removed or restarted', async () => {
    for (const forget of [
      (prober: HealthProber) => prober.aim([]),
      (prober: HealthProber) => prober.restarted('c'),
      (prober: HealthProber) => prober.stop(),
    ]) {
      const { prober } = probing(ready);
      prober.aim([target('tcp')]);
      await waitUntil('the container is ready', () => prober.verdicts().get('c')?.answer === 'ready');
      forget(prober);
      expect(prober.verdicts().get('c')).toBeUndefined();
    }
  });
});
