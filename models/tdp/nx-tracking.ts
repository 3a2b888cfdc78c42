/**
 * `possible_nx_huge_pages`: the tables that are there only because the guest executes in what could be a huge page
 * (KVM-MMU.md P35). Under mmu_lock held for read the list belongs to tdp_mmu_pages_lock. One table stands for all.
 */
import {
  branch,
  call,
  choice,
  readPlain,
  spinLock,
  spinUnlock,
  writePlain,
  type Location,
  type Lock,
  type Memory,
  type Steps,
} from 'fencepost';
import type { Holder } from './link.ts';
import * as sites from '../sites/nx-recovery.ts';

export class NxTracking {
  /** `kvm->arch.tdp_mmu_pages_lock` */
  readonly #lock: Lock<null>;
  readonly #disallowed: Location;
  readonly #table: number;
  /** `kvm->arch.possible_nx_huge_pages`: the table that is in it; 0: none. */
  readonly list: Location;

  constructor(memory: Memory, table: number, isTracked: boolean) {
    this.#table = table;
    this.#lock = memory.spinlock('kvm->arch.tdp_mmu_pages_lock', null);
    this.#disallowed = memory.location(`sp${table}->nx_huge_page_disallowed`, isTracked ? 1 : 0);
    this.list = memory.location('kvm->arch.possible_nx_huge_pages', isTracked ? table : 0, (id) =>
      id === 0 ? 'empty' : `sp${id}`,
    );
  }

  /** A fault links the table, by the steps given. */
  *whileLinking(link: () => Steps<boolean>): Steps<boolean> {
    const isSetFirst = (yield* choice(sites.disallowedOrder)) === 'before the link';
    if (isSetFirst) yield* writePlain(this.#disallowed, 1);
    if (!(yield* link())) return false;
    if (!isSetFirst) yield* writePlain(this.#disallowed, 1);
    yield* call('track_possible_nx_huge_page', this.#track());
    return true;
  }

  *#track(): Steps {
    const locks = (yield* choice(sites.trackLock)) === 'spin_lock()';
    if (locks) yield* spinLock(this.#lock);
    const isWanted = (yield* choice(sites.trackRecheck)) === 'skip' || (yield* this.#isDisallowed());
    if (isWanted) yield* writePlain(this.list, this.#table);
    if (locks) yield* spinUnlock(this.#lock);
  }

  *#isDisallowed(): Steps<boolean> {
    return (yield* branch(yield* readPlain(this.#disallowed))) !== 0;
  }

  /** `tdp_mmu_unlink_sp()`: the table has been unlinked. */
  *untrack(): Steps {
    if (!(yield* this.#isDisallowed())) return;
    yield* spinLock(this.#lock);
    yield* this.#remove();
    yield* spinUnlock(this.#lock);
  }

  *#remove(): Steps {
    yield* writePlain(this.#disallowed, 0);
    yield* writePlain(this.list, 0);
  }

  /** The recovery takes a table from the list, which is its own under mmu_lock held for write; undefined: it is empty. */
  *take(holder: Holder): Steps<number | undefined> {
    if (holder === 'shared') yield* spinLock(this.#lock);
    const table = yield* branch(yield* readPlain(this.list));
    if (table !== 0) yield* call('unaccount_nx_huge_page', this.#remove());
    if (holder === 'shared') yield* spinUnlock(this.#lock);
    return table === 0 ? undefined : table;
  }
}
