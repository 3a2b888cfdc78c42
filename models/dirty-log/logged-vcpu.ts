/** A vCPU that writes to a page of a logged slot, whatever the log has done to its SPTE (KVM-MMU.md P19, P21). */
import {
  branch,
  call,
  clearBit,
  cmpxchg,
  readLock,
  readOnce,
  readUnlock,
  type Location,
  type Steps,
} from 'fencepost';
import { isShadowPresentPte } from 'fencepost/mmu';
import type { LoggedPage } from './dirty-log.ts';
import { fastPageFault, markPageDirty, type DirtyBitmap } from '../fault/fast-page-fault.ts';
import { guestWrite } from '../processor/guest-write.ts';
import { KVM_REQ_TLB_FLUSH, type Kvm, type Vcpu } from '../vm/kvm.ts';
import { WRITABLE } from '../worlds/logged.ts';

/** Runs until the guest has written the value, or until a fault needs mmu_lock. */
export function* writeLogged(vcpu: Vcpu, page: LoggedPage, value: number): Steps {
  for (;;) {
    const run = yield* guestWrite(vcpu, page, value);
    switch (run) {
      case 'written':
        return;
      case 'written, D set':
        // The processor has logged the page, and the log is drained at the exit.
        yield* call('vmx_flush_pml_buffer', markPageDirty(page.bitmap));
        return;
      case 'request':
        yield* clearBit(vcpu.requests, KVM_REQ_TLB_FLUSH);
        break;
      case 'fault':
        if (!(yield* fastPageFault(page.sptep, page.bitmap))) return;
    }
  }
}

/** The same for a page that is not mapped, so that the first access faults in the slow path. */
export function* mapAndWriteLogged(vcpu: Vcpu, page: LoggedPage, value: number): Steps {
  yield* mapWritable(vcpu.kvm, page.sptep, page.bitmap);
  yield* writeLogged(vcpu, page, value);
}

/** A write fault of a page that is not mapped, whose slot has the bitmap, or is not logged. */
export function mapWritable(kvm: Kvm, sptep: Location, bitmap: DirtyBitmap): Steps {
  return call('kvm_tdp_mmu_page_fault', underReadLock(kvm, sptep, bitmap));
}

function* underReadLock({ mmuLock }: Kvm, sptep: Location, bitmap: DirtyBitmap): Steps {
  yield* readLock(mmuLock);
  yield* call('tdp_mmu_map_handle_target_level', mapLeaf(sptep, bitmap));
  yield* readUnlock(mmuLock);
}

/** make_spte() sets the bit before the SPTE is stored: a harvest holds mmu_lock for write (P19). */
function* mapLeaf(sptep: Location, bitmap: DirtyBitmap): Steps {
  const old = yield* readOnce(sptep);
  if (isShadowPresentPte(yield* branch(old))) return;
  yield* call('make_spte', markPageDirty(bitmap));
  yield* branch(yield* cmpxchg(sptep, old.value, WRITABLE, undefined, { data: [old] }));
}
