import { flagsOf, flagText } from '../../../check/flags.ts';
import { explore } from '../../../explore/explore.ts';
import { FlagWatch } from '../../../explore/flag-watch.ts';
import { record } from '../../../explore/record.ts';
import type { LitmusTest } from '../../../litmus/test.ts';
import type { MemoryModel } from '../../../memory/model.ts';
import type { BehaviourTree } from '../../../program/tree.ts';
import { satisfiedBy } from './satisfied.ts';

/** The accesses that earn a flag, and for a race the missing order; one line for each pair of them. */
export function flagLines(test: LitmusTest, tree: BehaviourTree, model: MemoryModel): string[] {
  let watch = new FlagWatch();
  const counts = satisfiedBy(
    { ...test, condition: { quantifier: 'exists', proposition: { op: 'true' } } },
    tree,
  );
  explore(tree, model, {
    begin: () => (watch = new FlagWatch()),
    blocked: () => undefined,
    execution: (g) => {
      if (counts(record(g))) watch.seeGraph(g);
    },
  });
  return flagsOf(test.program, watch.flagged).map(flagText);
}
