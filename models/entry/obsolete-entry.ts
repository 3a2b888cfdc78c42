/** A vCPU that enters the guest while its roots may become obsolete (KVM-MMU.md A10, A13; G3, I7). */
import {
  branch,
  call,
  choice,
  fail,
  readOnce,
  readPlain,
  storeRelease,
  type Location,
  type Read,
  type Steps,
} from 'fencepost';
import { isValidRoot } from 'fencepost/mmu';
import { runGuest, serveRequests } from './guest-entry.ts';
import {
  KVM_REQ_LOAD_MMU_PGD,
  KVM_REQ_MMU_FREE_OBSOLETE_ROOTS,
  KVM_REQ_TLB_FLUSH,
  type Kvm,
  type Vcpu,
} from '../vm/kvm.ts';
import { kvmFlushTlbAll } from '../processor/flush-own-tlb.ts';
import { kvmMmuReload } from '../roots/load-root.ts';
import { kvmCheckRequest } from './requests.ts';
import { kvmMmuFreeObsoleteRoots, kvmMmuLoadPgd } from '../roots/roots.ts';
import { reloadLook } from '../sites/zap-all-fast.ts';
import { archOf, mmuOf } from '../vm/vcpu.ts';

/** 1 once the zap has returned. */
function zapped({ memory }: Kvm): Location {
  return memory.location('the zap has returned');
}

/** Zaps roots, and says so. */
export function* zapAndReturn(kvm: Kvm, zap: Steps<unknown>): Steps {
  yield* zap;
  yield* storeRelease(zapped(kvm), 1, { text: zapped(kvm).name });
}

/** What a guest run was on, and whether the zap had returned by then. */
export interface RunOnRoot {
  readonly root: number;
  readonly gone: Read;
}

/** `vcpu_enter_guest()` until the guest has run; the root is the one in the hardware. */
export function enterOnRoot(vcpu: Vcpu): Steps<RunOnRoot> {
  return call('vcpu_enter_guest', enter(vcpu));
}

function* enter(vcpu: Vcpu): Steps<RunOnRoot> {
  let run: RunOnRoot | undefined;
  while (run === undefined) {
    yield* prepareEntry(vcpu);
    yield* runGuest(vcpu, function* () {
      const { hardwareRoot } = yield* archOf(vcpu);
      run = {
        root: hardwareRoot,
        gone: yield* readOnce(zapped(vcpu.kvm), { text: `guest on sp${hardwareRoot}` }),
      };
    });
  }
  return run;
}

/** What comes before the handshake: requests, then a root. */
export function* prepareEntry(vcpu: Vcpu): Steps {
  yield* serveRequests(vcpu, {
    [KVM_REQ_MMU_FREE_OBSOLETE_ROOTS]: () => kvmMmuFreeObsoleteRoots(vcpu),
    [KVM_REQ_LOAD_MMU_PGD]: () => kvmMmuLoadPgd(vcpu),
    [KVM_REQ_TLB_FLUSH]: kvmFlushTlbAll,
  });
  yield* lookAgain(vcpu);
  yield* kvmMmuReload(vcpu);
}

/** kvm_mmu_reload() looks once more: the injection of events, which is left out, stands between the two. */
function* lookAgain(vcpu: Vcpu): Steps {
  if ((yield* choice(reloadLook)) === 'skip') return;
  yield* kvmCheckRequest(vcpu, KVM_REQ_MMU_FREE_OBSOLETE_ROOTS, () => kvmMmuFreeObsoleteRoots(vcpu));
}

/** I7: pages that were there at the start are those that were zapped. */
export function* judgeRun({ root, gone }: RunOnRoot, zappedPages: readonly number[]): Steps {
  if ((yield* branch(gone)) !== 0 && zappedPages.includes(root))
    yield* fail('no-obsolete-root', `the guest runs on sp${root}, which was zapped`);
}

/** I11: once the request has been served, the vCPU keeps no root that was zapped, in prev_roots either. */
export function* judgeCache(vcpu: Vcpu): Steps {
  const { cache } = yield* mmuOf(vcpu);
  for (const { hpa } of cache.roots.filter(isValidRoot)) {
    if ((yield* branch(yield* readPlain(vcpu.kvm.roleInvalid(hpa)))) !== 0)
      yield* fail('no-obsolete-root', `vCPU${vcpu.id} keeps sp${hpa}, which was zapped`);
  }
}
