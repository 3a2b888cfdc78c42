import { explore } from '../../../explore/explore.ts';
import { record } from '../../../explore/record.ts';
import type { LitmusTest } from '../../../litmus/test.ts';
import type { MemoryModel } from '../../../memory/model.ts';
import type { BehaviourTree } from '../../../program/tree.ts';

/**
 * Why a test has no execution that ends: who waits for what in each way that there is to get stuck. No lines where
 * nobody waits.
 */
export function stuckLines({ program }: LitmusTest, tree: BehaviourTree, model: MemoryModel): string[] {
  let ways = new Set<string>();
  explore(tree, model, {
    begin: () => (ways = new Set()),
    execution: () => undefined,
    blocked: (g) => {
      const waits = record(g).runs.flatMap(({ ends }, thread) =>
        ends.status === 'waiting' ? [`${program.threads[thread].name} waits in ${ends.for}`] : [],
      );
      if (waits.length > 0) ways.add(waits.join(', '));
    },
  });
  return ways.size === 0 ? [] : ['No execution ends.', ...[...ways].sort().map((way) => `  ${way} for ever`)];
}
