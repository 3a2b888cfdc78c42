import { describe, expect, it } from 'vitest';
import { judge } from '../../src/check/run.ts';
import { memoryModels } from '../../src/memory/models.ts';
import { scenarios } from '../../scenarios/index.ts';
import { forEachProposal } from '../support/same-choices.ts';

/** A small one, whose proposals are kernels from v5.14 on, fixes and mutants. */
const scenario = scenarios.find(({ name }) => name === 'walk-vs-free');
if (scenario === undefined) throw new Error('there is no scenario walk-vs-free');

describe('proposals that make the same choices', () => {
  it.each(memoryModels)('are judged alike under $name, and fewer are asked about', (model) => {
    const asked: string[] = [];
    const judged = forEachProposal(scenario.proposals, (proposal) => {
      asked.push(proposal.name);
      const { verdict, executions } = judge(scenario, proposal, model);
      return { verdict, executions };
    });
    const alone = scenario.proposals.map((proposal) => {
      const { verdict, executions } = judge(scenario, proposal, model);
      return { proposal, answer: { verdict, executions } };
    });
    expect(judged).toEqual(alone);
    expect(asked.length).toBeLessThan(scenario.proposals.length);
    expect(asked).toContain(scenario.mutants?.[0]);
  });
});
