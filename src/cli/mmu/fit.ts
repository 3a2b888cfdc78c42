/**
 * Least squares with costs that are not negative: every subset of the costs is tried, the others being zero. Where the
 * data cannot tell two costs apart, the smaller costs are taken (a trace of ridge regression decides).
 */

export interface Fit {
  /** One cost for each column; zero where it was left out. */
  readonly costs: readonly number[];
  /** How many are not zero. */
  readonly fitted: number;
}

const RIDGE = 1e-9;

/** `rows` are counts, `times` what was measured for each row. */
export function fitCosts(rows: readonly (readonly number[])[], times: readonly number[]): Fit {
  const columns = rows[0].length;
  let best: { readonly fit: Fit; readonly error: number } | undefined;
  for (let subset = 0; subset < 2 ** columns; subset++) {
    const chosen = Array.from({ length: columns }, (_, i) => i).filter((i) => (subset >> i) % 2 === 1);
    const solved = solve(rows, times, chosen);
    if (solved.some((cost) => cost < 0)) continue;
    const costs = Array.from({ length: columns }, (_, i) => {
      const at = chosen.indexOf(i);
      return at < 0 ? 0 : solved[at];
    });
    const error = rows.reduce((sum, row, i) => sum + (predict(row, costs) - times[i]) ** 2, 0);
    if (best === undefined || error < best.error - RIDGE) {
      best = { fit: { costs, fitted: costs.filter((cost) => cost > 0).length }, error };
    }
  }
  return best?.fit ?? { costs: Array<number>(columns).fill(0), fitted: 0 };
}

export function predict(row: readonly number[], costs: readonly number[]): number {
  return row.reduce((sum, count, i) => sum + count * costs[i], 0);
}

/** Normal equations of the chosen columns, by Gauss-Jordan elimination. */
function solve(
  rows: readonly (readonly number[])[],
  times: readonly number[],
  chosen: readonly number[],
): number[] {
  const sum = (f: (row: readonly number[], i: number) => number): number =>
    rows.reduce((all, row, i) => all + f(row, i), 0);
  const system = chosen.map((a) => [
    ...chosen.map((b) => sum((row) => row[a] * row[b]) + (a === b ? RIDGE : 0)),
    sum((row, i) => row[a] * times[i]),
  ]);
  for (let pivot = 0; pivot < chosen.length; pivot++) {
    const best = system.reduce(
      (at, row, i) => (i > pivot && Math.abs(row[pivot]) > Math.abs(system[at][pivot]) ? i : at),
      pivot,
    );
    [system[pivot], system[best]] = [system[best], system[pivot]];
    const scale = system[pivot][pivot];
    system[pivot] = system[pivot].map((value) => value / scale);
    for (let other = 0; other < chosen.length; other++) {
      if (other === pivot) continue;
      const by = system[other][pivot];
      system[other] = system[other].map((value, i) => value - by * system[pivot][i]);
    }
  }
  return system.map((row) => row[chosen.length]);
}
