import type { ModelName } from '../memory/model.ts';
import type { Memory } from '../program/location.ts';
import type { Thread } from '../program/program.ts';
import type { Proposal, Site } from '../program/site.ts';
import type { Property } from './property.ts';

/**
 * `safe` is said only of all executions; a violation that was found stays one when the search stops early;
 * `bounded` is no result: a limit was hit before any violation.
 */
export type VerdictName = 'safe' | 'violated' | 'bounded';

/** What one run of a scenario works on; made afresh for every run. */
export interface World {
  readonly memory: Memory;
  readonly threads: readonly Thread[];
  readonly properties: readonly Property[];
}

/**
 * The verdict that a proposal must get, per memory model, and what that rests on: never on what the tool
 * printed.
 */
export interface Expectation {
  /** Names of proposals. */
  readonly proposals: readonly string[];
  readonly verdicts: Readonly<Partial<Record<ModelName, 'safe' | 'violated'>>>;
  readonly because: string;
}

/** A historic bug, and the proposals that show it: found in one, proven absent in the other. */
export interface BugPair {
  /** Its id in the catalogue of bugs: `C03`. */
  readonly id: string;
  /** Names of proposals. */
  readonly buggy: string;
  readonly fixed: string;
}

/** A question: a world, what each vCPU and host thread does in it, and what must hold (DESIGN.md 2). */
export interface Scenario {
  /** Kebab case: `emulated-write-vs-first-fault`. */
  readonly name: string;
  /** The question in one sentence. */
  readonly question: string;
  /** The world, and what is special about it, in a few sentences. */
  readonly doc: string;
  /** Commits, mails, manuals, and ids of the fact sheet. */
  readonly sources: readonly string[];
  /** The sites that its paths reach. */
  readonly sites: readonly Site[];
  readonly proposals: readonly Proposal[];
  readonly expectations: readonly Expectation[];
  /** The ordering protocols that it exercises, by id: `P05`. */
  readonly protocols?: readonly string[];
  readonly bugs?: readonly BugPair[];
  /** Names of proposals that break one step: each must be violated under some memory model. */
  readonly mutants?: readonly string[];
  /** Names of proposals that differ in nothing that x86 could show: `x86-tso` must call them safe. */
  readonly equivalents?: readonly string[];
  /** `deep`: too large for the default set of `fencepost regress`. */
  readonly tier?: 'default' | 'deep';
  world(): World;
}

/** The verdict expected of a proposal under a memory model; where nothing is stated, `safe`. */
export function expectedVerdict(scenario: Scenario, proposal: string, model: ModelName): 'safe' | 'violated' {
  for (const { proposals, verdicts } of scenario.expectations) {
    const verdict = verdicts[model];
    if (verdict !== undefined && proposals.includes(proposal)) return verdict;
  }
  return 'safe';
}
