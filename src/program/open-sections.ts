import { Fence, Mark } from '../memory/event.ts';
import type { Operation, Read } from './operation.ts';

/** A read-side section that a thread is in, with the operation that leaves it. */
interface Open {
  /** Where the cookie of SRCU was read; undefined for RCU. */
  readonly at: number | undefined;
  readonly leave: Operation;
}

/**
 * The read-side sections that a thread is in. One that ends with a violation leaves them first: a section
 * without an end is none for a memory model, and what was found in it would be found without its protection.
 */
export class OpenSections {
  readonly #open: Open[] = [];

  /** Hears of each fence and store of the thread. */
  note(operation: Operation): void {
    if (operation.op === 'fence' && operation.fence === Fence.RcuLock) {
      this.#open.push({
        at: undefined,
        leave: { op: 'fence', fence: Fence.RcuUnlock, text: 'rcu_read_unlock()' },
      });
    } else if (operation.op === 'fence' && operation.fence === Fence.RcuUnlock) {
      this.#remove(({ at }) => at === undefined);
    } else if (operation.op === 'store' && operation.mark === Mark.SrcuUnlock) {
      this.#remove(({ at }) => operation.with.data?.some((read) => read.at === at) === true);
    }
  }

  /** Hears of each load of the thread, with what it has read. */
  noteLoad({ loc, mark }: Operation & { op: 'load' }, cookie: Read): void {
    if (mark !== Mark.SrcuLock) return;
    const text = `srcu_read_unlock(&${loc.name})`;
    const depends = { data: [cookie], text };
    this.#open.push({
      at: cookie.at,
      leave: { op: 'store', loc, mark: Mark.SrcuUnlock, value: cookie.value, with: depends },
    });
  }

  /** What leaves the innermost section; undefined when the thread is in none. */
  leave(): Operation | undefined {
    return this.#open.at(-1)?.leave;
  }

  #remove(isLeft: (open: Open) => boolean): void {
    const i = this.#open.findLastIndex(isLeft);
    if (i >= 0) this.#open.splice(i, 1);
  }
}
