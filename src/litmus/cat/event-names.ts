/**
 * The one table from our events to the sets of herd (MEMORY-MODELS 3.8, «Events per macro»): which names an
 * event belongs to. The tag 'rmb of a `.bell` file is the set Rmb: the first letter is capitalised. Keys
 * are the names in event.ts, so that a new kind, mark or fence needs one line here and nothing else.
 *
 * Choices that the table makes:
 * - LKR and LKW are in R, W and M from the start (herd leaves that to lock.cat), so that memory models that
 *   do not know locks order them as the accesses that they are; adding them again changes nothing. UL is in M
 *   but not in W: lock.cat makes `co` over LKW, and then puts each UL behind its LKW.
 * - Rwlocks are ours: memory models that know nothing of them see acquiring and releasing accesses. For those
 *   that do there are Read-lock and Read-unlock.
 * - MFENCE is what is a full barrier instruction on x86, A what is LOCKed there.
 */
import { INIT_THREAD, type CandidateEvent } from '../../memory/axioms/index.ts';
import { Fence, HELD, isFullFenceOnX86, Kind, Mark } from '../../memory/event.ts';

type Names = Readonly<Record<string, readonly string[]>>;

const BY_KIND: Names = {
  Read: ['R', 'M'],
  Write: ['W', 'M'],
  Fence: ['F'],
  LockRead: ['LKR', 'R', 'M', 'A'],
  LockWrite: ['LKW', 'W', 'M', 'A'],
  Unlock: ['UL', 'M'],
  ReadLock: ['Read-lock', 'R', 'M', 'ACQUIRE', 'A'],
  ReadUnlock: ['Read-unlock', 'M', 'RELEASE', 'A'],
  // One that fails has become a look at the lock, and what that has found is its label's value.
  TryLock: ['LKR', 'R', 'M', 'A'],
  IsLocked: ['R', 'M'],
  // No events of the axioms.
  Choice: [],
  Skip: [],
};

/** Of reads and writes; what locks are is in their kind. */
const BY_MARK: Names = {
  Plain: [],
  Once: ['ONCE'],
  Acquire: ['ACQUIRE'],
  Release: ['RELEASE'],
  Full: ['MB'],
  Noreturn: ['NORETURN'],
  SrcuLock: ['Srcu-lock'],
  SrcuUnlock: ['Srcu-unlock'],
};

const BY_FENCE: Names = {
  Mb: ['MB'],
  Rmb: ['Rmb'],
  Wmb: ['Wmb'],
  Barrier: ['Barrier'],
  BeforeAtomic: ['Before-atomic'],
  AfterAtomic: ['After-atomic'],
  AfterSpinlock: ['After-spinlock'],
  AfterUnlockLock: ['After-unlock-lock'],
  AfterSrcuReadUnlock: ['After-srcu-read-unlock'],
  RcuLock: ['Rcu-lock'],
  RcuUnlock: ['Rcu-unlock'],
  SyncRcu: ['Sync-rcu'],
  SyncSrcu: ['Sync-srcu', 'SRCU'],
  X86Only: [],
};

/** Names that no event carries by kind, mark or fence alone, or that none carries yet. */
const OTHERS = ['LF', 'RU', 'IW', 'RMW', 'MFENCE', 'SFENCE', 'LFENCE', 'RL', 'I', 'B', 'FAULT', 'TLBI'];

/** Every name that stands for a set of events before any file has defined one. */
export const EVENT_SET_NAMES: readonly string[] = [
  ...new Set([...[BY_KIND, BY_MARK, BY_FENCE].flatMap((names) => Object.values(names).flat()), ...OTHERS]),
];

/** The sets that an event belongs to. */
export function namesOf({ thread, label }: CandidateEvent): readonly string[] {
  if (thread === INIT_THREAD) return ['IW', 'W', 'M'];
  const kind = BY_KIND[nameIn(Kind, label.kind)] ?? [];
  if (label.kind === Kind.IsLocked) return [...kind, label.value === HELD ? 'LF' : 'RU'];
  if (label.kind === Kind.Fence) {
    const fence = BY_FENCE[nameIn(Fence, label.fence)] ?? [];
    return [...kind, ...fence, ...(isFullFenceOnX86(label.fence) ? ['MFENCE'] : [])];
  }
  if (label.kind !== Kind.Read && label.kind !== Kind.Write) return kind;
  const mark = BY_MARK[nameIn(Mark, label.mark)] ?? [];
  return [...kind, ...mark, ...(label.rmw ? ['RMW', 'A'] : [])];
}

/** The kinds, marks and fences of event.ts that the table has no line for; none, as a test says. */
export function unnamedEvents(): string[] {
  const missing = (all: object, named: Names): string[] => Object.keys(all).filter((key) => !(key in named));
  return [...missing(Kind, BY_KIND), ...missing(Mark, BY_MARK), ...missing(Fence, BY_FENCE)];
}

/** The set that a tag names. */
export function setNameOf(tag: string): string {
  return tag.charAt(0).toUpperCase() + tag.slice(1);
}

function nameIn(names: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(names).find((name) => names[name] === value) ?? '';
}
