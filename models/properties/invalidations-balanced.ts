import type { Property } from 'fencepost';
import type { Kvm } from '../kvm.ts';

/** I10 when all invalidations have ended. */
export function invalidationsBalanced({ mmuInvalidateInProgress }: Kvm): Property {
  return {
    name: 'counts-balanced',
    doc: 'mmu_invalidate_in_progress is 0 when every invalidation has ended',
    check(final) {
      const count = final.value(mmuInvalidateInProgress);
      return count === 0
        ? undefined
        : `mmu_invalidate_in_progress is ${count} with no invalidation under way`;
    },
  };
}
