import type { Property } from 'fencepost';
import { findPage, hasGptes, isMmuWritableSpte, isShadowPresentPte } from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';

/**
 * I3 for final states (KVM-MMU.md G3): the guest cannot write a table that is shadowed and not unsync without KVM's
 * knowing. MMU-writable decides: W alone comes back by a fast page fault.
 */
export function tablesProtected(kvm: Kvm): Property {
  return {
    name: 'tables-protected',
    doc: 'no SPTE that maps a shadowed table is MMU-writable, unless the table is unsync',
    check(final) {
      const state = final.state(kvm.mmuLock);
      for (const table of state.pages.filter(hasGptes)) {
        if (final.value(kvm.roleInvalid(table.id)) !== 0) continue;
        if (kvm.has('unsync') && final.value(kvm.unsync(table.id)) !== 0) continue;
        for (const ref of kvm.mappings(state, table.gfn)) {
          const level = findPage(state, ref.page)?.role.level;
          if (level === undefined) continue;
          const spte = final.value(kvm.spte(ref, level));
          if (isShadowPresentPte(spte) && isMmuWritableSpte(spte))
            return `${kvm.spte(ref, level).name} lets the guest write ${kvm.guest.nameOf(table.gfn)}, which sp${table.id} shadows`;
        }
      }
      return undefined;
    },
  };
}
