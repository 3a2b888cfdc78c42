/** Why a litmus test comes out as it does: `fencepost litmus --explain`. */
import { conditionText, propositionText, type Proposition } from '../../../litmus/condition.ts';
import type { LitmusTest } from '../../../litmus/test.ts';
import type { MemoryModel } from '../../../memory/model.ts';
import { BehaviourTree } from '../../../program/tree.ts';
import { renderRace } from '../../../trace/index.ts';
import { brokenLines } from './broken-text.ts';
import { flagLines } from './flag-lines.ts';
import { Limit, nearestCandidate } from './nearest.ts';
import { stuckLines } from './stuck.ts';
import { witnessOf } from './witness.ts';

const WIDTH = 72;
/** Tests with many threads need wider lines than a commit message has. */
const COLUMN = 30;

/** What a run of the test has come to. */
interface Counts {
  readonly positive: number;
  readonly negative: number;
  readonly executions: number;
  readonly exhaustive: boolean;
  readonly flags: readonly string[];
}

/**
 * A witness where the condition can come out true, else what forbids that. Of a `forall` the executions
 * that it does not hold of are what needs explaining. Lines without an end.
 */
export function explain(test: LitmusTest, model: MemoryModel, counts: Counts): string[] {
  const tree = new BehaviourTree(test.program);
  const lines = conditionLines(test, tree, model, counts);
  // The flags want every execution to be looked at once more.
  if (counts.flags.length === 0 || !counts.exhaustive) return lines;
  return [...lines, ...flagLines(test, tree, model)];
}

function conditionLines(test: LitmusTest, tree: BehaviourTree, model: MemoryModel, counts: Counts): string[] {
  const { quantifier, proposition } = test.condition;
  const isForall = quantifier === 'forall';
  const sought: Proposition = isForall ? { op: 'not', of: proposition } : proposition;
  const seeking: LitmusTest = { ...test, condition: { quantifier: 'exists', proposition: sought } };
  if ((isForall ? counts.negative : counts.positive) > 0) {
    const witness = witnessOf(seeking, tree, model);
    // The search was not exhaustive and went another way.
    if (witness === undefined) return ['Not explained: no witness was found again.'];
    const property = conditionText(test.condition);
    const message = isForall ? 'does not hold of this execution' : 'holds of this execution';
    const width = Math.max(WIDTH, COLUMN * test.processes.length);
    return renderRace(test.program, witness, { model: model.name, property, message, width }).split('\n');
  }
  if (!counts.exhaustive) return ['Not explained: not every execution was seen.'];
  const stuck = counts.executions === 0 ? stuckLines(test, tree, model) : [];
  if (stuck.length > 0) return stuck;
  const text = propositionText(sought);
  try {
    const found = nearestCandidate(seeking, tree, model.name);
    if (found === undefined) return [`No execution ends with ${text}: ${noneText(test)}.`];
    return brokenLines(found, `No execution ends with ${text}`);
  } catch (error) {
    if (!(error instanceof Limit)) throw error;
    return [`Not explained: ${error.message}.`];
  }
}

function noneText({ program: { memory } }: LitmusTest): string {
  const hasLocks = Array.from({ length: memory.size }, (_, id) => memory.at(id)).some(
    ({ kind }) => kind === 'lock',
  );
  const locks = hasLocks ? ', where each lock is held by one process at a time,' : '';
  return `no candidate${locks} has such values`;
}
