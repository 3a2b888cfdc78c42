import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explore/explore.ts';
import { interleave } from '../../src/explore/interleave.ts';
import { outcomeOf } from '../../src/explore/outcome.ts';
import { record } from '../../src/explore/record.ts';
import { sc, x86Tso } from '../../src/memory/total-store-order.ts';
import type { Execution } from '../../src/program/execution.ts';
import { Memory } from '../../src/program/location.ts';
import { branch, fetchAdd, readOnce, writeOnce } from '../../src/program/operations.ts';
import { defineProgram, type Program } from '../../src/program/program.ts';
import { BehaviourTree } from '../../src/program/tree.ts';

/** Store buffering whose second location, and a counter with an initial value, are named on the way. */
function program(): Program {
  const memory = new Memory();
  const x = memory.location('x');
  const late = () => memory.location('late', 5);
  return defineProgram('late-locations', memory, [
    {
      name: 'A',
      *body() {
        yield* writeOnce(x, 1);
        const seen = yield* readOnce(late());
        if ((yield* branch(seen)) === 5) yield* fetchAdd(memory.location('counter', 7), 1);
      },
    },
    {
      name: 'B',
      *body() {
        yield* writeOnce(late(), 6);
        const seen = yield* readOnce(x);
        if ((yield* branch(seen)) === 0) yield* fetchAdd(memory.location('counter', 7), 1);
      },
    },
  ]);
}

describe('locations that are named on the way', () => {
  it.each([sc, x86Tso])('mean the same to the interleaving oracle and to the explorer: $name', (model) => {
    const tree = new BehaviourTree(program());
    const ends: (number | undefined)[] = [];
    const { outcomes } = interleave(tree, model.name as 'sc' | 'x86-tso', Infinity, ({ memory }) => {
      ends.push(memory[(tree.program.memory.find('counter') as { id: number }).id]);
    });
    const found: Execution[] = [];
    explore(tree, model, {
      begin: () => (found.length = 0),
      execution: (graph) => found.push(record(graph)),
      blocked: () => expect.unreachable(),
    });
    expect([...outcomes].sort()).toEqual(
      [...new Set(found.map((each) => outcomeOf(tree.program, each)))].sort(),
    );
    expect(new Set(ends)).toEqual(new Set(model.name === 'sc' ? [7, 8] : [7, 8, 9]));
  });
});
