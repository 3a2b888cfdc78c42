import { describe, expect, it } from 'vitest';
import { judge } from '../../src/check/run.ts';
import { memoryModels } from '../../src/memory/models.ts';
import { scenarios } from '../../scenarios/index.ts';

/** The deep set is judged by `fencepost regress --deep`: it takes too long for a test. */
const tasks = scenarios
  .filter(({ tier }) => tier !== 'deep')
  .map((scenario) => ({ name: scenario.name, scenario }));

describe.each(tasks)('$name', ({ scenario }) => {
  it.each(memoryModels.map((model) => ({ model: model.name, memoryModel: model })))(
    'has the verdicts expected under $model, over every execution',
    ({ memoryModel }) => {
      const found = scenario.proposals.map((proposal) => {
        const { verdict, expected, exhaustive, witness } = judge(scenario, proposal, memoryModel);
        return { proposal: proposal.name, verdict, expected, exhaustive, message: witness?.message };
      });
      for (const each of found) expect(each).toMatchObject({ verdict: each.expected, exhaustive: true });
    },
  );
});
