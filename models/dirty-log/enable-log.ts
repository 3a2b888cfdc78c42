/**
 * Dirty logging that userspace turns on while the guest runs (KVM-MMU.md A17): the new flags are published, readers of the old
 * ones are waited for, and only then W is taken from what they have mapped.
 */
import {
  branch,
  call,
  choice,
  clearBit,
  cmpxchg,
  readLock,
  readOnce,
  readUnlock,
  smpMb,
  srcuReadLock,
  srcuReadUnlock,
  storeRelease,
  synchronizeSrcu,
  type Location,
  type Steps,
} from 'fencepost';
import { isShadowPresentPte, isWritablePte, withoutWrite } from 'fencepost/mmu';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';
import { fastPageFault, type DirtyBitmap } from '../fault/fast-page-fault.ts';
import { guestWrite } from '../processor/guest-write.ts';
import { enableLogFlush, enableLogWait } from '../sites/dirty-log.ts';
import { KVM_REQ_TLB_FLUSH, type Kvm, type Vcpu } from '../vm/kvm.ts';
import { copyPage, type LoggedPage } from './dirty-log.ts';
import { mapWritable } from './logged-vcpu.ts';

const LOG_DIRTY_PAGES = 1;

/** A page that is mapped by its first write, in a slot that is not logged yet. */
export interface UnloggedSlot {
  readonly kvm: Kvm;
  readonly page: LoggedPage;
  /** The flags of the slot that `kvm->memslots` leads to. */
  readonly flags: Location;
  readonly srcu: Location;
}

export function unloggedSlot({ kvm, page }: { readonly kvm: Kvm; readonly page: LoggedPage }): UnloggedSlot {
  const show = (flags: number): string => (flags === 0 ? 'slot that is not logged' : 'logged slot');
  return {
    kvm,
    page,
    flags: kvm.memory.location('kvm->memslots', 0, show),
    srcu: kvm.memory.location('kvm->srcu'),
  };
}

/** KVM_SET_USER_MEMORY_REGION with KVM_MEM_LOG_DIRTY_PAGES; when it returns, userspace begins to copy pages. */
export function* enableLog(vm: UnloggedSlot): Steps {
  yield* call('kvm_swap_active_memslots', publish(vm));
  yield* call('kvm_mmu_slot_apply_flags', applyFlags(vm));
  yield* call('userspace', copyPage(vm.page));
}

function* publish({ flags, srcu }: UnloggedSlot): Steps {
  yield* storeRelease(flags, LOG_DIRTY_PAGES, { text: 'rcu_assign_pointer(kvm->memslots)' });
  if ((yield* choice(enableLogWait)) === 'synchronize_srcu()') yield* synchronizeSrcu(srcu);
}

/** The flush comes outside mmu_lock, and whether W was found or not. */
function* applyFlags({ kvm, page }: UnloggedSlot): Steps {
  yield* readLock(kvm.mmuLock);
  yield* call('kvm_mmu_slot_remove_write_access', removeWriteAccess(page.sptep));
  yield* readUnlock(kvm.mmuLock);
  const flush = yield* choice(enableLogFlush);
  if (flush !== 'skip') yield* kvmFlushRemoteTlbs(kvm);
  if (flush === 'flush, smp_mb()') yield* smpMb(enableLogFlush);
}

function* removeWriteAccess(sptep: Location): Steps {
  let spte = yield* branch(yield* readOnce(sptep));
  while (isShadowPresentPte(spte) && isWritablePte(spte)) {
    const done = yield* cmpxchg(sptep, spte, withoutWrite(spte, false));
    spte = yield* branch(done);
    if (done.ok) return;
  }
}

/** A vCPU whose guest writes the value to the page. */
export function* mapAndWrite(vcpu: Vcpu, vm: UnloggedSlot, value: number): Steps {
  yield* inReadSection(vm, (bitmap) => mapWritable(vm.kvm, vm.page.sptep, bitmap));
  for (;;) {
    const run = yield* guestWrite(vcpu, vm.page, value);
    if (run === 'written' || run === 'written, D set') return;
    if (run === 'request') yield* clearBit(vcpu.requests, KVM_REQ_TLB_FLUSH);
    else yield* inReadSection(vm, (bitmap) => fastPageFault(vm.page.sptep, bitmap));
  }
}

/** A fault finds the slot, and with it whether there is a bitmap, within the section of SRCU that the exit path is in. */
function* inReadSection<T>(
  { srcu, flags, page }: UnloggedSlot,
  fault: (bitmap: DirtyBitmap) => Steps<T>,
): Steps {
  const cookie = yield* srcuReadLock(srcu);
  const seen = yield* readOnce(flags, { text: 'srcu_dereference(kvm->memslots)' });
  yield* fault((yield* branch(seen)) === LOG_DIRTY_PAGES ? page.bitmap : undefined);
  yield* srcuReadUnlock(srcu, cookie);
}
