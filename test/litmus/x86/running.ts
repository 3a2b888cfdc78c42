/** Runs x86 tests for the tests: what all executions of one come to under a memory model. */
import { runLitmus } from '../../../src/cli/litmus/run.ts';
import type { EngineName } from '../../../src/check/engine.ts';
import { readLitmus } from '../../../src/litmus/read.ts';
import { stateText } from '../../../src/litmus/states.ts';
import type { MemoryModel } from '../../../src/memory/model.ts';
import { x86Tso } from '../../../src/memory/total-store-order.ts';
import { FencepostError } from '../../../src/program/error.ts';

export interface Judged {
  readonly name: string;
  readonly observation: string;
  readonly positive: number;
  readonly negative: number;
  readonly states: readonly string[];
  /** False where a loop was cut off. */
  readonly exhaustive: boolean;
}

export function judge(
  text: string,
  model: MemoryModel = x86Tso,
  file = 'test.litmus',
  engine: EngineName = 'graph',
): Judged {
  const test = readLitmus(text, file);
  const found = runLitmus(test, model, { engine, now: () => 0 });
  const { observation, positive, negative, exhaustive, variables } = found;
  const states = found.states.map(({ values }) => stateText(test, variables, values));
  return { name: test.name, observation, positive, negative, states, exhaustive };
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
