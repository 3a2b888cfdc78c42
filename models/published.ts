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
  spinLock,
  spinUnlock,
  store,
  writeOnce,
  type Location,
  type Lock,
  type Memory,
  type Steps,
} from 'fencepost';
import * as sites from './sites/published.ts';

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

/** `mmu_first_shadow_root_alloc()` and its like, by whoever comes first. */
export function publish({ writer, lock, flag, array }: Published): Steps {
  return call(
    writer,
    (function* () {
      const how = yield* choice(sites.publishStore);
      yield* spinLock(lock);
      if (how === 'before the allocation') yield* writeOnce(flag, 1);
      yield* writeOnce(array, 1);
      if (how !== 'before the allocation')
        yield* store(flag, 1, how === 'WRITE_ONCE()' ? Mark.Once : Mark.Release);
      yield* spinUnlock(lock);
    })(),
  );
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
