import type { Final, Property } from 'fencepost';
import { countBits, isShadowPresentPte, PG_LEVEL_4K, spteChild, type ShadowPage } from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';

/**
 * `unsync-reachable` (KVM-MMU.md G3, I4), with mmu_lock free: a page that leads to an unsync table by present
 * SPTEs says so, or the lockless look at its root misses it; and its count is that of its bits.
 */
export function unsyncReachable(kvm: Kvm): Property {
  return {
    name: 'unsync-reachable',
    doc: 'unsync_children is the number of bits set, and not 0 above an unsync table',
    check(final) {
      const { pages } = final.state(kvm.mmuLock);
      for (const { id, role } of pages) {
        if (role.level === PG_LEVEL_4K || role.direct || final.value(kvm.roleInvalid(id)) !== 0) continue;
        const count = final.value(kvm.unsyncChildren(id));
        const bits = countBits(final.value(kvm.unsyncChildBitmap(id)));
        if (count !== bits) return `${kvm.unsyncChildren(id).name} is ${count}, but ${bits} bits are set`;
        if (count === 0 && leadsToUnsync(kvm, final, pages, id)) {
          return `${kvm.unsyncChildren(id).name} is 0, but sp${id} leads to an unsync table`;
        }
      }
      return undefined;
    },
  };
}

function leadsToUnsync(kvm: Kvm, final: Final, pages: readonly ShadowPage[], id: number): boolean {
  const page = pages.find((known) => known.id === id);
  if (page === undefined) return false;
  const { level } = page.role;
  if (level === PG_LEVEL_4K) return final.value(kvm.unsync(id)) !== 0;
  for (let index = 0; index < kvm.entries; index++) {
    const spte = final.value(kvm.spte({ page: id, index }, level));
    if (isShadowPresentPte(spte) && leadsToUnsync(kvm, final, pages, spteChild(spte))) return true;
  }
  return false;
}
