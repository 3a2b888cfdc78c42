/** What a vCPU does before it enters the guest, in the kernel's order (KVM-MMU.md A1.6; `vcpu_enter_guest()`). */
import { branch, call, clearBit, readOnce, type Steps } from 'fencepost';
import { kvmFlushTlbAll, kvmFlushTlbCurrent } from '../flush-own-tlb.ts';
import { kvmVcpuFlushTlbGuest } from '../guest-flush.ts';
import { kvmMmuUpdateRoot } from '../init-mmu.ts';
import {
  KVM_REQ_LOAD_MMU_PGD,
  KVM_REQ_MMU_FREE_OBSOLETE_ROOTS,
  KVM_REQ_MMU_SYNC,
  KVM_REQ_MMU_UPDATE_ROOT,
  KVM_REQ_TLB_FLUSH,
  KVM_REQ_TLB_FLUSH_CURRENT,
  KVM_REQ_TLB_FLUSH_GUEST,
  type Vcpu,
} from '../kvm.ts';
import { kvmMmuReload } from '../load-root.ts';
import { kvmMmuFreeObsoleteRoots, kvmMmuLoadPgd, kvmMmuSyncRoots } from '../roots.ts';

/** Serves every request and loads a root if there is none; false: no root can be had. */
export function prepareEntry(vcpu: Vcpu): Steps<boolean> {
  return call('vcpu_enter_guest', serveRequests(vcpu));
}

function* serveRequests(vcpu: Vcpu): Steps<boolean> {
  yield* serve(vcpu, KVM_REQ_MMU_FREE_OBSOLETE_ROOTS, kvmMmuFreeObsoleteRoots);
  yield* serve(vcpu, KVM_REQ_MMU_UPDATE_ROOT, kvmMmuUpdateRoot);
  yield* serve(vcpu, KVM_REQ_MMU_SYNC, kvmMmuSyncRoots);
  yield* serve(vcpu, KVM_REQ_LOAD_MMU_PGD, kvmMmuLoadPgd);
  yield* serve(vcpu, KVM_REQ_TLB_FLUSH, flushAll);
  yield* serve(vcpu, KVM_REQ_TLB_FLUSH_CURRENT, kvmFlushTlbCurrent);
  yield* serve(vcpu, KVM_REQ_TLB_FLUSH_GUEST, kvmVcpuFlushTlbGuest);
  return yield* kvmMmuReload(vcpu);
}

/** `kvm_check_request()` */
function* serve(vcpu: Vcpu, request: number, handle: (vcpu: Vcpu) => Steps): Steps {
  const pending = yield* branch(yield* readOnce(vcpu.requests));
  if ((pending & (1 << request)) === 0) return;
  yield* clearBit(vcpu.requests, request);
  yield* handle(vcpu);
}

/** A flush of every context spares that of the current one. */
function* flushAll(vcpu: Vcpu): Steps {
  yield* clearBit(vcpu.requests, KVM_REQ_TLB_FLUSH_CURRENT);
  yield* kvmFlushTlbAll();
}
