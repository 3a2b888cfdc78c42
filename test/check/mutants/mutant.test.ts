import { describe, expect, it } from 'vitest';
import { mutantName, mutated, type Mutant } from '../../../src/check/mutants/mutant.ts';
import { mutantsOf, subjectOf, tryMutant } from '../../../src/check/mutants/trial.ts';
import { judge } from '../../../src/check/run.ts';
import { expectedVerdict, type Scenario } from '../../../src/check/scenario.ts';
import { memoryModels } from '../../../src/memory/models.ts';
import type { Proposal } from '../../../src/program/site.ts';
import { insideFunction } from '../../support/mutants.ts';
import { gate as bareGate, wakeUp } from '../../support/scenarios.ts';

const gate = insideFunction(bareGate);

const subject = subjectOf(gate);
const all = mutantsOf(gate, subject);

function caught(mutant: Mutant): string | undefined {
  const { caught: by } = tryMutant(gate, subject, mutant, {});
  return by && `${by.model}: ${by.by}`;
}

/** The first memory model under which every execution is looked at and some violate a property. */
function strongestViolated(scenario: Scenario, proposal: Proposal, mutant: Mutant): string | undefined {
  const changed: Scenario = {
    ...scenario,
    world() {
      const world = scenario.world();
      const threads = world.threads.map(({ name, body }) => ({ name, body: () => mutated(body(), mutant) }));
      return { ...world, threads };
    },
  };
  return memoryModels
    .filter(({ name }) => name !== 'lkmm' && expectedVerdict(scenario, proposal.name, name) === 'safe')
    .find((model) => judge(changed, proposal, model).verdict === 'violated')?.name;
}

describe('mutants of a scenario', () => {
  it('starts from what is safe under the most memory models', () => {
    expect(subject.name).toBe('both-fences');
  });

  it('does not start from what is a mutant itself', () => {
    const equivalent = { ...subject, name: 'both-fences/one-more' };
    const proposals = [...gate.proposals, equivalent];
    expect(subjectOf({ ...gate, proposals }).name).toBe(equivalent.name);
    for (const marked of [{ equivalents: [equivalent.name] }, { mutants: [equivalent.name] }])
      expect(subjectOf({ ...gate, proposals, ...marked }).name).toBe('both-fences');
  });

  it('lists each line once for each thing that can be done to it', () => {
    const names = all.map(mutantName);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('drop fn: smp_mb()');
    expect(names).toContain('swap fn: store gpte');
    expect(names.some((name) => name.startsWith('drop') && name.includes('lock'))).toBe(true);
  });

  it('catches a fence that is dropped, or stands behind what it should keep back', () => {
    expect(caught({ kind: 'drop', at: 'fn: smp_mb()' })).toBe('x86-tso: no-stale-spte');
    expect(caught({ kind: 'swap', at: 'fn: smp_mb()' })).toBe('x86-tso: no-stale-spte');
  });

  it('catches a lock that is not taken', () => {
    const lock = all.find(({ kind, at }) => kind === 'drop' && at.includes('spin lock mmu_lock'));
    expect(lock && caught(lock)).toMatch(/^sc: /);
  });

  it.each([gate, insideFunction(wakeUp(1))])(
    'puts each down to the strongest memory model that shows it: $name',
    (scenario) => {
      const proposal = subjectOf(scenario);
      for (const mutant of mutantsOf(scenario, proposal)) {
        const { caught: by, exhaustive } = tryMutant(scenario, proposal, mutant, {});
        expect(by?.model, mutantName(mutant)).toBe(strongestViolated(scenario, proposal, mutant));
        expect(exhaustive).toBe(true);
      }
    },
  );

  it('changes nothing where the line is not passed', () => {
    expect(caught({ kind: 'drop', at: 'nobody: smp_mb()' })).toBeUndefined();
  });

  it('catches a wake-up that does not come', () => {
    const scenario = insideFunction(wakeUp(1));
    const proposal = subjectOf(scenario);
    const results = mutantsOf(scenario, proposal).map((mutant) => [
      mutantName(mutant),
      tryMutant(scenario, proposal, mutant, {}).caught?.by,
    ]);
    expect(results.some(([, by]) => by === 'no-deadlock')).toBe(true);
  });
});
