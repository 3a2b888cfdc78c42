/**
 * A litmus test three ways: by the graph explorer, by the enumeration oracle over the built-in axioms, and by
 * enumeration over the same memory model in cat. All three must find the same executions.
 */
import { enumerate, type Enumeration } from '../../src/explore/enumerate.ts';
import { explore } from '../../src/explore/explore.ts';
import { construct, type Visitor } from '../../src/explore/explorer.ts';
import type { LitmusTest } from '../../src/litmus/test.ts';
import { AXIOMS, isMemoryEvent, type AxiomModel } from '../../src/memory/axioms/index.ts';
import type { MemoryModel } from '../../src/memory/model.ts';
import type { Execution } from '../../src/program/execution.ts';
import { BehaviourTree } from '../../src/program/tree.ts';
import { collect, keyOf, waitsForEver } from './agreement.ts';

/** Keys of executions that one way has found, held against those that it should have. */
export interface Difference {
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  readonly duplicate: readonly string[];
}

export interface ThreeWays {
  /** By enumeration over the axioms; those in which a thread waits for ever are among them. */
  readonly executions: number;
  readonly explorer: Difference;
  readonly cat: Difference;
  /** Executions that the explorer leaves to enumeration, so that for them two of the ways are one (decision 18). */
  readonly notBuilt: number;
}

export interface Bounds {
  /** Of an execution, without initial writes. */
  readonly events: number;
  /** Of each exploration, those that are given up included. */
  readonly executions: number;
  /** Of each enumeration. */
  readonly steps: number;
}

/** The test has more than its bounds allow. */
export class TooLarge extends Error {
  readonly bound: keyof Bounds;

  constructor(bound: keyof Bounds) {
    super(`too many ${bound}`);
    this.bound = bound;
  }
}

/** Throws TooLarge. */
export function threeWays(test: LitmusTest, model: MemoryModel, cat: AxiomModel, bounds: Bounds): ThreeWays {
  const { program } = test;
  const keys = (found: readonly Execution[]): string[] => found.map((execution) => keyOf(program, execution));
  const enumerated = (axioms: AxiomModel): string[] => {
    let steps = 0;
    const found: Enumeration = enumerate(new BehaviourTree(program), axioms, Infinity, () => {
      if (++steps > bounds.steps) throw new TooLarge('steps');
    });
    return keys([...found.executions, ...found.stuck]);
  };
  const explored = (search: (visitor: Visitor) => void): string[] => {
    const { executions, blocked } = collect((visitor) => search(bounded(visitor, bounds)));
    // One graph in which threads wait may be come to in several ways.
    return [...keys(executions), ...new Set(keys(blocked.filter(waitsForEver)))];
  };
  const built = explored((visitor) => construct(new BehaviourTree(program), model, visitor));
  const found = explored((visitor) => void explore(new BehaviourTree(program), model, visitor));
  const expected = enumerated(AXIOMS[model.name]);
  return {
    executions: expected.length,
    explorer: difference(expected, found),
    cat: difference(expected, enumerated(cat)),
    notBuilt: difference(expected, built).missing.length,
  };
}

function bounded(visitor: Visitor, bounds: Bounds): Visitor {
  let seen = 0;
  const count = (): void => {
    if (++seen > bounds.executions) throw new TooLarge('executions');
  };
  return {
    begin() {
      seen = 0;
      visitor.begin();
    },
    execution(graph) {
      count();
      const events = graph.label.slice(0, graph.n).filter(isMemoryEvent).length;
      if (events > bounds.events) throw new TooLarge('events');
      visitor.execution(graph);
    },
    blocked(graph) {
      count();
      visitor.blocked(graph);
    },
  };
}

function difference(expected: readonly string[], found: readonly string[]): Difference {
  const wanted = new Set(expected);
  const seen = new Set(found);
  return {
    missing: [...wanted].filter((key) => !seen.has(key)),
    extra: [...seen].filter((key) => !wanted.has(key)),
    duplicate: found.filter((key, i) => found.indexOf(key) !== i),
  };
}
