/** spin_trylock() and spin_is_locked() in C: what a process makes of the answer. */
import { describe, expect, it } from 'vitest';
import { runLitmus } from '../../../src/cli/litmus/run.ts';
import { conditionText } from '../../../src/litmus/condition.ts';
import { readLitmus } from '../../../src/litmus/read.ts';
import { stateText } from '../../../src/litmus/states.ts';
import { memoryModels } from '../../../src/memory/models.ts';
import type { MemoryModel } from '../../../src/memory/model.ts';

const HOLDER = 'P0(int *x, spinlock_t *l)\n{\n\tspin_lock(l);\n\tWRITE_ONCE(*x, 1);\n\tspin_unlock(l);\n}\n';

function outcomes(process: string, model: MemoryModel, engine: 'graph' | 'enumerate'): object {
  const text = `C looks\n{}\n${HOLDER}P1(int *x, int *y, spinlock_t *l)\n{\n${process}\n}\nlocations [1:r0; 1:r1; y; x]\nexists (1:r0=1)\n`;
  const test = readLitmus(text, 'looks.litmus');
  const found = runLitmus(test, model, { engine, now: () => 0 });
  const { positive, negative, flags, variables, states, exhaustive } = found;
  expect(conditionText(test.condition)).toBe('exists (1:r0=1)');
  const shown = states.map(({ values }) => stateText(test, variables, values));
  return { positive, negative, flags, exhaustive, states: shown };
}

describe('both engines read the same in', () => {
  it.each([
    ['the end of a process', 'int r0 = spin_trylock(l);\nif (r0) { WRITE_ONCE(*x, 2); spin_unlock(l); }'],
    [
      'what another event follows',
      'int r0 = spin_trylock(l);\nif (r0) { int r1 = READ_ONCE(*x); spin_unlock(l); }\nWRITE_ONCE(*y, 1);',
    ],
    [
      'an else',
      'int r0 = spin_trylock(l);\nif (!r0) { WRITE_ONCE(*y, 2); } else { spin_unlock(l); }\nint r1 = READ_ONCE(*x);',
    ],
    ['a condition that holds the call', 'if (spin_trylock(l)) { spin_unlock(l); }\nWRITE_ONCE(*y, 1);'],
    [
      'a value that is stored',
      'int r0 = spin_is_locked(l);\nWRITE_ONCE(*y, r0 + 1);\nint r1 = READ_ONCE(*x);',
    ],
    ['a lock that is kept', 'int r0 = spin_trylock(l);\nWRITE_ONCE(*y, 1);'],
  ])('%s', (_, process) => {
    for (const model of memoryModels)
      expect(outcomes(process, model, 'graph')).toEqual(outcomes(process, model, 'enumerate'));
  });
});

it('flags the unlock of a lock that a failed trylock did not get', () => {
  const [, , , lkmm] = memoryModels;
  expect(outcomes('int r0 = spin_trylock(l);\nspin_unlock(l);', lkmm, 'graph')).toMatchObject({
    flags: ['unmatched-unlock'],
  });
});
