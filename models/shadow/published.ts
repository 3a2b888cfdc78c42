/**
 * What is allocated once and published for readers without the lock of its writer: the rmap and write-track arrays
 * behind `shadow_root_allocated`, `mmu_page_hash`, `external_write_tracking_enabled` (KVM-MMU.md P14, P15, P16).
 */
import {
  branch,
  call,
  choice,
  fail,
  load,
  Mark,
  readOnce,
  readPlain,
  spinLock,
  spinUnlock,
  store,
  writeOnce,
  type Location,
  type Lock,
  type Memory,
  type Steps,
} from 'fencepost';
import * as sites from '../sites/published.ts';

export interface Published {
  /** The kernel functions that publish and that look. */
  readonly writer: string;
  readonly reader: string;
  /** `kvm->slots_arch_lock` */
  readonly lock: Lock<null>;
  readonly flag: Location;
  /** The pointer in a memslot, or what stands in the array. */
  readonly array: Location;
}

type Names = Readonly<Record<'writer' | 'reader' | 'flag' | 'array', string>>;

export function published(memory: Memory, { writer, reader, flag, array }: Names): Published {
  return {
    writer,
    reader,
    lock: memory.spinlock('kvm->slots_arch_lock', null),
    flag: memory.location(flag),
    array: memory.location(array),
  };
}

/** `mmu_first_shadow_root_alloc()` and its like; `allocation` is what the array is then, other than 0. */
export function publish(what: Published, allocation = 1): Steps {
  return call(what.writer, allocateFirst(what, allocation));
}

function* allocateFirst(what: Published, allocation: number): Steps {
  yield* spinLock(what.lock);
  if (!(yield* isThere(what))) yield* allocate(what, allocation);
  yield* spinUnlock(what.lock);
}

/** Somebody else may have been first, before this one got the lock. */
function* isThere({ flag }: Published): Steps<boolean> {
  if ((yield* choice(sites.publishRecheck)) === 'skip') return false;
  return (yield* branch(yield* readPlain(flag))) !== 0;
}

function* allocate({ flag, array }: Published, allocation: number): Steps {
  const how = yield* choice(sites.publishStore);
  if (how === 'before the allocation') yield* writeOnce(flag, 1);
  yield* writeOnce(array, allocation);
  if (how !== 'before the allocation')
    yield* store(flag, 1, how === 'WRITE_ONCE()' ? Mark.Once : Mark.Release);
}

/** Puts something into the array and looks for it there later, behind the function that publishes. */
export function* keepInArray({ array }: Published): Steps {
  const mine = yield* readOnce(array);
  const later = yield* readOnce(array);
  yield* branch(mine, later);
  if (mine.value !== later.value)
    yield* fail('published-complete', `${array.name} has been replaced, and what stood in it is gone`);
}

/** A reader that goes on to the array where the flag is set. */
export function useArray({ reader, flag, array }: Published): Steps {
  return call(
    reader,
    (function* () {
      const mark = (yield* choice(sites.publishLoad)) === 'READ_ONCE()' ? Mark.Once : Mark.Acquire;
      const isSet = yield* load(flag, mark);
      if ((yield* branch(isSet)) === 0) return;
      const pointer = yield* readOnce(array);
      if ((yield* branch(pointer)) === 0)
        yield* fail('published-complete', `${flag.name} is set, and ${array.name} is not there`);
    })(),
  );
}
