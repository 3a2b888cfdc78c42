import { describe, expect, it } from 'vitest';
import { fitCosts, predict } from '../../../src/cli/mmu/fit.ts';

describe('the fit of costs', () => {
  const rows = [
    [1, 0, 1],
    [1, 4, 0],
    [1, 4, 8],
  ];

  it('finds costs that made the times', () => {
    const costs = [3, 0.5, 2];
    const times = rows.map((row) => predict(row, costs));
    const fit = fitCosts(rows, times);
    expect(fit.fitted).toBe(3);
    fit.costs.forEach((cost, i) => {
      expect(cost).toBeCloseTo(costs[i], 4);
    });
  });

  it('has no negative costs, whatever the times', () => {
    for (const times of [
      [9, 1, 1],
      [1, 9, 0],
      [0, 0, 5],
    ]) {
      for (const cost of fitCosts(rows, times).costs) expect(cost).toBeGreaterThanOrEqual(0);
    }
  });
});
