import type { Property } from 'fencepost';
import { findPage, isLeafSpte, translatedFrame } from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';

/**
 * What the reverse map leads to with mmu_lock free: SPTEs that map memory, in pages that would look for themselves
 * under the same frame. Anything else stays behind when its page is freed, and is used after that (C26-C28).
 */
export function rmapConsistent(kvm: Kvm): Property {
  return {
    name: 'rmap-consistent',
    doc: 'every SPTE that the reverse map knows for a frame maps memory, and is taken out under the same frame',
    check(final) {
      const state = final.state(kvm.mmuLock);
      for (const [frame, refs] of Object.entries(state.rmap)) {
        for (const ref of refs) {
          const page = findPage(state, ref.page);
          if (page === undefined)
            return `the rmap of ${kvm.guest.nameOf(Number(frame))} leads into sp${ref.page}, which was freed`;
          const { name } = kvm.spte(ref, page.role.level);
          const where = `${name} is in the rmap of ${kvm.guest.nameOf(Number(frame))}`;
          if (!isLeafSpte(final.value(kvm.spte(ref, page.role.level)), page.role.level))
            return `${where}, and maps nothing`;
          const known = translatedFrame(page, ref.index, kvm.entries);
          if (known !== Number(frame)) return `${where}, and its page will look for it under gfn${known}`;
        }
      }
      return undefined;
    },
  };
}
