/** A VM with one page that is logged or may be zapped; the pages of its page table are in place. */
import { ACC_ALL, makeLeafSpte, withoutDirty, withoutWrite } from 'fencepost/mmu';
import { leafSpte } from '../fault/direct-fault.ts';
import type { LoggedPage } from '../dirty-log/dirty-log.ts';
import { Kvm } from '../vm/kvm.ts';

const GFN = 1;

/** A leaf SPTE that lets the guest write; D is set. */
export const WRITABLE = makeLeafSpte({ pfn: GFN, access: ACC_ALL });

/** The same with D clear: the hardware sets it when the guest writes. */
export const CLEAN_WRITABLE = withoutDirty(WRITABLE);

/** The same as the log leaves it: without W, but MMU-writable. */
export const PROTECTED_FOR_LOG = withoutWrite(WRITABLE, false);

export interface LoggedVm {
  readonly kvm: Kvm;
  readonly page: LoggedPage;
}

/** The page with its SPTE, and the word of the bitmap in which it has bit 0. */
export function loggedVm(spte: number, word: number): LoggedVm {
  const kvm = new Kvm({ vcpus: 1, guestPages: [], guestRoot: 0 });
  const { memory } = kvm;
  const page = {
    sptep: leafSpte(kvm, GFN, spte),
    data: memory.location('page'),
    bitmap: memory.location('dirty_bitmap[0]', word),
    copy: memory.location("userspace's copy"),
  };
  return { kvm, page };
}
