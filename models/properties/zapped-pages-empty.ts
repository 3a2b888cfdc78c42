import type { Property } from 'fencepost';
import { isShadowPresentPte } from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';

/** I6 for what was zapped (C08): a zapped page that maps something keeps what is behind it from being given up. */
export function zappedPagesEmpty(kvm: Kvm): Property {
  return {
    name: 'no-use-after-free',
    doc: 'no SPTE of a shadow page that was zapped is present',
    check(final) {
      for (const { id, role } of final.state(kvm.mmuLock).pages) {
        if (final.value(kvm.roleInvalid(id)) === 0) continue;
        for (let index = 0; index < kvm.entries; index++) {
          const sptep = kvm.spte({ page: id, index }, role.level);
          if (isShadowPresentPte(final.value(sptep)))
            return `${sptep.name} is present, and sp${id} was zapped`;
        }
      }
      return undefined;
    },
  };
}
