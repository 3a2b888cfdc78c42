/**
 * A guest's own TLB invalidations as KVM carries them out (KVM-MMU.md A9). Under TDP the hardware does most of them
 * without an exit; what is here then serves instructions that KVM emulates.
 */
import { call, choice, type Steps } from 'fencepost';
import { ALL_ROOTS, CURRENT, isValidRoot, PGD_BIT_63, PREVIOUS, SPECIAL_ROOT } from 'fencepost/mmu';
import { currentPcid, type InvpcidType, type Registers } from 'fencepost/x86';
import { kvmFlushTlbGuest, kvmFlushTlbGva } from '../processor/flush-own-tlb.ts';
import { kvmMmuInvalidateAddr } from '../shadow/invlpg.ts';
import { KVM_REQ_TLB_FLUSH_CURRENT, KVM_REQ_TLB_FLUSH_GUEST, type Vcpu } from '../vm/kvm.ts';
import { kvmMmuLoad } from './load-root.ts';
import { paeIndex } from '../vm/paging-geometry.ts';
import { kvmMakeRequest } from '../entry/requests.ts';
import {
  kvmMmuFreeRoots,
  kvmMmuNewPgd,
  kvmMmuSyncPrevRoots,
  kvmMmuSyncRoots,
  kvmMmuUnload,
  requestSyncAndFlush,
} from './roots.ts';
import * as sites from '../sites/guest-flush.ts';
import {
  activePcid,
  archOf,
  mmuOf,
  rootCacheDesign,
  setRegisters,
  updateMmu,
  type MmuName,
} from '../vm/vcpu.ts';

/** `kvm_set_cr3()`: another table needs another root; a table that stays may still have to be flushed. */
export function kvmSetCr3(vcpu: Vcpu, next: Registers, noflush: boolean): Steps {
  return call('kvm_set_cr3', setCr3(vcpu, next, noflush));
}

function* setCr3(vcpu: Vcpu, next: Registers, noflush: boolean): Steps {
  const { registers: old } = yield* archOf(vcpu);
  if (next.cr3 !== old.cr3) {
    const leaks = noflush && (yield* choice(sites.cr3NoflushBit)) === 'left in the pgd';
    yield* kvmMmuNewPgd(vcpu, leaks ? next.cr3 | PGD_BIT_63 : next.cr3);
  }
  yield* setRegisters(vcpu, next);
  if (!noflush) yield* kvmInvalidatePcid(vcpu, currentPcid(next));
}

/** `kvm_invalidate_pcid()`: MOV CR3 that flushes, and INVPCID of a single context. */
export function kvmInvalidatePcid(vcpu: Vcpu, pcid: number): Steps {
  return call('kvm_invalidate_pcid', invalidatePcid(vcpu, pcid));
}

function* invalidatePcid(vcpu: Vcpu, pcid: number): Steps {
  if (vcpu.kvm.host.tdpEnabled && (yield* choice(sites.invalidatePcidTdp)) === 'KVM_REQ_TLB_FLUSH_GUEST') {
    return yield* kvmMakeRequest(vcpu, KVM_REQ_TLB_FLUSH_GUEST);
  }
  const arch = yield* archOf(vcpu);
  if (activePcid(arch) === pcid) yield* invalidateCurrent(vcpu);
  const slots = yield* previousRootsOf(vcpu, pcid);
  const when = yield* choice(sites.invalidatePcidPrevRoots);
  const hasPcids = currentPcid({ ...arch.registers, cr3: 1 }) === 1;
  if (when === 'always' || (when === 'if CR4.PCIDE' && hasPcids)) yield* dropRoots(vcpu, arch.mmu, slots);
}

function* invalidateCurrent(vcpu: Vcpu): Steps {
  const how = yield* choice(sites.invalidatePcidCurrent);
  if (how === 'KVM_REQ_TLB_FLUSH_CURRENT') yield* kvmMakeRequest(vcpu, KVM_REQ_TLB_FLUSH_CURRENT);
  else if (how !== 'nothing') yield* requestSyncAndFlush(vcpu);
}

/** The slots of prev_roots whose pgd has the PCID; without CR4.PCIDE every pgd has PCID 0. */
function* previousRootsOf(vcpu: Vcpu, pcid: number): Steps<readonly number[]> {
  const design = yield* rootCacheDesign();
  const { registers } = yield* archOf(vcpu);
  const { cache } = yield* mmuOf(vcpu);
  return PREVIOUS.filter((slot) => {
    const root = cache.roots[slot];
    return isValidRoot(root) && currentPcid({ ...registers, cr3: design.pgdOf(root) }) === pcid;
  });
}

