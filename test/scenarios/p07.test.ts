import { expect, it } from 'vitest';
import { judge } from '../../src/check/run.ts';
import { memoryModels } from '../../src/memory/models.ts';
import { repointedTableVsTwoFaults } from '../../scenarios/p07-reread/repointed-table-vs-two-faults.ts';

it('the repointed table is a matter of logic: the wrong SPTE stands in the page of the old one', () => {
  const v6_10 = repointedTableVsTwoFaults.proposals.find(({ name }) => name === 'v6.10');
  if (v6_10 === undefined) throw new Error('v6.10 is not among the proposals');
  const { witness } = judge(repointedTableVsTwoFaults, v6_10, memoryModels[0]);
  expect(witness?.message).toContain('sp2->spt[0] still maps data_b, but gpt_a[0] is data_a U|X');
});
