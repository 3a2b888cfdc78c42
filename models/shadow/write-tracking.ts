/**
 * Write tracking with two address spaces, that of SMM and the other (KVM-MMU.md C33): it is counted in a memslot, and so in
 * one of them, while shadow pages are found by guest frame from both.
 */
import {
  add,
  branch,
  call,
  choice,
  readPlain,
  writeLock,
  writePlain,
  writeUnlock,
  type Location,
  type Steps,
} from 'fencepost';
import { Kvm } from '../vm/kvm.ts';
import { writeTrackSpaces } from '../sites/write-tracking.ts';

/** One guest frame in memslots of both address spaces, and the upper-level shadow page of the table in it. */
export class TrackedFrame {
  readonly kvm = new Kvm({ vcpus: 0, guestPages: [], guestRoot: 0 });
  /** Whether the shadow page is there. */
  readonly shadowPage: Location = this.kvm.memory.location('mmu_page_hash[gfn]');
  readonly unsync: Location = this.kvm.memory.location('sp->unsync');
  /** `slot->arch.gfn_write_track[]` by address space. */
  readonly ordinary: Location = this.kvm.memory.location('gfn_write_track[gfn]');
  readonly smm: Location = this.kvm.memory.location('gfn_write_track[gfn] (SMM)');
}

/** A fault of an ordinary vCPU shadows the table in the frame. */
export function* shadowTable({ kvm, shadowPage, ordinary }: TrackedFrame): Steps {
  yield* writeLock(kvm.mmuLock);
  yield* writePlain(shadowPage, 1);
  yield* call('account_shadowed', add(ordinary, 1));
  yield* writeUnlock(kvm.mmuLock);
}

/** A write fault in SMM of a page that is in the frame. */
export function* faultInSmm(frame: TrackedFrame): Steps {
  const { kvm } = frame;
  yield* writeLock(kvm.mmuLock);
  yield* call('mmu_try_to_unsync_pages', unsyncPages(frame));
  yield* writeUnlock(kvm.mmuLock);
}

function* unsyncPages({ shadowPage, unsync, ordinary, smm }: TrackedFrame): Steps {
  const slots = (yield* choice(writeTrackSpaces)) === 'own address space' ? [smm] : [smm, ordinary];
  for (const track of slots) {
    if ((yield* branch(yield* readPlain(track))) !== 0) return;
  }
  if ((yield* branch(yield* readPlain(shadowPage))) !== 0)
    yield* call('kvm_unsync_page', writePlain(unsync, 1));
}
