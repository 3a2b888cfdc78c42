import type { Property } from 'fencepost';
import {
  findPage,
  isLeafSpte,
  isShadowPresentPte,
  PG_LEVEL_4K,
  spteChild,
  TABLE_ENTRIES,
} from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';

/**
 * `no-use-after-free` for final states (KVM-MMU.md G3, I6): what a valid page links to is a valid page.
 * Others are freed behind the flush of the commit, and the hardware would walk freed memory.
 */
export function noUseAfterFree(kvm: Kvm): Property {
  return {
    name: 'no-use-after-free',
    doc: 'no present SPTE of a valid shadow page points at a page that was zapped',
    check(final) {
      const state = final.state(kvm.mmuLock);
      const isValid = (id: number): boolean =>
        findPage(state, id) !== undefined && final.value(kvm.roleInvalid(id)) === 0;
      for (const { id, role } of state.pages) {
        if (role.level === PG_LEVEL_4K || !isValid(id)) continue;
        for (let index = 0; index < TABLE_ENTRIES; index++) {
          const sptep = kvm.spte({ page: id, index }, role.level);
          const spte = final.value(sptep);
          if (!isShadowPresentPte(spte) || isLeafSpte(spte, role.level)) continue;
          if (!isValid(spteChild(spte))) {
            return `${sptep.name} still points at sp${spteChild(spte)}, which was zapped`;
          }
        }
      }
      return undefined;
    },
  };
}
