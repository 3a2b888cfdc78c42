/** An SPTE on a 32-bit host, written and read in halves (KVM-MMU.md P23). */
import {
  add,
  assume,
  branch,
  call,
  choice,
  fail,
  fenceAt,
  Mark,
  readOnce,
  writeOnce,
  type Location,
  type Memory,
  type Steps,
} from 'fencepost';
import * as sites from '../sites/small-protocols.ts';

/** The low half holds P, the high half the rest of the frame. */
export interface SplitSpte {
  readonly low: Location;
  readonly high: Location;
  readonly clearCount: Location;
}

const PRESENT = 1;
const FIRST_FRAME = 1;
const SECOND_FRAME = 2;

export function splitSpte(memory: Memory): SplitSpte {
  return {
    low: memory.location('spte_low', PRESENT),
    high: memory.location('spte_high', FIRST_FRAME),
    clearCount: memory.location('sp->clear_spte_count'),
  };
}

/** Clears the SPTE and sets it to another frame, under mmu_lock. */
export function* replaceHalves(spte: SplitSpte): Steps {
  yield* call('__update_clear_spte_fast', clear(spte));
  yield* call('__set_spte', set(spte));
}

function* clear({ low, high, clearCount }: SplitSpte): Steps {
  yield* writeOnce(low, 0);
  yield* fenceAt(sites.halvesClearFence);
  yield* writeOnce(high, 0);
  yield* fenceAt(sites.halvesCountFence);
  yield* add(clearCount, 1, Mark.Once, { text: 'sp->clear_spte_count++' });
}

function* set({ low, high }: SplitSpte): Steps {
  yield* writeOnce(high, SECOND_FRAME);
  yield* fenceAt(sites.halvesSetFence);
  yield* writeOnce(low, PRESENT);
}

/** `__get_spte_lockless()`: a reading that is not whole is tried again, which is of no interest here. */
export function* readHalves(spte: SplitSpte): Steps {
  yield* call('__get_spte_lockless', read(spte));
}

function* read({ low, high, clearCount }: SplitSpte): Steps {
  const count = yield* readOnce(clearCount);
  yield* fenceAt(sites.halvesReadCountFence);
  const first = yield* readOnce(low);
  yield* fenceAt(sites.halvesReadLowFence);
  const frame = yield* readOnce(high);
  yield* fenceAt(sites.halvesReadHighFence);
  const recheck = yield* choice(sites.halvesRecheck);
  if (recheck !== 'count') {
    const again = yield* readOnce(low);
    yield* assume((yield* branch(again, first)) === first.value);
  }
  yield* fenceAt(sites.halvesRecheckFence);
  if (recheck !== 'low') {
    const now = yield* readOnce(clearCount);
    yield* assume((yield* branch(now, count)) === count.value);
  }
  if ((yield* branch(first, frame)) === PRESENT && frame.value === 0)
    yield* fail('no-stale-spte', 'a lockless walk reads an SPTE of two halves that never were together');
}
