/**
 * The walk of the host's page table with interrupts off, against one who frees a table of it (KVM-MMU.md P41). An
 * interrupt that is waiting is taken when interrupts are on: before the walk, after it, or, where they stay on,
 * in its middle.
 */
import {
  branch,
  call,
  choice,
  choose,
  fail,
  Mark,
  readOnce,
  smpMb,
  storeRelease,
  waitUntil,
  writeOnce,
  type Location,
  type Memory,
  type Steps,
} from 'fencepost';
import * as sites from '../sites/small-protocols.ts';

export interface HostTable {
  readonly upper: Location;
  readonly freed: Location;
  readonly interrupt: Location;
  readonly taken: Location;
}

const LINKED = 1;

export function hostTable(memory: Memory): HostTable {
  return {
    upper: memory.location('host pmd', LINKED),
    freed: memory.location('free_page(host pte table)'),
    interrupt: memory.location('IPI'),
    taken: memory.location('IPI taken'),
  };
}

const PLACES = ['before the walk', 'after the walk', 'within the walk'];

/** `host_pfn_mapping_level()` */
export function* hostPfnMappingLevel(table: HostTable): Steps {
  yield* call('host_pfn_mapping_level', walk(table));
}

function* walk(table: HostTable): Steps {
  const places = (yield* choice(sites.hostWalkInterrupts)) === 'off' ? PLACES.slice(0, 2) : PLACES;
  const place = PLACES[yield* choose(...places)];
  if (place === 'before the walk') yield* takeInterrupt(table);
  const upper = yield* readOnce(table.upper);
  if (place === 'within the walk') yield* takeInterrupt(table);
  if ((yield* branch(upper)) === LINKED) {
    const freed = yield* readOnce(table.freed, { addr: [upper], text: 'READ_ONCE(*pte)' });
    if ((yield* branch(freed)) !== 0)
      yield* fail('no-use-after-free', 'walks a host page table that was freed');
  }
  if (place === 'after the walk') yield* takeInterrupt(table);
}

function* takeInterrupt({ interrupt, taken }: HostTable): Steps {
  yield* waitUntil(interrupt, (sent) => sent === 1, Mark.Acquire, { text: 'IPI' });
  yield* storeRelease(taken, 1);
}

/** The host unlinks a table, has all CPUs take an interrupt, and frees it. */
export function* freeHostTable({ upper, freed, interrupt, taken }: HostTable): Steps {
  yield* writeOnce(upper, 0);
  yield* smpMb();
  yield* storeRelease(interrupt, 1, { text: 'smp_call_function()' });
  if ((yield* choice(sites.hostFreeWait)) === 'wait')
    yield* call(
      'tlb_remove_table_sync_one',
      waitUntil(taken, (done) => done === 1, Mark.Acquire),
    );
  yield* storeRelease(freed, 1, { text: freed.name });
}
