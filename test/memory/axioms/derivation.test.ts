/** Relations that know why they hold are the relations of the axioms, on candidates of random programs. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidates } from '../../../src/explore/candidates.ts';
import { candidateOf } from '../../../src/program/candidate.ts';
import type { Edge, Path, Term } from '../../../src/memory/axioms/derivation.ts';
import { brokenAxioms } from '../../../src/memory/axioms/forbidding.ts';
import { AXIOMS, type Candidate } from '../../../src/memory/axioms/index.ts';
import { lkmmTerms } from '../../../src/memory/axioms/lkmm-derivation.ts';
import { lkmmRelations, lkmmStatic } from '../../../src/memory/axioms/lkmm-relations.ts';
import { MODEL_NAMES } from '../../../src/memory/model.ts';
import { BehaviourTree } from '../../../src/program/tree.ts';
import { asProgram, randomProgram, type RandomProgram } from '../../support/random-programs.ts';

const RUNS = 40;
const MOST_EACH = 12;
/** Axioms that come without a cycle. */
const WITHOUT_CYCLE = ['locking'];

function candidatesOf(program: RandomProgram, coherent: boolean): Candidate[] {
  const found: Candidate[] = [];
  let steps = 0;
  class Enough extends Error {}
  const all = candidates(new BehaviourTree(asProgram(program)), {
    coherent,
    maxEvents: 10,
    onStep: () => {
      if (++steps > 2000) throw new Enough();
    },
    onTooLarge: () => undefined,
  });
  try {
    for (const execution of all) {
      found.push(candidateOf(execution));
      if (found.length >= MOST_EACH) break;
    }
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  }
  return found;
}

const forCandidates = (coherent: boolean, holds: (candidate: Candidate) => void): void =>
  fc.assert(
    fc.property(randomProgram(), (program) => candidatesOf(program, coherent).forEach(holds)),
    { numRuns: RUNS },
  );

describe('derivations', () => {
  it.each([true, false])('are of the same hb, pb and rb (coherent: %s)', (coherent) => {
    forCandidates(coherent, (candidate) => {
      const terms = lkmmTerms(candidate, true);
      const relations = lkmmRelations(lkmmStatic(candidate.events, true), candidate);
      expect(terms.hb.relation.toString()).toBe(relations.hb.toString());
      expect(terms.pb.relation.toString()).toBe(relations.pb.toString());
      expect(terms.rb?.relation.toString() ?? '{}').toBe(relations.rb.toString());
      for (const term of [terms.hb, terms.pb, terms.rb]) if (term !== undefined) expectPaths(term);
    });
  });

  it.each([true, false])(
    'give a cycle for what the axioms forbid, and for nothing else (coherent: %s)',
    (coherent) => {
      forCandidates(coherent, (candidate) => {
        for (const model of MODEL_NAMES) {
          const axiom = AXIOMS[model].judge(candidate.events)(candidate);
          const broken = brokenAxioms(candidate, model);
          if (axiom === undefined) expect(broken).toEqual([]);
          else if (!WITHOUT_CYCLE.includes(axiom)) expect(broken.map((one) => one.axiom)).toContain(axiom);
          for (const { cycle } of broken) {
            expectPath(cycle);
            expect(cycle.at(-1)?.to).toBe(cycle[0].from);
          }
        }
      });
    },
  );
});

function expectPaths(term: Term): void {
  for (const [a, b] of term.relation.pairs()) {
    const path = term.path(a, b);
    expectPath(path);
    expect([path[0].from, path.at(-1)?.to]).toEqual([a, b]);
  }
}

/** Edges that join, each with a path of the same ends below it. */
function expectPath(path: Path): void {
  path.forEach((edge: Edge, i) => {
    if (i > 0) expect(edge.from).toBe(path[i - 1].to);
    if (edge.because.length === 0) return;
    expect([edge.because[0].from, edge.because.at(-1)?.to]).toEqual([edge.from, edge.to]);
    expectPath(edge.because);
  });
}
