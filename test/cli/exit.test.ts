import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Exit, worst } from '../../src/cli/exit.ts';

const code = fc.constantFrom(...Object.values(Exit));

describe('the worst of several exit codes', () => {
  it('is the one that weighs most', () => {
    expect(worst([])).toBe(Exit.Holds);
    expect(worst([Exit.Holds, Exit.Inconclusive])).toBe(Exit.Inconclusive);
    expect(worst([Exit.Inconclusive, Exit.Violated, Exit.Holds])).toBe(Exit.Violated);
    expect(worst([Exit.Violated, Exit.BadInput])).toBe(Exit.Violated);
    expect(worst([Exit.Violated, Exit.Interrupted])).toBe(Exit.Interrupted);
  });

  it('is one of them, whatever their order and however they are grouped', () => {
    fc.assert(
      fc.property(fc.array(code), fc.array(code), (some, others) => {
        const all = [...some, ...others];
        expect([Exit.Holds, ...all]).toContain(worst(all));
        expect(worst([...others, ...some])).toBe(worst(all));
        expect(worst([worst(some), worst(others)])).toBe(worst(all));
      }),
    );
  });

  it('is 0 only where everything holds', () => {
    fc.assert(
      fc.property(fc.array(code), (all) => {
        expect(worst(all) === Exit.Holds).toBe(all.every((each) => each === Exit.Holds));
      }),
    );
  });
});
