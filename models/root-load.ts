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

/** Loads a root in the role, runs the guest until it has read the page, or KVM has handled one fault of it. */
export function* loadRootAndRun(vcpu: Vcpu, role: ShadowPageRole, page: number): Steps {
  const root = yield* call('kvm_mmu_load', mmuLoad(vcpu, role));
  const faults = yield* call('vcpu_enter_guest', enterGuest(vcpu, root, role, page));
  if (faults) yield* pageFault(vcpu, root, page);
}

/** `kvm_mmu_load()`; writing the root to the hardware and flushing the own TLB follow and touch no memory. */
function* mmuLoad({ kvm, guestRoot }: Vcpu, role: ShadowPageRole): Steps<number> {
  const root = yield* call('mmu_alloc_shadow_roots', allocRoots(kvm, guestRoot, role));
  yield* call('is_unsync_root', isUnsyncRoot(kvm, root));
  return root;
}

function* allocRoots(kvm: Kvm, guestRoot: number, role: ShadowPageRole): Steps<number> {
  // mmu_first_shadow_root_alloc(): reverse maps and write-track arrays are there (P14).
  const allocated = kvm.memory.location('kvm->arch.shadow_root_allocated', 1);
  yield* branch(yield* loadAcquire(allocated));
  yield* writeLock(kvm.mmuLock);
  const root = yield* kvmMmuGetShadowPage(kvm, guestRoot, role);
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

/** `vcpu_enter_guest()`: true when the guest's access leaves it again with a fault. */
function* enterGuest(vcpu: Vcpu, root: number, role: ShadowPageRole, page: number): Steps<boolean> {
  do yield* serveRequests(vcpu);
  while (!(yield* mayEnter(vcpu)));
  const faults = yield* call('guest', guestRead(vcpu.kvm, root, role.level, page));
  yield* leave(vcpu);
  // Interrupts are on again from here; srcu_read_lock() is a full barrier on x86.
  yield* lockedOnX86('srcu_read_lock(&kvm->srcu)');
  return faults;
}

/** Of the requests only the TLB flush occurs here: roots are not zapped while they are loaded. */
function* serveRequests({ requests }: Vcpu): Steps {
  const pending = yield* readOnce(requests);
  if (((yield* branch(pending)) & (1 << KVM_REQ_TLB_FLUSH)) === 0) return;
  yield* clearBit(requests, KVM_REQ_TLB_FLUSH, {
    text: `clear_bit(KVM_REQ_TLB_FLUSH, &${requests.name})`,
  });
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

function* leave({ mode }: Vcpu): Steps {
  yield* writePlain(mode, OUTSIDE_GUEST_MODE);
  yield* smpWmb();
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
