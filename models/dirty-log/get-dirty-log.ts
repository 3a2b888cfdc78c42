/** KVM_GET_DIRTY_LOG of memslots that are logged by write protection (KVM-MMU.md A17; P19). */
import { call, writeLock, writeUnlock, type Steps } from 'fencepost';
import { flushAfterHarvest, takeWord } from './dirty-log.ts';
import type { Kvm } from '../vm/kvm.ts';
import type { Slots } from '../vm/slots.ts';
import { kvmMmuWriteProtectPtMasked } from '../shadow/write-protect.ts';

/** Takes the bitmap, which userspace gets, and W, so that the next write to each of its frames is known. */
export function kvmGetDirtyLogProtect(kvm: Kvm): Steps<number> {
  return call('kvm_get_dirty_log_protect', getDirtyLog(kvm, kvm.slots));
}

function* getDirtyLog(kvm: Kvm, slots: Slots | undefined): Steps<number> {
  if (slots === undefined) return 0;
  yield* writeLock(kvm.mmuLock);
  const mask = yield* takeWord(slots.dirtyBitmap);
  for (const gfn of slots.frames) {
    if ((mask & slots.bitOf(gfn)) !== 0) yield* kvmMmuWriteProtectPtMasked(kvm, gfn);
  }
  yield* writeUnlock(kvm.mmuLock);
  yield* flushAfterHarvest(kvm, mask);
  return mask;
}
