import { expect, it, onTestFinished } from 'vitest';
import { startDeadline } from '../../../src/util/deadline.ts';

it('allows more than ten questions without the warning of a leak', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  const deadline = startDeadline(60_000, new AbortController().signal);
  for (let question = 0; question < 12; question += 1) deadline.signal.addEventListener('abort', () => undefined);
  deadline.done();
  await new Promise(setImmediate);
  expect(warnings).toEqual([]);
});
