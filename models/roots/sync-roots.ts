/** What a vCPU synchronises of its roots, and the look that spares it mmu_lock (KVM-MMU.md A8; P05). */
import {
  branch,
  call,
  choice,
  loadAcquire,
  readPlain,
  smpRmb,
  writeLock,
  writeUnlock,
  type Location,
  type Read,
  type Steps,
} from 'fencepost';
import type { Kvm, Vcpu } from '../vm/kvm.ts';
import { isUnsyncRootOrder } from '../sites/index.ts';
import { mmuSyncChildren } from '../shadow/sync.ts';

/**
 * `is_unsync_root()`, without any lock: whoever can have written a guest table through a writable SPTE sees
 * the marks that were set before it.
 */
export function isUnsyncRoot(kvm: Kvm, root: number): Steps<boolean> {
  return call('is_unsync_root', isUnsync(kvm, root));
}

function* isUnsync(kvm: Kvm, root: number): Steps<boolean> {
  const order = yield* choice(isUnsyncRootOrder);
  const acquires = order === 'smp_load_acquire()';
  if (order === 'smp_rmb()') yield* smpRmb(isUnsyncRootOrder);
  const read = (mark: Location): Steps<Read> =>
    acquires ? loadAcquire(mark, { site: isUnsyncRootOrder }) : readPlain(mark, { site: isUnsyncRootOrder });
  if ((yield* branch(yield* read(kvm.unsync(root)))) !== 0) return true;
  return (yield* branch(yield* read(kvm.unsyncChildren(root)))) !== 0;
}

/** `kvm_mmu_sync_roots()` of a root that is a shadow page. */
export function kvmMmuSyncRoot(vcpu: Vcpu, root: number): Steps {
  return call('kvm_mmu_sync_roots', syncRoot(vcpu, root));
}

function* syncRoot(vcpu: Vcpu, root: number): Steps {
  if (yield* isUnsyncRoot(vcpu.kvm, root)) yield* syncUnderLock(vcpu, [root]);
}

/** The same for a PAE root: no page stands for it, so its four are looked at under mmu_lock. */
export function kvmMmuSyncPaeRoots(vcpu: Vcpu, roots: readonly number[]): Steps {
  return call('kvm_mmu_sync_roots', syncUnderLock(vcpu, roots));
}

function* syncUnderLock(vcpu: Vcpu, roots: readonly number[]): Steps {
  const { mmuLock } = vcpu.kvm;
  yield* writeLock(mmuLock);
  for (const root of roots) yield* mmuSyncChildren(vcpu, root, true);
  yield* writeUnlock(mmuLock);
}

/** `kvm_mmu_sync_prev_roots()`: which of the cached roots are unsync; they are freed, not synchronised. */
export function kvmMmuUnsyncPrevRoots(kvm: Kvm, prevRoots: readonly number[]): Steps<readonly number[]> {
  return call('kvm_mmu_sync_prev_roots', unsyncAmong(kvm, prevRoots));
}

function* unsyncAmong(kvm: Kvm, roots: readonly number[]): Steps<readonly number[]> {
  const unsync: number[] = [];
  for (const root of roots) if (yield* isUnsyncRoot(kvm, root)) unsync.push(root);
  return unsync;
}
