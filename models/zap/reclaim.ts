/**
 * Making room for shadow pages when there are too many (KVM-MMU.md A15, C11): the oldest one is taken from the list and
 * freed. The list is written under mmu_lock held for write.
 */
import {
  branch,
  call,
  choice,
  fail,
  readLock,
  readPlain,
  readUnlock,
  writeLock,
  writePlain,
  writeUnlock,
  xchg,
  type Location,
  type Steps,
} from 'fencepost';
import { Kvm } from '../vm/kvm.ts';
import { faultReclaim } from '../sites/reclaim.ts';

/** `kvm->arch.active_mmu_pages` with shadow pages of a nested guest, 1 the oldest. */
export class ActivePages {
  readonly kvm = new Kvm({ vcpus: 0, guestPages: [], guestRoot: 0 });
  readonly #pages: number;

  constructor(pages: number) {
    this.#pages = pages;
  }

  /** The page behind one in the list; of 0, the oldest; its value 0 is the end. */
  next(page: number): Location {
    const name = page === 0 ? 'kvm->arch.active_mmu_pages.next' : `sp${page}->link.next`;
    return this.kvm.memory.location(name, page < this.#pages ? page + 1 : 0);
  }

  freed(page: number): Location {
    return this.kvm.memory.location(`kvm_mmu_free_shadow_page(sp${page})`);
  }
}

/** A fault of the TDP MMU: mmu_lock for read. */
export function* tdpFaultMakesRoom(list: ActivePages): Steps {
  yield* readLock(list.kvm.mmuLock);
  if ((yield* choice(faultReclaim)) === 'under any lock') yield* zapOldest(list);
  yield* readUnlock(list.kvm.mmuLock);
}

/** A fault of the nested guest under shadow paging: mmu_lock for write. */
export function* shadowFaultMakesRoom(list: ActivePages): Steps {
  yield* writeLock(list.kvm.mmuLock);
  yield* zapOldest(list);
  yield* writeUnlock(list.kvm.mmuLock);
}

function zapOldest(list: ActivePages): Steps {
  return call('make_mmu_pages_available', takeOldest(list));
}

function* takeOldest(list: ActivePages): Steps {
  const head = list.next(0);
  const oldest = yield* readPlain(head);
  const page = yield* branch(oldest);
  if (page === 0) return;
  const next = yield* readPlain(list.next(page), { addr: [oldest] });
  yield* writePlain(head, next.value, { data: [next] });
  const before = yield* xchg(list.freed(page), 1, undefined, { addr: [oldest] });
  if ((yield* branch(before)) !== 0) yield* fail('no-use-after-free', `sp${page} is freed twice`);
}
