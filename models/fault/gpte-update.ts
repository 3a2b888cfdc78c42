/**
 * A and D bits that KVM sets in a guest PTE for the hardware that it emulates (KVM-MMU.md A2, P39, C20). The guest
 * page is reached through the host's page table, which may name another frame in the next moment.
 */
import {
  branch,
  call,
  choice,
  cmpxchg,
  fail,
  readOnce,
  spinLock,
  spinUnlock,
  writeOnce,
  type Location,
  type Lock,
  type Memory,
  type Read,
  type Steps,
} from 'fencepost';
import { gpteUpdateHow, gpteUpdateThrough } from '../sites/guest-pte-update.ts';

/** Values of the guest PTE. */
export const GPTE = 1;
export const GPTE_ACCESSED = GPTE | 2;
export const GPTE_NEW = 4;

const OLD_FRAME = 0;
const NEW_FRAME = 1;

export interface UpdatedGpte {
  /**
   * An access through a user address is one with its translation: who unmaps the page waits until the TLBs of all
   * CPUs have been flushed. Here both hold this lock.
   */
  readonly translation: Lock<null>;
  readonly frame: Location;
  /** The guest PTE in each of the two frames. */
  readonly gpte: readonly Location[];
  readonly freed: Location;
}

export function updatedGpte(memory: Memory): UpdatedGpte {
  return {
    translation: memory.spinlock('translation of the user address', null),
    frame: memory.location('host_pte', OLD_FRAME, (frame) =>
      frame === OLD_FRAME ? 'old frame' : 'new frame',
    ),
    gpte: [memory.location('gpte in the old frame', GPTE), memory.location('gpte in the new frame', GPTE)],
    freed: memory.location('put_page(old frame)'),
  };
}

/** `update_accessed_dirty_bits()` of one guest PTE that the walk has read; a cmpxchg that fails ends the walk. */
export function* updateAccessedDirtyBits(vm: UpdatedGpte): Steps {
  yield* call('update_accessed_dirty_bits', update(vm));
}

function* update(vm: UpdatedGpte): Steps {
  const read = yield* userRead(vm);
  const through = yield* choice(gpteUpdateThrough);
  if (through === 'user address') yield* spinLock(vm.translation);
  const frame = yield* readOnce(vm.frame);
  if (through === 'user address') yield* setAccessed(vm, frame, read);
  else yield* setThroughFrame(vm, frame, read);
  if (through === 'user address') yield* spinUnlock(vm.translation);
}

/** The read of the walk, through the user address. */
function* userRead({ translation, frame, gpte }: UpdatedGpte): Steps<Read> {
  yield* spinLock(translation);
  const at = yield* readOnce(frame);
  const read = yield* readOnce(gpte[yield* branch(at)], { addr: [at] });
  yield* spinUnlock(translation);
  return read;
}

/** A kernel mapping of the frame: nobody who unmaps the page knows of it. */
function* setThroughFrame(vm: UpdatedGpte, frame: Read, read: Read): Steps {
  const freed = yield* readOnce(vm.freed, { text: 'memremap(pfn)' });
  yield* setAccessed(vm, frame, read);
  // Judged at the end: KVM does not go by whose the page is.
  if ((yield* branch(freed)) !== 0 && frame.value === OLD_FRAME)
    yield* fail('no-use-after-free', 'sets A in a page that the host has taken away');
}

function* setAccessed({ gpte }: UpdatedGpte, frame: Read, read: Read): Steps {
  const at = gpte[yield* branch(frame)];
  if ((yield* branch(read)) !== GPTE) return;
  if ((yield* choice(gpteUpdateHow)) === 'cmpxchg')
    yield* cmpxchg(at, GPTE, GPTE_ACCESSED, undefined, { addr: [frame] });
  else yield* writeOnce(at, GPTE_ACCESSED, { addr: [frame] });
}

/** The guest stores another entry. */
export function* guestStore({ translation, frame, gpte }: UpdatedGpte): Steps {
  yield* spinLock(translation);
  const at = yield* readOnce(frame);
  yield* writeOnce(gpte[yield* branch(at)], GPTE_NEW, { addr: [at] });
  yield* spinUnlock(translation);
}

/** The host moves the page: copies, maps the copy, and gives the old frame away. */
export function* migrateFrame({ translation, frame, gpte: [old, copy], freed }: UpdatedGpte): Steps {
  yield* spinLock(translation);
  const content = yield* readOnce(old);
  yield* writeOnce(copy, content.value, { data: [content] });
  yield* writeOnce(frame, NEW_FRAME);
  yield* spinUnlock(translation);
  yield* writeOnce(freed, 1, { text: freed.name });
}
