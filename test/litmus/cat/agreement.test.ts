/** The memory models of `models/cat` against the built-in axioms, on random programs and as sets of executions. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AXIOMS, type AxiomModel } from '../../../src/memory/axioms/index.ts';
import { dataRaces } from '../../../src/memory/axioms/lkmm.ts';
import { enumerate, EnumerationLimit } from '../../../src/explore/enumerate.ts';
import { BehaviourTree } from '../../../src/program/tree.ts';
import { keyOf } from '../../support/agreement.ts';
import {
  asProgram,
  randomProgram,
  type Ingredients,
  type RandomProgram,
} from '../../support/random-programs.ts';
import { candidatesOf, ownModel } from './support.ts';

/** Programs with more candidates than this are passed over. */
const LIMIT = 600;

const RUNS = { sc: 60, 'x86-tso': 60, lkmm: 45 } as const;

const KINDS: readonly (readonly [string, Ingredients])[] = [
  ['no locks', { rwlocks: false, spinlocks: false }],
  ['spinlocks', { rwlocks: false }],
  ['looks at locks', { rwlocks: false, looks: true, stops: false }],
  ['rwlocks', { spinlocks: false }],
  ['srcu', { spinlocks: false, rwlocks: false, srcu: true }],
];

function found(random: RandomProgram, model: AxiomModel): string[] {
  const program = asProgram(random);
  const { executions, stuck } = enumerate(new BehaviourTree(program), model, LIMIT);
  const keys = [executions, stuck].map((list, i) =>
    list.map((execution) => `${i} ${keyOf(program, execution)}`),
  );
  return keys.flat().sort();
}

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
    { numRuns, unbiased: true },
  );
}

describe('cat and built-in axioms allow the same executions', () => {
  for (const name of ['sc', 'x86-tso', 'lkmm'] as const) {
    const model = ownModel(name);
    for (const [kind, ingredients] of KINDS) {
      it(`${name}: ${kind}`, () => {
        forPrograms(ingredients, RUNS[name], (program) =>
          expect(found(program, model)).toEqual(found(program, AXIOMS[name])),
        );
      });
    }
  }
});

it('lkmm: the data-race flag goes up where the built-in axioms find a race', () => {
  const model = ownModel('lkmm');
  let races = 0;
  forPrograms({ stops: false }, 40, (program) => {
    for (const candidate of candidatesOf(asProgram(program), AXIOMS.lkmm, LIMIT)) {
      const race = model.flags(candidate).includes('data-race');
      races += Number(race);
      expect(race).toBe(!dataRaces(candidate).isEmpty);
    }
  });
  expect(races).toBeGreaterThan(0);
});
