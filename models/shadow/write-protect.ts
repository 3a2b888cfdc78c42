/** Write protection of a guest page that is about to be shadowed (KVM-MMU.md A6; P18). */
import { branch, call, choice, guarded, writeLock, writeUnlock, type Steps } from 'fencepost';
import { isMmuWritableSpte, isWritablePte, rmapOf, withoutWrite } from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';
import * as sites from '../sites/index.ts';
import { mmuSpteUpdate, readSpte, shadowPage, sptePointer, type SptePointer } from './sptes.ts';
import { tdpMmuClearDirtyPtMasked, tdpMmuWriteProtectGfn, tdpMmuWrprotGfn } from '../tdp/gfn.ts';
import { tdpMmuOf } from '../tdp/tdp-mmu.ts';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';

/**
 * `kvm_mmu_slot_gfn_write_protect()`: every SPTE that maps the page loses W and MMU-writable. True when
 * an MMU-writable one was among them: then a CPU may hold a writable TLB entry, even where W was 0 (C05).
 */
export function* kvmMmuSlotGfnWriteProtect(kvm: Kvm, gfn: number): Steps<boolean> {
  return yield* call(
    'kvm_mmu_slot_gfn_write_protect',
    (function* () {
      let flush = false;
      const state = yield* guarded(kvm.mmuLock);
      for (const { page, index } of kvm.mappings(state, gfn)) {
        const { role } = yield* shadowPage(kvm, page);
        const sptep = sptePointer(kvm, page, index, role.level);
        // In small worlds a direct page stands for the TDP MMU, which finds its SPTEs by walking from its roots.
        const test = role.direct ? sites.tdpWriteProtectTest : sites.writeProtectTest;
        if (yield* spteWriteProtect(sptep, test)) flush = true;
      }
      const tdp = tdpMmuOf(kvm);
      if (tdp !== undefined && (yield* tdpMmuWriteProtectGfn(tdp, gfn))) flush = true;
      return flush;
    })(),
  );
}

/** `spte_write_protect()` with `pt_protect` */
function* spteWriteProtect(sptep: SptePointer, test: typeof sites.writeProtectTest): Steps<boolean> {
  const old = yield* readSpte(sptep);
  const spte = yield* branch(old);
  const looksAtBoth = (yield* choice(test)) === 'MMU-writable';
  if (!isWritablePte(spte) && !(looksAtBoth && isMmuWritableSpte(spte))) return false;
  return yield* mmuSpteUpdate(sptep, old, withoutWrite(spte, true));
}

/**
 * `kvm_mmu_slot_remove_write_access()` of one page: dirty logging clears W and leaves MMU-writable, and flushes
 * once mmu_lock is dropped; so W that is clear says nothing about the TLBs (P18).
 */
export function slotRemoveWriteAccess(kvm: Kvm, gfn: number): Steps {
  return call('kvm_mmu_slot_remove_write_access', removeWriteAccess(kvm, gfn));
}

function* removeWriteAccess(kvm: Kvm, gfn: number): Steps {
  yield* writeLock(kvm.mmuLock);
  yield* clearWritable(kvm, gfn);
  yield* writeUnlock(kvm.mmuLock);
  const tdp = tdpMmuOf(kvm);
  if (tdp !== undefined) yield* tdpMmuWrprotGfn(tdp, gfn);
  yield* kvmFlushRemoteTlbs(kvm);
}

/** `kvm_mmu_write_protect_pt_masked()` of one frame, with mmu_lock held for write; the flush is the caller's. */
export function kvmMmuWriteProtectPtMasked(kvm: Kvm, gfn: number): Steps {
  return call('kvm_mmu_write_protect_pt_masked', protectPt(kvm, gfn));
}

function* protectPt(kvm: Kvm, gfn: number): Steps {
  const tdp = tdpMmuOf(kvm);
  if (tdp !== undefined) yield* tdpMmuClearDirtyPtMasked(tdp, gfn);
  yield* clearWritable(kvm, gfn);
}

/** Takes W from what the reverse map leads to; MMU-writable stays. */
function* clearWritable(kvm: Kvm, gfn: number): Steps {
  for (const { page, index } of rmapOf(yield* guarded(kvm.mmuLock), gfn)) {
    const { role } = yield* shadowPage(kvm, page);
    const sptep = sptePointer(kvm, page, index, role.level);
    const old = yield* readSpte(sptep);
    if (isWritablePte(yield* branch(old))) yield* mmuSpteUpdate(sptep, old, withoutWrite(old.value, false));
  }
}
