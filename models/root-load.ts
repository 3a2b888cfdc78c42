/**
 * A vCPU that loads a shadow root, enters the guest, and faults (KVM-MMU.md A10, A13 steps 1-7). Loading an
 * ordinary root accounts it, so this is where `indirect_shadow_pages` commonly leaves 0.
 */
import {
  branch,
  call,
  clearBit,
  fence,
  Fence,
  loadAcquire,
  lockedOnX86,
  readOnce,
  readPlain,
  smpMbAfterAtomic,
  smpRmb,
  smpWmb,
  storeRelease,
  update,
  writeLock,
  writePlain,
  writeUnlock,
  type Read,
  type Steps,
} from 'fencepost';
import {
  indexAt,
  isLastSpte,
  isShadowPresentPte,
  pageOf,
  spteChild,
  type ShadowPageRole,
} from 'fencepost/mmu';
import {
  EXITING_GUEST_MODE,
  IN_GUEST_MODE,
  KVM_REQ_TLB_FLUSH,
  OUTSIDE_GUEST_MODE,
  type Kvm,
  type Vcpu,
} from './kvm.ts';
import { pageFault } from './page-fault.ts';
import { kvmMmuGetShadowPage } from './shadow-page.ts';
import { sptePointer } from './sptes.ts';

/** Runs a vCPU without a root until the guest has read the page, or KVM has handled one fault of it. */
export function* loadRootAndRun(vcpu: Vcpu, role: ShadowPageRole, page: number): Steps {
  const root = yield* call('vcpu_enter_guest', enterGuest(vcpu, role, page));
  if (root !== undefined) yield* pageFault(vcpu, root, page);
}

/**
 * `vcpu_enter_guest()`: requests, then the root, then the handshake, from the start again if that fails.
 * Gives the root when the guest's access leaves the guest with a fault.
 */
function* enterGuest(vcpu: Vcpu, role: ShadowPageRole, page: number): Steps<number | undefined> {
  let root: number | undefined;
  do {
    yield* serveRequests(vcpu);
    // kvm_mmu_reload()
    root ??= yield* call('kvm_mmu_load', mmuLoad(vcpu, role));
  } while (!(yield* mayEnter(vcpu)));
  const faults = yield* call('guest', guestRead(vcpu.kvm, root, role.level, page));
  yield* leave(vcpu);
  return faults ? root : undefined;
}

/** `kvm_mmu_load()`; writing the root to the hardware and flushing the own TLB follow and touch no memory. */
function* mmuLoad(vcpu: Vcpu, role: ShadowPageRole): Steps<number> {
  const { kvm } = vcpu;
  const root = yield* call('mmu_alloc_shadow_roots', allocRoots(vcpu, role));
  yield* call('is_unsync_root', isUnsyncRoot(kvm, root));
  return root;
}

function* allocRoots(vcpu: Vcpu, role: ShadowPageRole): Steps<number> {
  const { kvm, guestRoot } = vcpu;
  // mmu_first_shadow_root_alloc(): reverse maps and write-track arrays are there (P14).
  const allocated = kvm.memory.location('kvm->arch.shadow_root_allocated', 1);
  yield* branch(yield* loadAcquire(allocated));
  yield* writeLock(kvm.mmuLock);
  const root = yield* kvmMmuGetShadowPage(vcpu, guestRoot, role);
  yield* update(kvm.mmuLock, (state) => {
    pageOf(state, root).rootCount += 1;
  });
  yield* writeUnlock(kvm.mmuLock);
  return root;
}

/** `kvm_mmu_sync_roots()` looks without the lock first (P05). Nothing is ever unsync in this slice. */
function* isUnsyncRoot({ memory }: Kvm, root: number): Steps {
  yield* smpRmb();
  const unsync = yield* readPlain(memory.location(`sp${root}->unsync`));
  const children = yield* readPlain(memory.location(`sp${root}->unsync_children`));
  yield* branch(unsync, children);
}

/** Of the requests only the TLB flush occurs here: nobody zaps a loaded root in these worlds. */
function* serveRequests({ requests }: Vcpu): Steps {
  const pending = yield* readOnce(requests);
  if ((yield* branch(pending)) === 0) return;
  // kvm_check_request()
  const bit = `KVM_REQ_TLB_FLUSH, &${requests.name}`;
  const test = yield* readOnce(requests, { text: `test_bit(${bit})` });
  if (((yield* branch(test)) & (1 << KVM_REQ_TLB_FLUSH)) === 0) return;
  yield* clearBit(requests, KVM_REQ_TLB_FLUSH, { text: `clear_bit(${bit})` });
  yield* smpMbAfterAtomic();
}

/**
 * The handshake of P02, with interrupts off: the mode, a full fence, the requests. srcu_read_unlock()
 * contains an smp_mb() of its own, so the fence is one under every memory model.
 */
function* mayEnter(vcpu: Vcpu): Steps<boolean> {
  const { mode, requests } = vcpu;
  yield* storeRelease(mode, IN_GUEST_MODE);
  yield* fence(Fence.Mb, 'smp_mb__after_srcu_read_unlock()');
  const now = yield* readPlain(mode);
  const pending = yield* readOnce(requests);
  yield* branch(now, pending);
  if (now.value !== EXITING_GUEST_MODE && pending.value === 0) return true;
  yield* leave(vcpu);
  return false;
}

/** After the exit, or instead of the entry; interrupts are on from here. */
function* leave({ mode }: Vcpu): Steps {
  yield* writePlain(mode, OUTSIDE_GUEST_MODE);
  yield* smpWmb();
  yield* lockedOnX86('srcu_read_lock(&kvm->srcu)');
}

/** The hardware's walk of the shadow page table; true: it meets an entry that is not present. */
function* guestRead(kvm: Kvm, root: number, rootLevel: number, page: number): Steps<boolean> {
  const via: Read[] = [];
  let id = root;
  for (let level = rootLevel; ; level--) {
    const { location } = sptePointer(kvm, id, indexAt(page, level), level);
    const read = yield* readOnce(location, { text: `walk ${location.name}`, addr: [...via] });
    const spte = yield* branch(read);
    if (!isShadowPresentPte(spte)) return true;
    if (isLastSpte(level)) return false;
    via.push(read);
    id = spteChild(spte);
  }
}
