import type { Judgement } from '../../check/run.ts';
import type { Scenario } from '../../check/scenario.ts';
import type { MemoryModel } from '../../memory/model.ts';
import { changedProposal, disagreements } from '../../patch/changed-proposal.ts';
import type { PatchReading } from '../../patch/report.ts';
import type { Proposal } from '../../program/site.ts';
import { proposalsOf, sitesOf } from '../catalogue.ts';
import type { Flags } from '../flags.ts';
import type { Io } from '../io.ts';
import { judgeAll } from '../judging.ts';
import { changed } from '../proposal.ts';

/** How a verdict moved. `unknown`: a bound was hit on one side, and the other does not settle it. */
export type Outcome = 'regressed' | 'fixed' | 'still violated' | 'still safe' | 'unknown';

export interface Comparison {
  readonly before: Judgement;
  readonly after: Judgement;
  readonly outcome: Outcome;
}

export interface JudgedPatch {
  readonly reading: PatchReading;
  readonly base: Proposal;
  readonly guessed: boolean;
  /** Changes whose removed code is not what the base has: the patch was made for another version. */
  readonly misfits: PatchReading['changes'];
  /** The base with the patch; the base itself when nothing that is modelled changes. */
  readonly patched: Proposal;
  readonly comparisons: readonly Comparison[];
  /** Whether Ctrl-C came before every comparison was made. */
  readonly interrupted: boolean;
}

/** Judges patches one after the other; what holds without them is found out once per base. */
export class PatchJudge {
  readonly #scenarios: readonly Scenario[];
  readonly #models: readonly MemoryModel[];
  readonly #flags: Flags;
  readonly #io: Io;
  readonly #known = new Map<string, Judgement>();

  constructor(scenarios: readonly Scenario[], models: readonly MemoryModel[], flags: Flags, io: Io) {
    this.#scenarios = scenarios;
    this.#models = models;
    this.#flags = flags;
    this.#io = io;
  }

  judge(reading: PatchReading, base: Proposal, guessed: boolean): JudgedPatch {
    const { choices } = changedProposal(base, reading.changes);
    const patched = changed(base, choices, proposalsOf(this.#scenarios), sitesOf(this.#scenarios));
    const touched = new Set(reading.changes.map(({ site }) => site.name));
    const concerned = this.#scenarios.filter(({ sites }) => sites.some(({ name }) => touched.has(name)));
    const comparisons: Comparison[] = [];
    const wanted = concerned.flatMap((scenario) => this.#models.map((model) => ({ scenario, model })));
    const interrupted = wanted.some(({ scenario, model }) => {
      const before = this.#judged(scenario, base, model);
      if (before.interrupted) return true;
      const after = this.#judged(scenario, patched, model);
      comparisons.push({ before, after, outcome: outcomeOf(before, after) });
      return after.interrupted;
    });
    const misfits = disagreements(base, reading.changes);
    return { reading, base, guessed, misfits, patched, comparisons, interrupted };
  }

  #judged(scenario: Scenario, proposal: Proposal, model: MemoryModel): Judgement {
    const key = [scenario.name, proposal.name, model.name].join(' ');
    let judgement = this.#known.get(key);
    if (judgement === undefined) {
      [judgement] = [...judgeAll([{ scenario, proposal, model }], this.#flags, this.#io)];
      this.#known.set(key, judgement);
    }
    return judgement;
  }
}

function outcomeOf({ verdict: before }: Judgement, { verdict: after }: Judgement): Outcome {
  if (after === 'violated')
    return before === 'violated' ? 'still violated' : before === 'safe' ? 'regressed' : 'unknown';
  if (after === 'bounded') return 'unknown';
  return before === 'violated' ? 'fixed' : 'still safe';
}
