import { describe, expect, it } from 'vitest';
import { judge } from '../../src/check/run.ts';
import { expectedVerdict } from '../../src/check/scenario.ts';
import { memoryModels } from '../../src/memory/models.ts';
import { scenarios } from '../../scenarios/index.ts';
import { forEachProposal } from '../support/same-choices.ts';

/** The deep set is judged by `fencepost regress --deep`: it takes too long for a test. */
const tasks = scenarios
  .filter(({ tier }) => tier !== 'deep')
  .map((scenario) => ({ name: scenario.name, scenario }));

describe.each(tasks)('$name', ({ scenario }) => {
  it.each(memoryModels.map((model) => ({ model: model.name, memoryModel: model })))(
    'has the verdicts expected under $model, over every execution',
    ({ memoryModel }) => {
      const judged = forEachProposal(scenario.proposals, (proposal) =>
        judge(scenario, proposal, memoryModel),
      );
      const found = judged.map(({ proposal: { name }, answer: { verdict, exhaustive, witness } }) => {
        const expected = expectedVerdict(scenario, name, memoryModel.name);
        return { proposal: name, verdict, expected, exhaustive, message: witness?.message };
      });
      for (const each of found) expect(each).toMatchObject({ verdict: each.expected, exhaustive: true });
    },
  );
});
