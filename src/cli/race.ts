import type { Judgement } from '../check/run.ts';
import type { Witness } from '../check/witness.ts';
import { parseReplayId } from '../explore/replay.ts';
import type { ModelName } from '../memory/model.ts';
import type { Program } from '../program/program.ts';
import { renderRace, renderSummary } from '../trace/index.ts';
import type { Io } from './io.ts';

/** What brings colour to a text. */
export type Painter = Pick<Io, 'paint'>;

/** A witness with all that is needed to show it. */
export interface Shown extends Pick<Judgement, 'scenario' | 'proposal' | 'program'> {
  readonly model: ModelName;
  readonly witness: Witness;
}

/** A counterexample as people read it: one line that grep finds, the race diagram, how to get it again. */
export function counterexample(io: Painter, shown: Shown): string {
  return counterexampleOf(io, [shown]);
}

/** Counterexamples one after the other; an execution that several memory models allow is drawn once. */
export function counterexamples(io: Painter, all: readonly Shown[]): string[] {
  const same = new Map<string, [Shown, ...Shown[]]>();
  for (const shown of all) {
    const key = keyOf(shown);
    const group = same.get(key);
    if (group === undefined) same.set(key, [shown]);
    else group.push(shown);
  }
  return [...same.values()].map((group) => counterexampleOf(io, group));
}

function counterexampleOf(io: Painter, group: readonly [Shown, ...Shown[]]): string {
  const [{ scenario, proposal, program, model, witness }, ...others] = group;
  const summary = renderSummary({
    scenario: scenario.name,
    proposal: proposal.name,
    models: group.map((each) => each.model),
    property: witness.property,
    replay: witness.replay,
  });
  const names = others.map((other) => other.model);
  return `${io.paint('bold', summary)}\n\n${diagram(program, model, witness, names)}\n`;
}

/** The same for the same execution of the same threads, whatever memory model allows it. */
function keyOf({ scenario, proposal, witness }: Shown): string {
  const { digest, payload } = parseReplayId(witness.replay);
  const bytes = Buffer.from(payload).toString('base64url');
  return [scenario.name, proposal.name, witness.property, digest, bytes].join(' ');
}

/** The CPU0/CPU1 diagram of a commit message. */
export function diagram(
  program: Program,
  model: ModelName,
  { property, message, execution }: Pick<Witness, 'property' | 'message' | 'execution'>,
  others?: readonly ModelName[],
): string {
  return renderRace(program, execution, { model, others, property, message });
}

/** Judgements with a witness, ready to be shown. */
export function hasWitness(judgement: Judgement): judgement is Judgement & Shown {
  return judgement.witness !== undefined;
}
