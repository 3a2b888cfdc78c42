/** The dirty ring: entries that a vCPU fills, userspace collects, and the kernel takes back (KVM-MMU.md P22). */
import {
  branch,
  call,
  choice,
  fail,
  Mark,
  readOnce,
  smpWmb,
  store,
  storeRelease,
  waitUntil,
  writePlain,
  type Location,
  type Read,
  type Memory,
  type Site,
  type Steps,
} from 'fencepost';
import * as sites from '../sites/dirty-log.ts';

/** `struct kvm_dirty_gfn`, of which slot and offset are one word here. */
export interface RingEntry {
  readonly offset: Location;
  readonly flags: Location;
}

const INVALID = 0;
const DIRTY = 1;
const RESET = 2;

/** An entry of the ring: free, or pushed for the frame. */
export function ringEntry(memory: Memory, name = 'entry', gfn?: number): RingEntry {
  const names = ['0', 'DIRTY', 'RESET'];
  const flags = gfn === undefined ? INVALID : DIRTY;
  return {
    offset: memory.location(`${name}->offset`, gfn ?? 0),
    flags: memory.location(`${name}->flags`, flags, (value) => names[value] ?? String(value)),
  };
}

/** Whether the flags are those of an entry that userspace has yet to collect. */
export function isDirtyEntry(flags: number): boolean {
  return flags === DIRTY;
}

/** `kvm_dirty_ring_push()` */
export function* push(entry: RingEntry, gfn: number): Steps {
  yield* call('kvm_dirty_ring_push', fill(entry, gfn));
}

function* fill({ offset, flags }: RingEntry, gfn: number): Steps {
  const publish = yield* choice(sites.ringPublish);
  const mark = (yield* choice(sites.ringFlag)) === 'WRITE_ONCE' ? Mark.Once : Mark.Plain;
  const setFlag = (): Steps => store(flags, DIRTY, mark, { site: sites.ringFlag });
  if (publish === 'flag first') yield* setFlag();
  yield* writePlain(offset, gfn);
  if (publish === 'smp_wmb()') yield* smpWmb(sites.ringPublish);
  if (publish !== 'flag first') yield* setFlag();
}

/** Userspace waits for the entry, reads it, and gives it back. */
export function* collect(entry: RingEntry, gfn: number): Steps {
  yield* call(
    'userspace',
    (function* () {
      yield* waitFor(entry.flags, DIRTY, sites.ringCollect);
      const offset = yield* readOnce(entry.offset);
      const mark = (yield* choice(sites.ringHarvest)) === 'release' ? Mark.Release : Mark.Once;
      yield* store(entry.flags, RESET, mark, { site: sites.ringHarvest });
      yield* mustName(offset, gfn, 'userspace');
    })(),
  );
}

/** `kvm_dirty_ring_reset()`, as far as the entry: userspace is done with it, and what it names is to be protected. */
export function* reset(entry: RingEntry, gfn: number): Steps {
  yield* call(
    'kvm_dirty_ring_reset',
    (function* () {
      yield* waitFor(entry.flags, RESET, sites.ringReset);
      const offset = yield* readOnce(entry.offset);
      yield* storeRelease(entry.flags, INVALID);
      yield* mustName(offset, gfn, 'the reset');
    })(),
  );
}

function* waitFor(flags: Location, wanted: number, site: Site<'acquire' | 'once'>): Steps {
  const mark = (yield* choice(site)) === 'acquire' ? Mark.Acquire : Mark.Once;
  yield* waitUntil(flags, (now) => now === wanted, mark, { site });
}

/** Judged at the end: nobody's next step depends on whether the frame is the right one. */
function* mustName(offset: Read, gfn: number, who: string): Steps {
  if ((yield* branch(offset)) !== gfn)
    yield* fail('dirty-not-lost', `${who} reads gfn${offset.value} from the entry, which names gfn${gfn}`);
}
