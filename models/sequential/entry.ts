/** What a vCPU does before it enters the guest, in the kernel's order (KVM-MMU.md A1.6; `vcpu_enter_guest()`). */
import { call, clearBit, type Steps } from 'fencepost';
import { kvmFlushTlbAll, kvmFlushTlbCurrent } from '../processor/flush-own-tlb.ts';
import { serveRequests } from '../entry/guest-entry.ts';
import { kvmVcpuFlushTlbGuest } from '../roots/guest-flush.ts';
import { kvmMmuUpdateRoot } from '../roots/init-mmu.ts';
import {
  KVM_REQ_LOAD_MMU_PGD,
  KVM_REQ_MMU_FREE_OBSOLETE_ROOTS,
  KVM_REQ_MMU_SYNC,
  KVM_REQ_MMU_UPDATE_ROOT,
  KVM_REQ_TLB_FLUSH,
  KVM_REQ_TLB_FLUSH_CURRENT,
  KVM_REQ_TLB_FLUSH_GUEST,
  type Vcpu,
} from '../vm/kvm.ts';
import { kvmMmuReload } from '../roots/load-root.ts';
import { kvmMmuFreeObsoleteRoots, kvmMmuLoadPgd, kvmMmuSyncRoots } from '../roots/roots.ts';

/** Serves every request and loads a root if there is none; false: no root can be had. */
export function prepareEntry(vcpu: Vcpu): Steps<boolean> {
  return call('vcpu_enter_guest', prepare(vcpu));
}

function* prepare(vcpu: Vcpu): Steps<boolean> {
  yield* serveRequests(vcpu, {
    [KVM_REQ_MMU_FREE_OBSOLETE_ROOTS]: () => kvmMmuFreeObsoleteRoots(vcpu),
    [KVM_REQ_MMU_UPDATE_ROOT]: () => kvmMmuUpdateRoot(vcpu),
    [KVM_REQ_MMU_SYNC]: () => kvmMmuSyncRoots(vcpu),
    [KVM_REQ_LOAD_MMU_PGD]: () => kvmMmuLoadPgd(vcpu),
    [KVM_REQ_TLB_FLUSH]: () => flushAll(vcpu),
    [KVM_REQ_TLB_FLUSH_CURRENT]: kvmFlushTlbCurrent,
    [KVM_REQ_TLB_FLUSH_GUEST]: () => kvmVcpuFlushTlbGuest(vcpu),
  });
  return yield* kvmMmuReload(vcpu);
}

/** A flush of every context spares that of the current one. */
function* flushAll(vcpu: Vcpu): Steps {
  yield* clearBit(vcpu.requests, KVM_REQ_TLB_FLUSH_CURRENT);
  yield* kvmFlushTlbAll();
}
