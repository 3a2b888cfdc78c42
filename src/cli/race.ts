import type { Judgement } from '../check/run.ts';
import type { Witness } from '../check/witness.ts';
import type { ModelName } from '../memory/model.ts';
import type { Program } from '../program/program.ts';
import { renderRace, renderSummary } from '../trace/index.ts';
import type { Io } from './io.ts';

/** A witness with all that is needed to show it. */
export interface Shown extends Pick<Judgement, 'scenario' | 'proposal' | 'program'> {
  readonly model: ModelName;
  readonly witness: Witness;
}

/** A counterexample as people read it: one line that grep finds, the race diagram, how to get it again. */
export function counterexample(io: Io, shown: Shown): string {
  const { scenario, proposal, program, model, witness } = shown;
  const summary = renderSummary({
    scenario: scenario.name,
    proposal: proposal.name,
    model,
    property: witness.property,
    replay: witness.replay,
  });
  return `${io.paint('bold', summary)}\n\n${diagram(program, model, witness)}\n`;
}

/** The CPU0/CPU1 diagram of a commit message. */
export function diagram(
  program: Program,
  model: ModelName,
  { property, message, execution }: Pick<Witness, 'property' | 'message' | 'execution'>,
): string {
  return renderRace(program, execution, { model, property, message });
}

/** Judgements with a witness, ready to be shown. */
export function hasWitness(judgement: Judgement): judgement is Judgement & Shown {
  return judgement.witness !== undefined;
}
