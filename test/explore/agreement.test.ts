/**
 * The engines against each other on random programs (DESIGN.md 5): the graph explorer finds exactly the
 * executions of enumeration, each once; the axioms of sc and x86-tso allow exactly the outcomes of the abstract
 * machine; a stronger memory model allows no more than a weaker one.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fence } from '../../src/memory/event.ts';
import { AXIOMS } from '../../src/memory/axioms/index.ts';
import { lkmm, lkmmMarked } from '../../src/memory/lkmm/index.ts';
import type { MemoryModel, ModelName } from '../../src/memory/model.ts';
import { sc, x86Tso } from '../../src/memory/total-store-order.ts';
import { enumerate, EnumerationLimit } from '../../src/explore/enumerate.ts';
import { interleave } from '../../src/explore/interleave.ts';
import { outcomeOf } from '../../src/explore/outcome.ts';
import type { Execution } from '../../src/program/execution.ts';
import { BehaviourTree } from '../../src/program/tree.ts';
import { compare, keyOf, report } from '../support/agreement.ts';
import { fuzzRuns } from '../support/fuzz.ts';
import {
  asProgram,
  randomProgram,
  type Ingredients,
  type RandomProgram,
} from '../support/random-programs.ts';

/** The memory models whose explorer is held against enumeration, and how many programs of each kind. */
const EXPLORED: readonly { model: MemoryModel; runs: number }[] = [
  { model: sc, runs: 150 },
  { model: x86Tso, runs: 150 },
  { model: lkmmMarked, runs: 100 },
  { model: lkmm, runs: 80 },
];

const RCU: readonly Fence[] = [Fence.RcuLock, Fence.RcuUnlock, Fence.SyncRcu, Fence.SyncSrcu];
const WITHOUT_RCU = Object.values(Fence).filter((fence) => !RCU.includes(fence));

/** Programs with more candidates than this are passed over. */
const LIMIT = 4000;

/** Runs a property on unbiased random programs, passing over those that are too large to enumerate. */
function forPrograms(
  ingredients: Ingredients,
  numRuns: number,
  holds: (program: RandomProgram) => void,
): void {
  fc.assert(
    fc.property(randomProgram(ingredients), (program) => {
      try {
        holds(program);
      } catch (error) {
        if (!(error instanceof EnumerationLimit)) throw error;
      }
    }),
    { ...fuzzRuns(numRuns), unbiased: true },
  );
}

describe('the graph explorer finds what enumeration finds', () => {
  for (const { model, runs } of EXPLORED) {
    it(`${model.name}: spinlocks, and threads that wait for ever`, () => {
      forPrograms({ rwlocks: false }, runs, (program) =>
        expect(report(compare(asProgram(program), model, LIMIT))).toBe(''),
      );
    });

    it(`${model.name}: looks at locks`, () => {
      forPrograms({ rwlocks: false, looks: true, length: 3 }, runs, (program) =>
        expect(report(compare(asProgram(program), model, LIMIT))).toBe(''),
      );
    });

    // A read section may follow any write section that is there, so the explorer misses deadlocks through
    // read sections: what waits for ever is not compared, and nothing waits.
    it(`${model.name}: rwlocks`, () => {
      forPrograms({ stops: false }, runs, (program) =>
        expect(report(compare(asProgram(program), model, LIMIT), false)).toBe(''),
      );
    });

    it(`${model.name}: RCU and SRCU`, () => {
      const ingredients = { rwlocks: false, spinlocks: false, stops: false, choices: false };
      for (const part of [{ fences: RCU }, { fences: [Fence.Mb, Fence.SyncSrcu], srcu: true }]) {
        forPrograms({ ...ingredients, ...part }, runs, (program) =>
          expect(report(compare(asProgram(program), model, LIMIT))).toBe(''),
        );
      }
    });

    it(`${model.name}: no locks`, () => {
      forPrograms({ rwlocks: false, spinlocks: false }, runs, (program) =>
        expect(report(compare(asProgram(program), model, LIMIT))).toBe(''),
      );
    });
  }
});

describe('plain accesses within sections of locks, lkmm', () => {
  const kinds: readonly (Ingredients & { name: string })[] = [
    { name: 'spinlocks', rwlocks: false },
    { name: 'rwlocks', spinlocks: false, stops: false },
    { name: 'both', stops: false },
    { name: 'looks at locks', rwlocks: false, looks: true },
  ];
  it.each(kinds)('$name', ({ stops, ...ingredients }) => {
    forPrograms({ ...ingredients, stops, guarded: true, length: 3 }, 60, (program) =>
      expect(report(compare(asProgram(program), lkmm, LIMIT), stops !== false)).toBe(''),
    );
  });
});

describe('axioms and abstract machine have the same outcomes', () => {
  const kinds: readonly (Ingredients & { name: string; runs: number })[] = [
    { name: 'no looks at locks', runs: 250 },
    { name: 'looks at locks', runs: 250, looks: true },
    {
      name: 'read sections and grace periods',
      runs: 150,
      srcu: true,
      stops: false,
      rwlocks: false,
      spinlocks: false,
    },
  ];
  for (const model of ['sc', 'x86-tso'] as const) {
    it.each(kinds)(`${model}, $name`, ({ runs, ...ingredients }) => {
      forPrograms({ fences: WITHOUT_RCU, ...ingredients }, runs, (random) => {
        const program = asProgram(random);
        const tree = new BehaviourTree(program);
        const { executions, stuck } = enumerate(tree, AXIOMS[model], LIMIT);
        const machine = interleave(tree, model);
        const outcomes = (found: readonly Execution[]): string[] =>
          [...new Set(found.map((execution) => outcomeOf(program, execution)))].sort();
        expect(outcomes(executions)).toEqual([...machine.outcomes].sort());
        // A grace period that waits for ever is no execution of any kind for the axioms.
        const stuckMachine = [...machine.stuck].filter(
          (outcome) => !outcome.includes('waits in synchronize_'),
        );
        expect(outcomes(stuck)).toEqual(stuckMachine.sort());
      });
    });
  }
});

describe('a stronger memory model allows no more', () => {
  /**
   * The kernel's mapping is sound: whatever the hardware does, LKMM allows. x86 orders more than LKMM asks for (RMWs
   * of every strength, taking any lock), never less. What LKMM knows nothing of is left out.
   */
  const fences = Object.values(Fence).filter((fence) => fence !== Fence.X86Only);
  const keys = (program: RandomProgram, model: ModelName): Set<string> => {
    const built = asProgram(program);
    const { executions } = enumerate(new BehaviourTree(built), AXIOMS[model], LIMIT);
    return new Set(executions.map((execution) => keyOf(built, execution)));
  };
  const CHAIN: readonly ModelName[] = ['sc', 'x86-tso', 'lkmm-marked', 'lkmm'];
  for (const [i, weaker] of CHAIN.slice(1).entries()) {
    it(`${CHAIN[i]} ⊆ ${weaker}`, () => {
      forPrograms({ fences, looks: true }, 100, (program) => {
        const allowed = keys(program, weaker);
        expect([...keys(program, CHAIN[i])].filter((key) => !allowed.has(key))).toEqual([]);
      });
    });
  }
});
