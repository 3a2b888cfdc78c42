/** Runs x86 tests for the tests: what all executions of one come to under a memory model. */
import { explore } from '../../../src/explore/explorer.ts';
import { readLitmus } from '../../../src/litmus/read.ts';
import { FinalStates, observationOf, stateText } from '../../../src/litmus/states.ts';
import { INIT } from '../../../src/memory/event.ts';
import type { MemoryModel } from '../../../src/memory/model.ts';
import { x86Tso } from '../../../src/memory/total-store-order.ts';
import { FencepostError } from '../../../src/program/error.ts';
import { BehaviourTree, Status, type Behaviour } from '../../../src/program/tree.ts';

export interface Judged {
  readonly name: string;
  readonly observation: string;
  readonly positive: number;
  readonly negative: number;
  readonly states: readonly string[];
  /** Executions in which a backward jump was taken too often. */
  readonly bounded: number;
}

export function judge(text: string, model: MemoryModel = x86Tso, file = 'test.litmus'): Judged {
  const test = readLitmus(text, file);
  const { program } = test;
  const states = new FinalStates(test);
  let bounded = 0;
  explore(new BehaviourTree(program), model, {
    begin() {
      states.clear();
      bounded = 0;
    },
    blocked: () => undefined,
    execution(g) {
      const leaves = program.threads.map((_, t) => g.next(t) as Behaviour);
      if (leaves.some(({ violation }) => violation?.property === 'loop-bound')) bounded += 1;
      if (!leaves.every(({ status }) => status === Status.End)) return;
      states.add(leaves, (name) => {
        const id = program.memory.find(name)?.id ?? -1;
        const last = id >= 0 && id < g.coLast.length ? g.coLast[id] : INIT;
        return last === INIT ? program.memory.initialValue(id) : g.value[last];
      });
    },
  });
  const { positive, negative, variables, states: found } = states.outcome();
  return {
    name: test.name,
    observation: observationOf(positive, negative),
    positive,
    negative,
    states: found.map(({ values }) => stateText(test, variables, values)),
    bounded,
  };
}

/** The error that the text is refused with. */
export function refusal(text: string, file = 'test.litmus'): FencepostError {
  try {
    readLitmus(text, file);
  } catch (error) {
    if (error instanceof FencepostError) return error;
    throw error;
  }
  throw new Error('the test was accepted');
}

/** A test of the 32-bit dialect with one process, whose instructions are given. */
export function alone(
  arch: 'X86' | 'X86_64',
  init: string,
  code: readonly string[],
  condition: string,
): string {
  return `${arch} alone\n{ ${init} }\nP0;\n${code.map((line) => `${line};\n`).join('')}${condition}\n`;
}
