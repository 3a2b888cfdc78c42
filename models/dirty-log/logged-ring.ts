/** A page that is logged by the dirty ring: written by the guest, and protected again by the reset (KVM-MMU.md A17, P22). */
import {
  branch,
  call,
  choice,
  clearBit,
  cmpxchg,
  readOnce,
  smpMb,
  writeLock,
  writeUnlock,
  type Location,
  type Property,
  type Steps,
} from 'fencepost';
import { isWritablePte, withoutWrite } from 'fencepost/mmu';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';
import { fastPageFault } from '../fault/fast-page-fault.ts';
import { guestWrite } from '../processor/guest-write.ts';
import { ringResetFlush, ringResetOrder, ringResetProtect } from '../sites/dirty-log.ts';
import { KVM_REQ_TLB_FLUSH, type Kvm, type Vcpu } from '../vm/kvm.ts';
import { copyPage, type LoggedPage } from './dirty-log.ts';
import { collect, isDirtyEntry, push, reset, type RingEntry } from './dirty-ring.ts';

export const GFN = 1;

export interface RingVm {
  readonly kvm: Kvm;
  readonly page: LoggedPage;
  /** Pushed for an earlier write to the page; userspace is about to collect it. */
  readonly pushed: RingEntry;
  /** For the next one. */
  readonly free: RingEntry;
}

/** A vCPU whose guest writes the value to the page. */
export function* writeWithRing(vcpu: Vcpu, { page, free }: RingVm, value: number): Steps {
  for (;;) {
    const run = yield* guestWrite(vcpu, page, value);
    if (run === 'written' || run === 'written, D set') return;
    if (run === 'request') yield* clearBit(vcpu.requests, KVM_REQ_TLB_FLUSH);
    else if (yield* fastPageFault(page.sptep, undefined))
      yield* call('mark_page_dirty_in_slot', push(free, GFN));
  }
}

/** Userspace collects the entry, has the ring reset, and copies the page. */
export function* collectAndCopy(vm: RingVm): Steps {
  const copiesFirst = (yield* choice(ringResetOrder)) === 'after the copy';
  yield* collect(vm.pushed, GFN);
  if (copiesFirst) yield* call('userspace', copyPage(vm.page));
  yield* reset(vm.pushed, GFN);
  yield* call('kvm_vm_ioctl_reset_dirty_pages', protectAgain(vm));
  if (!copiesFirst) yield* call('userspace', copyPage(vm.page));
}

function* protectAgain({ kvm, page }: RingVm): Steps {
  if ((yield* choice(ringResetProtect)) === 'protect') {
    yield* writeLock(kvm.mmuLock);
    yield* call('kvm_reset_dirty_gfn', protect(page.sptep));
    yield* writeUnlock(kvm.mmuLock);
  }
  const flush = yield* choice(ringResetFlush);
  if (flush !== 'skip') yield* kvmFlushRemoteTlbs(kvm);
  if (flush === 'flush, smp_mb()') yield* smpMb(ringResetFlush);
}

/** Under mmu_lock held for write W can only come back, by a fast page fault, where it was gone. */
function* protect(sptep: Location): Steps {
  const spte = yield* branch(yield* readOnce(sptep));
  if (isWritablePte(spte)) yield* branch(yield* cmpxchg(sptep, spte, withoutWrite(spte, false)));
}

/** R5 for the ring: what userspace has not copied has an entry, when all is done. */
export function ringNotLost({ page: { data, copy }, free }: RingVm): Property {
  return {
    name: 'dirty-not-lost',
    doc: 'a page that was written after userspace has copied it has an entry in the ring',
    check(final) {
      const [now, copied] = [data, copy].map((each) => final.value(each));
      if (now === copied || isDirtyEntry(final.value(free.flags))) return undefined;
      return `${data.name} is ${now}, userspace has copied ${copied}, and no entry names it: the page is lost`;
    },
  };
}
