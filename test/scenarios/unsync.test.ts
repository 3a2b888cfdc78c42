import { describe, expect, it } from 'vitest';
import { judge } from '../../src/check/run.ts';
import { memoryModels } from '../../src/memory/models.ts';
import { linkOfStaleSubtree } from '../../scenarios/p05-unsync/link-of-stale-subtree.ts';
import { linkVsReload } from '../../scenarios/p05-unsync/link-vs-reload.ts';
import { twoFaultersVsFlush } from '../../scenarios/p05-unsync/two-faulters-vs-flush.ts';
import { unsyncVsFlush } from '../../scenarios/p05-unsync/unsync-vs-flush.ts';
import { twoTablesMarked } from '../../scenarios/p34-unsync-lock/two-tables-marked.ts';

const SMALL = [unsyncVsFlush, twoFaultersVsFlush, linkVsReload, linkOfStaleSubtree, twoTablesMarked];

describe.each(SMALL.map((scenario) => ({ name: scenario.name, scenario })))('$name', ({ scenario }) => {
  it.each(memoryModels.map((model) => ({ model, name: model.name })))('under $name', ({ model }) => {
    // The oldest and the newest kernel, and whatever breaks or mends one step.
    const between = ['v5.15', 'v6.1', 'v6.3', 'v6.6', 'v6.10', 'v6.12'];
    for (const proposal of scenario.proposals.filter(({ name }) => !between.includes(name))) {
      const { verdict, expected, exhaustive } = judge(scenario, proposal, model);
      expect([proposal.name, verdict]).toEqual([proposal.name, expected]);
      expect(exhaustive).toBe(true);
    }
  });
});

it('the two open questions show a translation that outlives a flush', () => {
  for (const scenario of [linkVsReload, twoFaultersVsFlush]) {
    const v7_1 = scenario.proposals.find(({ name }) => name === 'v7.1');
    if (v7_1 === undefined) throw new Error('v7.1 is not among the proposals');
    const { witness } = judge(scenario, v7_1, memoryModels[0]);
    expect(witness?.message).toBe('the guest still reaches data_a after its flush');
  }
});
