import type { Program } from '../program/program.ts';
import type { Steps } from '../program/operation.ts';
import type { Behaviour } from '../program/tree.ts';
import type { Condition, Proposition, Variable } from './condition.ts';
import { finalRegisters } from './registers.ts';

/** The dialects that there are; the name is the first word of a test. */
export const ARCHITECTURES = ['C', 'X86', 'X86_64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** Values of a process' registers by name; a register that is missing holds 0. */
export type Registers = ReadonlyMap<string, number>;

/** One process of a test: a step program that leaves its registers in `final` when it ends. */
export interface Process {
  /** `P0`. */
  readonly name: string;
  readonly body: (final: Map<string, number>) => Steps;
}

/** A litmus test, whatever the dialect that it was written in. */
export interface LitmusTest {
  readonly name: string;
  readonly arch: Architecture;
  /** As the user named it. */
  readonly file: string;
  readonly program: Program;
  readonly processes: readonly Process[];
  readonly condition: Condition;
  /** Executions whose final state it does not satisfy do not count. */
  readonly filter: Proposition | undefined;
  /** What `locations [...]` asks to see besides the variables of the condition. */
  readonly locations: readonly Variable[];
  /** Lines `Key=value` of the header, and `Result` from a comment of that kind. */
  readonly info: ReadonlyMap<string, string>;
  /** The address of a location as a value; undefined where there is no such location. */
  readonly addressOf: (location: string) => number | undefined;
  /** The location at an address; undefined for values that are none. */
  readonly nameAt: (value: number) => string | undefined;
}

/** The registers at the end of a process: `leaf` is the end of its behaviour tree that it has reached. */
export function registersAt(test: LitmusTest, leaf: Behaviour): Registers {
  return finalRegisters(test.program, test.processes[leaf.thread], leaf);
}