/** What a flush does to roots that are not current: they are freed, or keep a flag (mail 001). */
export function* dropRoots(vcpu: Vcpu, name: MmuName, slots: readonly number[]): Steps {
  const design = yield* rootCacheDesign();
  if (!design.keepsFlushed) return yield* kvmMmuFreeRoots(vcpu, name, slots);
  yield* updateMmu(
    vcpu,
    ({ cache }) => {
      for (const slot of slots) design.setFlag(cache, slot, true);
    },
    name,
  );
}

/** `kvm_mmu_invlpg()`: the address in every cached root. */
export function* kvmMmuInvlpg(vcpu: Vcpu, page: number): Steps {
  const slots = (yield* choice(sites.invlpgRoots)) === 'every cached root' ? ALL_ROOTS : [CURRENT];
  yield* call('kvm_mmu_invlpg', invalidateIn(vcpu, page, slots));
}

/** `kvm_mmu_invalidate_addr()`: the own TLB, and the address in these roots. */
export function* invalidateIn(vcpu: Vcpu, page: number, slots: readonly number[]): Steps {
  // For guest_mmu it is no linear address.
  if ((yield* archOf(vcpu)).mmu === 'root_mmu') yield* kvmFlushTlbGva();
  const { cache, paeRoot, rootRole } = yield* mmuOf(vcpu);
  if (rootRole.direct) return;
  for (const { hpa } of slots.map((slot) => cache.roots[slot]).filter(isValidRoot)) {
    const root = hpa === SPECIAL_ROOT ? paeRoot[paeIndex(vcpu.kvm, page)] : hpa;
    if (root !== null) yield* kvmMmuInvalidateAddr(vcpu, root, page);
  }
}

/** `kvm_handle_invpcid()`: an address in one PCID, one PCID, or everything. */
export function* kvmHandleInvpcid(vcpu: Vcpu, type: InvpcidType, pcid: number, page: number): Steps {
  if (type === 0) return yield* call('kvm_mmu_invpcid_gva', invpcidGva(vcpu, pcid, page));
  if (type === 1) return yield* kvmInvalidatePcid(vcpu, pcid);
  yield* kvmMakeRequest(vcpu, KVM_REQ_TLB_FLUSH_GUEST);
}

function* invpcidGva(vcpu: Vcpu, pcid: number, page: number): Steps {
  if (vcpu.kvm.host.tdpEnabled && (yield* choice(sites.invpcidGvaTdp)) === 'KVM_REQ_TLB_FLUSH_GUEST') {
    return yield* kvmMakeRequest(vcpu, KVM_REQ_TLB_FLUSH_GUEST);
  }
  const isActive = activePcid(yield* archOf(vcpu)) === pcid;
  const previous = yield* previousRootsOf(vcpu, pcid);
  yield* invalidateIn(vcpu, page, isActive ? [CURRENT, ...previous] : previous);
}

/** `kvm_vcpu_flush_tlb_guest()`: what KVM_REQ_TLB_FLUSH_GUEST does. Shadow roots are part of the guest's TLB. */
export function kvmVcpuFlushTlbGuest(vcpu: Vcpu): Steps {
  return call('kvm_vcpu_flush_tlb_guest', flushTlbGuest(vcpu));
}

function* flushTlbGuest(vcpu: Vcpu): Steps {
  if (!vcpu.kvm.host.tdpEnabled) yield* flushGuestRoots(vcpu);
  yield* kvmFlushTlbGuest();
}

function* flushGuestRoots(vcpu: Vcpu): Steps {
  const how = yield* choice(sites.flushGuestRoots);
  if (how === 'kvm_mmu_unload()') {
    yield* kvmMmuUnload(vcpu);
    yield* kvmMmuLoad(vcpu);
  } else if (how === 'sync') {
    yield* kvmMmuSyncRoots(vcpu);
    const design = yield* rootCacheDesign();
    if (!design.keepsFlushed) return yield* kvmMmuSyncPrevRoots(vcpu);
    const { mmu: name } = yield* archOf(vcpu);
    const { cache } = yield* mmuOf(vcpu);
    yield* dropRoots(
      vcpu,
      name,
      PREVIOUS.filter((slot) => isValidRoot(cache.roots[slot])),
    );
  }
}
