/** Keeping the number of shadow pages below the VM's limit (KVM-MMU.md A2 step 10, A12; C11). */
import { call, guarded, type Steps } from 'fencepost';
import type { Kvm } from '../vm/kvm.ts';
import { zapOldestMmuPages } from '../zap/zap.ts';

/** `KVM_MIN_FREE_MMU_PAGES`: what one fault may need; and to how many free ones a refill goes. */
const MIN_FREE_MMU_PAGES = 5;

/**
 * `make_mmu_pages_available()`, with mmu_lock held for write: zaps the oldest pages, with a flush, without
 * dropping the lock. False: all that is left is in use.
 */
export function makeMmuPagesAvailable(kvm: Kvm): Steps<boolean> {
  return call('make_mmu_pages_available', makeAvailable(kvm));
}

function* makeAvailable(kvm: Kvm): Steps<boolean> {
  const { maxMmuPages } = kvm;
  if (maxMmuPages === undefined) return true;
  const free = maxMmuPages - (yield* guarded(kvm.mmuLock)).pages.length;
  if (free >= MIN_FREE_MMU_PAGES) return true;
  yield* call('kvm_mmu_zap_oldest_mmu_pages', zapOldestMmuPages(kvm, MIN_FREE_MMU_PAGES - free));
  return (yield* guarded(kvm.mmuLock)).pages.length < maxMmuPages;
}
