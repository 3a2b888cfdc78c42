import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyLines } from '../../src/explore/candidates.ts';
import { candidateOver, coherentLines, type CoherentLine } from '../../src/explore/coherent-lines.ts';
import { Combination } from '../../src/explore/combination.ts';
import { combinations } from '../../src/explore/enumerate.ts';
import { threadPaths } from '../../src/explore/thread-paths.ts';
import { isAtomic, isCoherent } from '../../src/memory/axioms/common.ts';
import { BehaviourTree } from '../../src/program/tree.ts';
import { asProgram, randomProgram } from '../support/random-programs.ts';

const MOST_COMBINATIONS = 10;
const MOST_ACCESSES = 8;

test('the lines of a location are those of all orders and sources that are coherent and atomic', () => {
  let lines = 0;
  let refused = 0;
  fc.assert(
    fc.property(randomProgram({ length: 3 }), (random) => {
      const tree = new BehaviourTree(asProgram(random));
      let left = MOST_COMBINATIONS;
      for (const paths of combinations(threadPaths(tree), tree, () => undefined)) {
        if (left-- === 0) return;
        const combination = new Combination(paths, tree.program.memory);
        const { structure, values, locations } = combination;
        for (const loc of locations) {
          const accesses = structure.events.filter(({ label }) => label.loc === loc).length;
          if (combination.isLock(loc) || accesses > MOST_ACCESSES) continue;
          const all = [...anyLines(structure, values, loc)];
          const expected = all.filter((line) => {
            const candidate = candidateOver(structure, [line]);
            return isCoherent(candidate) && isAtomic(candidate);
          });
          const found = [...coherentLines(structure, values, loc)].map(textOf);
          expect(found.sort()).toEqual(expected.map(textOf).sort());
          lines += found.length;
          refused += all.length - expected.length;
        }
      }
    }),
    { numRuns: 100 },
  );
  expect(lines).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(100);
}, 60_000);

function textOf({ order, rf }: CoherentLine): string {
  const reads = rf.map(([w, r]) => `${r}<${w}`).sort();
  return `${order.join(' ')}; ${reads.join(' ')}`;
}
