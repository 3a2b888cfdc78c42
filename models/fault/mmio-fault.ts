/** Faults of accesses to where no memslot is (KVM-MMU.md P30). */
import { branch, call, choice, type Steps } from 'fencepost';
import {
  isMmioSpte,
  isTdpMmuPage,
  mmioSpteAccess,
  mmioSpteGeneration,
  permissionFault,
  sptePfn,
  type GuestAccess,
} from 'fencepost/mmu';
import type { LoadedRoot } from './faultin.ts';
import { walkAddr } from './guest-walk.ts';
import { guestTables } from '../roots/init-mmu.ts';
import type { Kvm, Vcpu } from '../vm/kvm.ts';
import { lastSpteOf } from './last-spte.ts';
import type { FaultOutcome, FaultResult } from './page-fault.ts';
import { mmioGeneration } from '../sites/slots.ts';
import { isNoslotGfn, memslotGeneration } from '../vm/slots.ts';
import { tdpMmuOf } from '../tdp/tdp-mmu.ts';
import { walkTdp } from '../tdp/walk.ts';
import { mmuOf } from '../vm/vcpu.ts';

/**
 * A fault with PFERR_RSVD: the SPTE says what the access goes to, if memslots are still those that it was made from.
 * Undefined, which is RET_PF_INVALID: an ordinary fault is to settle it. What KVM keeps of the last such fault
 * (`vcpu->arch.mmio_gva` and the like) is left out: it only saves the look at the SPTE.
 */
export function* handleMmioPageFault(
  vcpu: Vcpu,
  root: LoadedRoot,
  page: number,
  access: GuestAccess,
): Steps<FaultResult | undefined> {
  const spte = yield* call('handle_mmio_page_fault', handle(vcpu, root, page));
  if (spte === 'retry') return { outcome: 'retry' };
  return spte === 'invalid'
    ? undefined
    : yield* call('vcpu_mmio_gva_to_gpa', emulate(vcpu, page, access, spte));
}

function* handle(vcpu: Vcpu, root: LoadedRoot, page: number): Steps<number | 'retry' | 'invalid'> {
  const spte = yield* call('get_mmio_spte', lastSpte(vcpu, root, page));
  // Somebody has zapped it meanwhile, so the guest is to try again.
  if (!isMmioSpte(spte)) return 'retry';
  if ((yield* choice(mmioGeneration)) === 'skip') return spte;
  return mmioSpteGeneration(spte) === (yield* memslotGeneration(vcpu.kvm)) ? spte : 'invalid';
}

function* lastSpte(vcpu: Vcpu, root: LoadedRoot, page: number): Steps<number> {
  const tdp = tdpMmuOf(vcpu.kvm);
  const isTdp = typeof root === 'number' && isTdpMmuPage(root);
  if (tdp !== undefined && isTdp) return yield* branch((yield* walkTdp(tdp.tables, page, root)).old);
  return (yield* lastSpteOf(vcpu, root, page)).spte;
}

/** The rights in the SPTE decide; where they forbid the access, the guest's tables are asked once more. */
function* emulate(vcpu: Vcpu, page: number, access: GuestAccess, spte: number): Steps<FaultResult> {
  const mmio: FaultResult = { outcome: 'emulate', mmio: sptePfn(spte) };
  if ((yield* mmuOf(vcpu)).rootRole.direct) return mmio;
  const tables = yield* guestTables(vcpu);
  if (permissionFault(tables.paging, access, mmioSpteAccess(spte), 0) === 0) return mmio;
  const walk = yield* walkAddr(vcpu, { page, access, tables });
  if ('errorCode' in walk) return { outcome: 'inject', ...walk };
  return yield* withMmio(vcpu.kvm, 'emulate', walk.gfn);
}

/** What a fault of the frame comes to, with what it is emulated at if it has no memslot. */
export function* withMmio(kvm: Kvm, outcome: FaultOutcome, gfn: number): Steps<FaultResult> {
  return outcome === 'emulate' && (yield* isNoslotGfn(kvm, gfn)) ? { outcome, mmio: gfn } : { outcome };
}
