import { describe, expect, it } from 'vitest';
import { createReloadBudget } from '../../../src/reload/reload-budget.ts';
import type { ReloadBudget } from '../../../src/reload/reload-budget.ts';

function spent(times: number, atMs: number): ReloadBudget {
  const budget = createReloadBudget();
  for (let count = 0; count < times; count += 1) budget.spend('meet', atMs);
  return budget;
}

describe('the budget of reloads', () => {
  it('has thirty in a row', () => {
    expect(spent(29, 1000).waitMs('meet', 1000)).toBe(0);
    expect(spent(30, 1000).waitMs('meet', 1000)).toBe(2000);
  });

  it('has one more every two seconds', () => {
    const budget = spent(30, 1000);
    expect(budget.waitMs('meet', 2500)).toBe(500);
    expect(budget.waitMs('meet', 3000)).toBe(0);
    budget.spend('meet', 3000);
    expect(budget.waitMs('meet', 3000)).toBe(2000);
    expect(budget.waitMs('meet', 5000)).toBe(0);
  });

  it('is full again after a minute, and never more than full', () => {
    const budget = spent(30, 1000);
    for (let count = 0; count < 29; count += 1) budget.spend('meet', 100_000);
    expect(budget.waitMs('meet', 100_000)).toBe(0);
    budget.spend('meet', 100_000);
    expect(budget.waitMs('meet', 100_000)).toBe(2000);
  });

  it("is each instance's own, and forgotten with it", () => {
    const budget = spent(30, 1000);
    expect(budget.waitMs('other', 1000)).toBe(0);
    budget.retain(new Set(['other']));
    expect(budget.waitMs('meet', 1000)).toBe(0);
  });
});
