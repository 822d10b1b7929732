import { describe, expect, it } from 'vitest';
import { problem, problemTable, sortProblems } from '../../../src/model/problem.ts';

// oxlint-disable-next-line no-control-regex -- that is what is looked for
const unsafe = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

describe('a problem', () => {
  it('has the severity of its code', () => {
    for (const [code, { severity }] of Object.entries(problemTable))
      expect(problem(code as keyof typeof problemTable, { message: 'm', cure: 'c' }).severity).toBe(severity);
  });

  it('makes all untrusted text in it safe to show', () => {
    const bad = 'x\u001b[2J\n';
    const made = problem('signal-failed', {
      instance: bad,
      container: bad,
      key: bad,
      value: bad,
      message: `signalling ${bad} failed`,
      cure: bad,
    });
    for (const [field, text] of Object.entries(made)) expect(text, field).not.toMatch(unsafe);
  });

  it('has no field that was not given', () => {
    expect(Object.keys(problem('no-port', { message: 'm', cure: 'c', container: undefined }))).toEqual([
      'code',
      'severity',
      'message',
      'cure',
    ]);
  });

  it('is listed once, in an order independent of the input', () => {
    const [a, b] = ['a', 'b'].map((container) => problem('no-port', { container, message: 'm', cure: 'c' }));
    if (a === undefined || b === undefined) throw new Error('unreachable');
    expect(sortProblems([b, a, b])).toEqual([a, b]);
  });
});
