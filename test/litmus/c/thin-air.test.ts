import { describe, expect, it } from 'vitest';
import { runLitmus } from '../../../src/cli/litmus/run.ts';
import { readLitmus } from '../../../src/litmus/read.ts';
import { lkmm } from '../../../src/memory/lkmm/index.ts';

/** Load buffering: what each of two threads does with the value that it reads, and with the location of the other one. */
function lb(then: (value: string, next: string) => string): string {
  const process = (n: number, own: string, next: string): string =>
    `P${n}(int *x, int *y, int *z) { int r0 = *${own}; ${then('r0', next)} }\n`;
  return `C lb\n{}\n${process(0, 'x', 'y')}${process(1, 'y', 'x')}exists (0:r0=42 \\/ z=1)\n`;
}

describe('values that come from nowhere, in a test that names them', () => {
  it.each([
    [
      'stores hang on a number that is stored nowhere else',
      lb((r, next) => `if (${r} == 42) *${next} = 42;`),
    ],
    ['a copied value is compared with it', lb((r, next) => `*${next} = ${r}; if (${r} == 42) *z = 1;`)],
  ])('%s', (_, text) => {
    const test = readLitmus(text, 'lb.litmus');
    const [graph, enumeration] = (['graph', 'enumerate'] as const).map((engine) =>
      runLitmus(test, lkmm, { engine, now: () => 0 }),
    );
    expect(graph).toMatchObject({ observation: 'Sometimes', flags: ['data-race'], reach: 'all' });
    expect(graph.states).toEqual(enumeration.states);
  });

  it('are none where accesses are marked', () => {
    const text = lb((r, next) => `if (${r} == 42) WRITE_ONCE(*${next}, 42);`).replaceAll(
      /\*([xy]);/g,
      'READ_ONCE(*$1);',
    );
    const found = runLitmus(readLitmus(text, 'lb.litmus'), lkmm, { engine: 'graph', now: () => 0 });
    expect(found.observation).toBe('Never');
  });
});
