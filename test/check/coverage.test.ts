import { describe, expect, it } from 'vitest';
import { bugCoverage, protocolCoverage } from '../../src/check/coverage.ts';
import type { Scenario } from '../../src/check/scenario.ts';
import { MODEL_NAMES } from '../../src/memory/model.ts';
import { gate } from '../support/scenarios.ts';

const claiming: Scenario = {
  ...gate,
  protocols: ['P01'],
  mutants: ['bare', 'both-fences'],
  equivalents: ['both-fences', 'writer-fence'],
  bugs: [
    { id: 'C01', buggy: 'bare', fixed: 'both-fences' },
    { id: 'C02', buggy: 'both-fences', fixed: 'bare' },
  ],
};

describe('protocolCoverage', () => {
  it('counts a mutant as caught where some memory model is expected to catch it', () => {
    const expectations = gate.expectations.filter(({ proposals }) => proposals.includes('bare'));
    const found = protocolCoverage({ id: 'P01', title: '' }, [{ ...claiming, expectations }], MODEL_NAMES);
    expect(found).toMatchObject({
      scenarios: ['gate-vs-fault'],
      caught: ['gate-vs-fault/bare'],
      missed: ['gate-vs-fault/both-fences'],
      unflagged: ['gate-vs-fault/both-fences'],
      flagged: ['gate-vs-fault/writer-fence'],
    });
  });

  it('covers nothing with scenarios of other protocols', () => {
    expect(protocolCoverage({ id: 'P02', title: '' }, [claiming, gate], MODEL_NAMES).scenarios).toEqual([]);
  });
});

describe('bugCoverage', () => {
  it('counts a pair where one memory model finds the bug and proves the fix', () => {
    expect(bugCoverage({ id: 'C01', title: '' }, [claiming], MODEL_NAMES).pairs).toEqual([
      'gate-vs-fault: bare -> both-fences',
    ]);
    expect(bugCoverage({ id: 'C02', title: '' }, [claiming], MODEL_NAMES).pairs).toEqual([]);
  });
});
