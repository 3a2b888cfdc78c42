import { describe, expect, it } from 'vitest';
import { mutantName, type Mutant } from '../../src/check/mutants/mutant.ts';
import { mutantsOf, subjectOf, tryMutant } from '../../src/check/mutants/trial.ts';
import { scenarios } from '../../scenarios/index.ts';
import { survivorClasses, survivors } from '../../scenarios/survivors.ts';

/** The mutants of the catalogue by name, with the scenarios that pass their lines. */
const known = new Map<string, { mutant: Mutant; passedBy: string[] }>();
for (const scenario of scenarios) {
  for (const mutant of mutantsOf(scenario, subjectOf(scenario))) {
    const entry = known.get(mutantName(mutant)) ?? { mutant, passedBy: [] };
    entry.passedBy.push(scenario.name);
    known.set(mutantName(mutant), entry);
  }
}

/** Small ones of each class, and some that are caught: the whole run is `fencepost mutants`. */
const SURVIVING = [
  'drop kvm_vm_ioctl_create_vcpu: store kvm->online_vcpus',
  'swap kvm_vm_ioctl_create_vcpu: store kvm->online_vcpus',
  'drop kvm_dirty_ring_reset: store entry->flags',
  'drop pte_list_remove: store kmem_cache_free(list)',
];
const CAUGHT = [
  'weaken mmu_first_shadow_root_alloc: store kvm->arch.shadow_root_allocated',
  'drop kvm_mmu_notifier_invalidate_range_end: store kvm->mn_active_invalidate_count',
  'drop kvm_dirty_ring_push: smp_wmb()',
  'drop __get_spte_lockless: smp_rmb()',
];

function isCaught(name: string): boolean {
  const entry = known.get(name);
  if (entry === undefined) throw new Error(`there is no mutant «${name}»`);
  const { mutant, passedBy } = entry;
  return scenarios
    .filter((scenario) => passedBy.includes(scenario.name))
    .some((scenario) => tryMutant(scenario, subjectOf(scenario), mutant, {}).caught !== undefined);
}

describe('mutants that no scenario catches', () => {
  it('are mutants of lines that some path passes', () => {
    expect(Object.keys(survivors).filter((name) => !known.has(name))).toEqual([]);
  });

  it('are explained once each, with a reason', () => {
    const explanations = Object.values(survivorClasses).flat();
    const names = explanations.flatMap(({ mutants }) => mutants);
    expect(new Set(names).size).toBe(names.length);
    for (const { because, mutants } of explanations) {
      expect(because.length).toBeGreaterThan(20);
      expect(mutants.length).toBeGreaterThan(0);
    }
  });

  it.each(SURVIVING)('pass as said: %s', (name) => {
    expect(survivors[name]).toBeDefined();
    expect(isCaught(name)).toBe(false);
  });

  it.each(CAUGHT)('are not those that are caught: %s', (name) => {
    expect(survivors[name]).toBeUndefined();
    expect(isCaught(name)).toBe(true);
  });
});
