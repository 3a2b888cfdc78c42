import { expect, it } from 'vitest';
import { judge } from '../../src/check/run.ts';
import { memoryModels } from '../../src/memory/models.ts';
import { linkVsReload } from '../../scenarios/p05-unsync/link-vs-reload.ts';
import { twoFaultersVsFlush } from '../../scenarios/p05-unsync/two-faulters-vs-flush.ts';

it('the two open questions show a translation that outlives a flush', () => {
  for (const scenario of [linkVsReload, twoFaultersVsFlush]) {
    const v7_1 = scenario.proposals.find(({ name }) => name === 'v7.1');
    if (v7_1 === undefined) throw new Error('v7.1 is not among the proposals');
    const { witness } = judge(scenario, v7_1, memoryModels[0]);
    expect(witness?.message).toBe('the guest still reaches data_a after its flush');
  }
});
