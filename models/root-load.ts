/**
 * A vCPU that loads a shadow root, enters the guest, and faults (KVM-MMU.md A10, A13 steps 1-7). Loading an
 * ordinary root accounts it, so this is where `indirect_shadow_pages` commonly leaves 0.
 */
import {
  branch,
  call,
  loadAcquire,
  readOnce,
  readPlain,
  smpRmb,
  update,
  writeLock,
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
import { kvmFlushTlbAll } from './flush-own-tlb.ts';
import { runGuest, serveRequests } from './guest-entry.ts';
import { KVM_REQ_TLB_FLUSH, type Kvm, type Vcpu } from './kvm.ts';
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
  for (;;) {
    // Nobody zaps a loaded root in these worlds, and what the vCPU keeps in its TLB is not asked about.
    yield* serveRequests(vcpu, { [KVM_REQ_TLB_FLUSH]: kvmFlushTlbAll });
    // kvm_mmu_reload()
    root ??= yield* call('kvm_mmu_load', mmuLoad(vcpu, role));
    const loaded = root;
    let faults = false;
    const ran = yield* runGuest(vcpu, function* () {
      faults = yield* guestRead(vcpu.kvm, loaded, role.level, page);
    });
    if (ran) return faults ? loaded : undefined;
  }
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
