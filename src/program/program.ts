import type { Memory } from './location.ts';
import type { Steps } from './operation.ts';
import type { Proposal } from './site.ts';

/** One thread: a vCPU or a host task, and the step program that it runs. */
export interface Thread {
  /** Column heading of a trace: `CPU0 (emulated write)`. */
  readonly name: string;
  readonly body: () => Steps<unknown>;
}

/**
 * A closed concurrent program. Its threads are re-run at will: bodies must be deterministic (DESIGN.md 4).
 */
export interface Program {
  readonly name: string;
  readonly memory: Memory;
  readonly threads: readonly Thread[];
  readonly proposal: Proposal;
  /** Numbers in the text of the threads, where there is one: they may be treated specially though nobody stores them. */
  readonly literals?: readonly number[];
}

/** A proposal that chooses nothing, for programs without sites. */
export const AS_WRITTEN: Proposal = { name: 'as-written', doc: 'the program as it stands', choices: {} };

export function defineProgram(
  name: string,
  memory: Memory,
  threads: readonly Thread[],
  proposal: Proposal = AS_WRITTEN,
): Program {
  return { name, memory, threads, proposal };
}
