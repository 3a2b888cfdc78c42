import type { Property } from 'fencepost';
import type { Kvm } from '../vm/kvm.ts';
import { activeInvalidations } from '../notifier/notifier.ts';

/** I10 when all invalidations have ended. */
export function invalidationsBalanced(kvm: Kvm): Property {
  const counts = [kvm.mmuInvalidateInProgress, activeInvalidations(kvm).count];
  return {
    name: 'counts-balanced',
    doc: 'mmu_invalidate_in_progress and mn_active_invalidate_count are 0 when every invalidation has ended',
    check(final) {
      const left = counts.find((count) => final.value(count) !== 0);
      return left && `${left.name} is ${final.value(left)} with no invalidation under way`;
    },
  };
}
