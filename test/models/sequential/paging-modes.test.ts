import { describe, expect, it } from 'vitest';
import type { Step } from 'fencepost';
import {
  BASELINE,
  SequentialGuest,
  type GuestOperation,
  type GuestState,
} from '../../../models/sequential/index.ts';
import {
  lengthOf,
  policyNamed,
  rememberedAndWatched,
  searched,
  searchedWithRole,
  worldNamed,
} from '../../support/sequential.ts';

const WORLDS = ['shadow-pae', 'shadow-32bit', 'shadow-paging-modes'];

describe('guests with PAE and 32-bit paging', () => {
  it.each([...WORLDS, 'tdp-paging-modes', 'direct-paging-modes'])(
    'see nothing wrong in %s under the baseline',
    (world) => {
      expect(searched(world, BASELINE, 3)).toMatchObject({ verdict: 'bounded', why: 'depth', depth: 3 });
    },
  );

  it('have nothing left to try in shadow-pae', () => {
    expect(searched('shadow-pae', BASELINE, 20)).toMatchObject({ verdict: 'safe' });
  });

  // An access makes the SPTEs, a store changes the PDPTE in memory, MOV CR3 loads it.
  it('notice PDPTEs that are loaded and not taken over, by 3 operations', () => {
    const found = searched('shadow-pae', policyNamed('v7.1-repaired/pdptes-change-unnoticed'), 3);
    expect(lengthOf(found)).toBe(3);
    expect(lengthOf(searched('shadow-pae', policyNamed('v5.15'), 3))).toBe(3);
    expect(searched('shadow-pae', policyNamed('v6.1'), 3).verdict).toBe('bounded');
  });

  it('find no root where a PDPTE has appeared that was not taken over', () => {
    const policy = policyNamed('v7.1-repaired/pdptes-change-unnoticed');
    const guest = new SequentialGuest(worldNamed('shadow-pae'), policy);
    const trace: GuestOperation[] = [];
    let state = guest.initial;
    const perform = (text: string): Step<GuestState> => {
      const operation = [...guest.operations(state)].find(
        (each) => guest.describeTrace([...trace, each]).at(-1) === `vCPU 0: ${text}`,
      );
      if (operation === undefined) throw new Error(text);
      const step = guest.perform(state, operation);
      if (step.kind === 'state') ({ state } = step);
      trace.push(operation);
      return step;
    };
    for (const text of [
      'pdpt_a[0] = 0',
      'MOV CR3: pdpt_b',
      'MOV CR3: pdpt_a',
      'pdpt_a[0] = pd X, A clear, D clear',
      'MOV CR3: pdpt_a',
    ]) {
      expect(perform(text).kind).toBe('state');
    }
    const last = perform('user read of page 0');
    expect(last.kind === 'violation' && last.violation.property).toBe('has-root');
  });

  // By hand: the mode changes, with a root of its own where the old one would only fault, and an access; a quadrant counts
  // when a flush reads again what an access has shadowed and a store has changed.
  it.each([
    ['kvm_init_mmu: rootRole forgets has4ByteGpte', 'shadow-paging-modes', 3],
    ['kvm_init_mmu: cpuRole forgets has4ByteGpte', 'shadow-paging-modes', 3],
    ['kvm_init_mmu: cpuRole forgets has4ByteGpte', 'tdp-paging-modes', 3],
    ['kvm_init_mmu: rootRole forgets direct', 'shadow-paging-modes', 2],
    ['kvm_init_mmu: cpuRole forgets direct', 'shadow-paging-modes', 2],
    ['kvm_init_mmu: rootRole forgets cr4Pse', 'shadow-pse', 2],
    ['kvm_mmu_alloc_shadow_page: role forgets quadrant', 'shadow-32bit', 3],
  ])('notice %s in %s, by %i operations', (mutant, world, length) => {
    expect(lengthOf(searchedWithRole(mutant, world, length))).toBe(length);
  });

  it.each(WORLDS)('look in %s the same with and without what is remembered', (world) => {
    const [remembered, watched] = rememberedAndWatched(world, 2);
    expect(watched).toEqual(remembered);
  });
});
